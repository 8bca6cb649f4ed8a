"""Every question of docs/questions.md, asked in its three forms, has one answer."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import pytest
from tests.cli.invoking import invoke
from tests.pages import blocks, commands, curl, read, sections
from tests.serving import Server

from runwell.demo.load import samples, send

TODAY = date(2026, 11, 20)  # as the page says
SOURCES = {"ets", "pipeline_metrics", "pytest_monitor", "tekton", "trunk"}
TIME = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?")
Rows = list[list[Any]]


class Question(NamedTuple):
    """The words of a curl command, those of `runwell query`, and SQL."""

    http: list[str]
    command: list[str]
    sql: str


def questions() -> dict[str, Question]:
    found = {}
    for title, text in sections(read("docs/questions.md")):
        parts = blocks(text)
        if not parts:
            continue
        assert [block.language for block in parts] == ["sh", "sql"], title
        http, command = commands(parts[0].text)
        assert command[:2] == ["runwell", "query"]
        found[title] = Question(http, command[1:], parts[1].text)
    return found


QUESTIONS = questions()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The month of the page, sent through the endpoints of all five APIs."""
    with Server(tmp_path_factory.mktemp("questions") / "data") as server:
        send(server.url, samples(TODAY, 1))
        yield server


@pytest.mark.parametrize("title", QUESTIONS)
def test_the_three_forms_of_a_question_have_one_answer(title: str, server: Server):
    question = QUESTIONS[title]
    over_http = asked_over_http(server, question.http)
    assert over_http
    assert_same(over_http, asked_by_command(server, question.command))
    assert_same(over_http, asked_in_sql(server, question.sql))


def test_there_are_at_least_forty_questions_and_their_sql_is_short():
    assert len(QUESTIONS) >= 40
    page = read("docs/questions.md")
    counts = [int(count) for count in re.findall(r"^\* \[.*: (\d+) questions$", page, re.MULTILINE)]
    assert sum(counts) == len(QUESTIONS)
    assert f"\n{len(QUESTIONS)} questions " in page
    for title, question in QUESTIONS.items():
        lines = question.sql.splitlines()
        assert 3 <= len(lines) <= 10, title
        assert max(map(len, lines)) <= 110, title


def test_the_questions_are_about_every_source(server: Server):
    about = set()
    for question in QUESTIONS.values():
        condition = next(word for word in question.http if word.startswith("filter="))
        words = ["curl", question.http[2].rpartition("/")[0] + "/summary"]
        words += ["--data-urlencode", condition, "--data-urlencode", "group_by=source"]
        about |= {row["source"] for row in server.get(curl(words).target)["summary"]}
    assert about == SOURCES


def test_no_question_depends_on_the_day_it_is_asked():
    for title, question in QUESTIONS.items():
        assert not re.search(r"\b(now|today|current_\w+)\b *(\(|$)", question.sql), title


def asked_over_http(server: Server, words: list[str]) -> Rows:
    request = curl(words)
    assert request.method == "GET"
    answer = server.get(request.target)
    if "series" not in answer:
        (rows,) = (answer[name] for name in ("summary", "events") if name in answer)
        return [[plain(value) for value in row.values()] for row in rows]
    return [
        [plain(time), *map(plain, chart["group"].values()), *values]
        for chart in answer["series"]
        for time, *values in zip(
            answer["times"],
            *chart["values"].values(),
            *chart.get("previous", {}).values(),
            strict=True,
        )
    ]


def asked_by_command(server: Server, words: list[str]) -> Rows:
    done = invoke(*words, "--format", "json", RUNWELL_URL=server.url)
    assert done.exit_code == 0, done.output
    return [[plain(value) for value in row.values()] for row in json.loads(done.stdout)]


def asked_in_sql(server: Server, text: str) -> Rows:
    reply = server.ask("POST", "/-/api/sql", {"sql": text})
    assert reply.status == 200, reply.body
    return [[plain(value) for value in row] for row in reply.json["rows"]]


def plain(value: Any) -> Any:
    """Times as instants, everything else as it is."""
    if isinstance(value, str) and TIME.fullmatch(value):
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return value


def assert_same(expected: Rows, actual: Rows) -> None:
    assert len(actual) == len(expected)
    for ours, theirs in zip(expected, actual, strict=True):
        assert len(theirs) == len(ours)
        assert all(map(is_same, ours, theirs)), (ours, theirs)


def is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        numbers = isinstance(one, int | float) and isinstance(other, int | float)
        return numbers and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return type(one) is type(other) and one == other
