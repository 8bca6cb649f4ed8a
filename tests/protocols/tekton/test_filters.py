"""Filters find the rows that the original's SQL finds in PostgreSQL, over the recorded dataset and a
good hundred odd rows; where we differ on purpose is listed with its reason.

Source: tests/cases/tekton_rows.json, which says how it was recorded.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from runwell.filter import And, Field, Filter, matches
from runwell.model import Event
from runwell.model.times import parse_iso
from runwell.protocols.tekton import lists, protojson, translate
from runwell.protocols.tekton.errors import InvalidArgument
from runwell.protocols.tekton.names import parse_record_name, parse_result_name
from runwell.protocols.tekton.objects import Limits
from runwell.protocols.tekton.translate import Stamp
from runwell.protocols.tekton.vocabulary import PATHS, RECORDS, RESULTS, read_filter
from runwell.query import Select
from runwell.store.columns import Stopper, open_columns
from runwell.store.columns.base import Additions
from runwell.store.ledger.base import Change, encode_event

CASES = Path(__file__).parents[2] / "cases"
RECORDED = json.loads((CASES / "tekton.json").read_text("utf-8"))
ROWS = json.loads((CASES / "tekton_rows.json").read_text("utf-8"))
DATASET = {name: RECORDED["dataset"][name] + ROWS["dataset"][name] for name in ROWS["dataset"]}
ENVIRONMENTS = {"records": (RECORDS, lists.IS_RECORD), "results": (RESULTS, lists.IS_RESULT)}
NOON = "2026-06-01T00:00:00Z"
DEPTH_MAX = 64
TRUE, FALSE, UNKNOWN = "true", "false", "unknown"
Answer = dict[str, str]  # row -> what a filter says of it
Truth = bool | None


class Other(NamedTuple):
    """We say something else of one row, in all filters that have this (a regular expression)."""

    why: str
    about: str
    row: str
    answer: str


READS_A_TIME = r"timestamp\(|\.get"
OTHERS = [
    *(
        Other(f"{why}: no time", READS_A_TIME, f"odd/bare/time-{row}", UNKNOWN)
        for row, why in {
            "day-end": "24:00 and a 60th second",
            "early": "before 1970",
            "late": "after 2199",
            "small": "a small t and z",
            "plain": "no hyphens or colons",
            "spaced": "blanks around it",
            "words": "words like infinity",
        }.items()
    ),
    Other("out of 1970 to 2199: no time", r"start_time|end_time", "odd/far", UNKNOWN),
    *(
        Other("below microseconds a time is cut, not rounded", about, row, FALSE)
        for row in ["odd/bare/time-border-round"]
        for about in ["completionTime.*2022/10/30|2022/10/30.*completionTime", "< .*startTime"]
    ),
    Other("RE2: a dot is no line break", r"\^foo\.\*\$", "odd/bare/name-lines", FALSE),
    Other(
        "[0] is also the member of that name",
        'status == "True"',
        "odd/bare/conditions-object",
        TRUE,
    ),
    Other("the same", 'status != "True"', "odd/bare/conditions-object", FALSE),
    Other("the same", r"reason == ", "odd/bare/conditions-object", TRUE),
    Other("of two members of one name the first counts", r'"kind"', "odd/bare/kind-twice", FALSE),
    Other("JSON null alone is no data", r'"kind"', "odd/bare/null", UNKNOWN),
]


def at(data: Any, *steps: str) -> Any:
    for step in steps:
        data = data.get(step) if isinstance(data, dict) else None
    return data


def name_text(data: Any) -> str | None:
    name = at(data, "metadata", "name")
    return name if name is None or isinstance(name, str) else json.dumps(name)


def starts_with(text: str) -> Callable[[Any], Truth]:
    def tell(data: Any) -> Truth:
        name = name_text(data)
        return None if name is None else name.startswith(text)

    return tell


def has_app(data: Any) -> Truth:
    labels = at(data, "metadata", "labels")
    return "app" in labels if isinstance(labels, dict | list) else None


def has_two_quotes(data: Any) -> Truth:
    text = at(data, "nested", "k")
    return None if text is None else text == "it''s"


# Filters whose recorded SQL does not mean what the filter says: what ours means instead.
OTHER_MEANINGS: dict[str, tuple[str, Callable[[Any], Truth]]] = {
    "data.nested.k == \"it''s\"": ("a text is bound, not pasted", has_two_quotes),
    "data.status.completionTime == null": (
        "null is what is missing; in SQL nothing equals it",
        lambda data: at(data, "status", "completionTime") is None,
    ),
    'data.metadata.name.startsWith("p_")': ("_ and % are letters", starts_with("p_")),
    'data.metadata.name.startsWith("%")': ("_ and % are letters", starts_with("%")),
    '"app" in data.metadata.labels': ("a key, not the whole text", has_app),
}


def stamp_of(row: dict[str, Any]) -> Stamp:
    times = parse_iso(row.get("created", NOON)), parse_iso(row.get("updated", NOON))
    return Stamp(row.get("uid", "uid"), *times)


def a_result(row: dict[str, Any]) -> Event:
    name = f"{row['parent']}/results/{row['name']}"
    sent = {"name": name, **{key: row[key] for key in ("annotations", "summary") if key in row}}
    given = protojson.read_result(json.dumps(sent).encode(), DEPTH_MAX)
    protojson.check_summary(given.summary)
    return translate.to_result_event(parse_result_name(name), given, stamp_of(row), "")


def text_of(row: dict[str, Any]) -> str | None:
    if "text" in row:
        return row["text"]
    return json.dumps(row["data"], ensure_ascii=False) if "data" in row else None


def a_record(row: dict[str, Any]) -> Event:
    name = f"{row['parent']}/results/{row['result']}/records/{row['name']}"
    sent: dict[str, Any] = {"name": name}
    if (text := text_of(row)) is not None:
        sent["data"] = {"type": row["type"], "value": base64.b64encode(text.encode()).decode()}
    given = protojson.read_record(json.dumps(sent).encode(), DEPTH_MAX)
    protojson.check_data(given, DEPTH_MAX)
    named = parse_record_name(name)
    content = translate.content_of(given, named, Limits(64, 256, 1024))
    return translate.to_record_event(named, content, stamp_of(row), "")


MAKERS = {"records": a_record, "results": a_result}
EVENTS = {name: list(map(MAKERS[name], rows)) for name, rows in DATASET.items()}
NAMES = {name: [f"{e.scope}/{e.id}" for e in events] for name, events in EVENTS.items()}
DATA = {
    name: json.loads(text_of(row) or "null")
    for name, row in zip(NAMES["records"], DATASET["records"], strict=True)
}

Find = Callable[[str, Filter], set[str]]


def find_in_columns(folder: Path, added: Additions) -> Iterator[Find]:
    columns = open_columns(f"duckdb:///{folder}/columns", "ledger", added=added, threads=1)
    documents = [encode_event(event).decode() for events in EVENTS.values() for event in events]
    columns.apply([Change(seq, seq, 1, text) for seq, text in enumerate(documents, 1)])
    fields = (Field("scope"), Field("id"))

    def find(environment: str, condition: Filter) -> set[str]:
        where = And((ENVIRONMENTS[environment][1], condition))
        return {"/".join(row) for row in columns.run(Select(fields, where), Stopper()).rows}

    yield find
    columns.close()


def find_in_python(environment: str, condition: Filter) -> set[str]:
    found = [event for event in EVENTS[environment] if matches(condition, event)]
    return {f"{event.scope}/{event.id}" for event in found}


@pytest.fixture(scope="module", params=["stored paths", "no stored paths", "plain Python"])
def find(request, tmp_path_factory) -> Iterator[Find]:
    folder = tmp_path_factory.mktemp("columns")
    match request.param:
        case "stored paths":
            yield from find_in_columns(folder, Additions((), PATHS))
        case "no stored paths":
            yield from find_in_columns(folder, Additions())
        case _:
            yield find_in_python


def recorded_answer(fact: dict[str, Any]) -> Answer:
    answer = dict.fromkeys(NAMES[fact["env"]], FALSE)
    answer |= dict.fromkeys(fact["found"], TRUE)
    return answer | dict.fromkeys(fact["unknown"], UNKNOWN)


def others(fact: dict[str, Any]) -> list[Other]:
    rows = NAMES[fact["env"]]
    return [one for one in OTHERS if one.row in rows and re.search(one.about, fact["cel"])]


def our_answer(fact: dict[str, Any]) -> Answer:
    answer = recorded_answer(fact)
    if fact["cel"] in OTHER_MEANINGS:
        _, tell = OTHER_MEANINGS[fact["cel"]]
        words = {True: TRUE, False: FALSE, None: UNKNOWN}
        return {row: words[tell(DATA[row])] for row in answer}
    for other in others(fact):
        if answer[other.row] != FALSE or other.answer != UNKNOWN or "&&" not in fact["cel"]:
            answer[other.row] = other.answer  # false and unknown is false
    return answer


@pytest.mark.parametrize("fact", ROWS["filters"], ids=lambda fact: fact["cel"])
def test_a_filter_finds_the_rows_that_its_recorded_sql_finds(find: Find, fact):
    language, _ = ENVIRONMENTS[fact["env"]]
    conditions = [language.parse(text) for text in (fact["cel"], f"!({fact['cel']})")]
    found, negated = (find(fact["env"], condition) for condition in conditions if condition)

    answer = our_answer(fact)
    assert found == {row for row, said in answer.items() if said == TRUE}
    assert negated == {row for row, said in answer.items() if said == FALSE}


def test_every_recorded_sql_has_its_facts():
    pairs = {(pair["env"], pair["cel"]) for pair in RECORDED["cel_to_sql"]}
    assert pairs == {(fact["env"], fact["cel"]) for fact in ROWS["filters"]}


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: f"{other.row}: {other.why}")
def test_each_listed_difference_is_one(other: Other):
    concerned = [fact for fact in ROWS["filters"] if other in others(fact)]
    assert any(recorded_answer(fact)[other.row] != other.answer for fact in concerned)


@pytest.mark.parametrize("text", OTHER_MEANINGS)
def test_each_other_meaning_is_one(text: str):
    (fact,) = [fact for fact in ROWS["filters"] if fact["cel"] == text]
    assert recorded_answer(fact) != our_answer(fact)


def test_most_filters_tell_rows_apart_in_all_three_ways():
    told = [set(recorded_answer(fact).values()) for fact in ROWS["filters"]]

    assert sum(len(said) == 3 for said in told) >= 35
    assert sum(len(said) == 1 for said in told) <= 4


REFUSED = [case for case in RECORDED["cases"] if "upstream_message" in case.get("expect", {})]
PREFIX = "error compiling CEL filters: "


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["id"])
def test_a_refusal_has_the_words_the_place_and_the_caret_of_the_original(case):
    language = RESULTS if case["kind"] == "results" else RECORDS

    with pytest.raises(InvalidArgument) as refused:
        read_filter(language, case["req"]["query"]["filter"])
    assert refused.value.message == case["expect"]["upstream_message"]


@pytest.mark.parametrize("text", ["name", "data_type", "1", "null", '"a"'])
def test_a_filter_that_is_not_true_or_false_is_refused_in_the_original_s_words(text: str):
    with pytest.raises(InvalidArgument, match=r"^expected boolean expression, but got "):
        read_filter(RECORDS, text)


def test_names_are_not_hinted_at_as_the_original_does_not():
    with pytest.raises(InvalidArgument) as refused:
        read_filter(RECORDS, 'nam == "a"')
    assert refused.value.message == (
        f"{PREFIX}ERROR: <input>:1:1: undeclared reference to 'nam' (in container '')\n"
        ' | nam == "a"\n | ^'
    )
