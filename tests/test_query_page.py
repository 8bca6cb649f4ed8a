"""Every example of docs/query.md is answered as the page shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from tests.cli.invoking import invoke
from tests.pages import Block, blocks, commands, curl, read
from tests.serving import Server

from runwell.demo.load import samples, send

PAGE = read("docs/query.md")
EXAMPLE = re.compile(
    r"^```ask\n(.*?)```\n\n(?:```(json|text)\n(.*?)\n```|(\d+) rows\.)$", re.DOTALL | re.MULTILINE
)


class Example(NamedTuple):
    """What is asked, and what is shown of the answer."""

    asked: str
    kind: str
    shown: str

    @property
    def target(self) -> str:
        """The address with its parameters."""
        address, *parameters = self.asked.splitlines()
        pairs = [tuple(line.split("=", 1)) for line in parameters]
        return f"/-/api/{address}?{urlencode(pairs)}"


EXAMPLES = [
    Example(asked, kind or "count", shown or count)
    for asked, kind, shown, count in EXAMPLE.findall(PAGE)
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The month that the page is about."""
    with Server(tmp_path_factory.mktemp("query") / "data") as server:
        send(server.url, samples(date(2026, 11, 20), 1))
        yield server


def test_each_example_shows_its_answer():
    assert len(EXAMPLES) == len(blocks(PAGE, "ask")) >= 30


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: " ".join(one.asked.split("\n")[:2]))
def test_an_example_is_answered_as_shown(example: Example, server: Server):
    reply = server.ask("GET", example.target)
    if example.kind == "text":
        assert (reply.status // 100, reply.json["detail"]) == (4, example.shown)
        return
    assert reply.status == 200, reply.body
    rows = rows_of(reply.headers["content-type"], reply.body)
    if example.kind == "count":
        assert len(rows) == int(example.shown)
    else:
        assert rounded(rows) == json.loads(example.shown)


def test_the_commands_of_the_page_work(server: Server):
    for block in blocks(PAGE, "sh"):
        for words in commands(block.text):
            assert server.get(curl(words).target)


@pytest.mark.parametrize("block", blocks(PAGE, "console"), ids=lambda one: one.text[:60])
def test_a_session_in_the_terminal_is_as_shown(block: Block, server: Server):
    prompt, shown = block.text.removeprefix("$ ").split("\n", 1)
    (words,) = commands(prompt)
    done = invoke(*words[1:], RUNWELL_URL=server.url, COLUMNS="100")
    assert done.exit_code == 0, done.output
    assert done.stdout.split() == shown.split()


def rows_of(content_type: str, body: bytes) -> Any:
    """The rows alone; of a series everything."""
    if "ndjson" in content_type:
        return [json.loads(line) for line in body.splitlines()]
    answer = json.loads(body)
    if isinstance(answer, list):
        return answer
    return answer.get("summary", answer.get("events", answer))


def rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, 4)
        case list():
            return [rounded(item) for item in value]
        case dict():
            return {name: rounded(item) for name, item in value.items()}
        case _:
            return value
