"""Columns of common places in payloads: chosen by the protocols, and never a different answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.builders import NOON_US, an_event

from runwell.filter import Call, Constant, Field, HasMember, Payload, Sort
from runwell.query import Select, StoredPath, Type
from runwell.store.columns import Columns, Stopper, base, open_columns
from runwell.store.columns.base import Additions
from runwell.store.ledger.base import Change, encode_event

PATHS = (
    StoredPath(("labels",), Type.JSON),
    StoredPath(("labels", "a/b~c"), Type.TEXT),
    StoredPath(('it\'s "k"',), Type.TEXT),
    StoredPath(("list", "0"), Type.TEXT),
)
PAYLOADS = (
    '{"labels": {"a/b~c": "x", "n": 5}, "it\'s \\"k\\"": "q", "list": ["x", 2]}',
    '{"labels": {"a/b~c": {"deep": 1}}, "list": [null]}',
    '{"labels": "x", "list": {"0": "x"}}',
    '{"labels": ["x"]}',
    '"x"',
    "",
    "{broken",
)
TEXTS = [
    ("labels",),
    ("labels", "a/b~c"),
    ("labels", "a/b~c", "deep"),
    ("labels", "n"),
    ("labels", "0"),
    ('it\'s "k"',),
    ("list", "0"),
    ("list", "1"),
    ("list",),
    (),
]


def open_with(folder: Path, *paths: StoredPath) -> Columns:
    return open_columns(f"duckdb:///{folder}/columns.duckdb", "ledger", added=Additions((), paths))


def fill(columns: Columns) -> None:
    events = [an_event(str(n), payload=text) for n, text in enumerate(PAYLOADS)]
    columns.apply(
        [
            Change(seq, seq, NOON_US, encode_event(event).decode())
            for seq, event in enumerate(events, start=1)
        ]
    )


def answers(columns: Columns) -> list[list[str]]:
    x = Constant("x", Sort.TEXT)
    conditions = [
        *(Call("eq", (Payload(steps, "text"), x)) for steps in TEXTS),
        *(Call("contains", (Payload(steps, "text"), x)) for steps in TEXTS),
        *(Payload(steps, "is_there") for steps in TEXTS),
        *(HasMember(steps, x) for steps in TEXTS),
        *(
            Call("gt", (Payload(steps, reading), Constant(0.0, Sort.NUMBER)))
            for steps in TEXTS
            for reading in ("number", "length")
        ),
    ]
    return [columns.run(Select((Field("id"),), where), Stopper()).first() for where in conditions]


def test_stored_paths_answer_as_the_payload_does(tmp_path: Path):
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    stored, plain = open_with(tmp_path / "with", *PATHS), open_with(tmp_path / "without")
    fill(stored)
    fill(plain)
    assert answers(stored) == answers(plain)
    assert any(answers(plain))
    stored.close()
    plain.close()


def test_another_choice_of_stored_paths_makes_the_columns_anew(tmp_path: Path):
    first = open_with(tmp_path, *PATHS)
    fill(first)
    first.close()
    before = answers(open_with_twice := open_with(tmp_path, *PATHS))
    open_with_twice.close()
    again = open_with(tmp_path, *reversed(PATHS))  # their order is nobody's choice
    assert again.applied() == len(PAYLOADS)
    assert answers(again) == before
    again.apply(
        [Change(99, 99, NOON_US, encode_event(an_event("99", payload=PAYLOADS[0])).decode())]
    )
    text = Call("eq", (Payload(("labels", "a/b~c"), "text"), Constant("x", Sort.TEXT)))
    assert again.run(Select((Field("id"),), text), Stopper()).first() == ["0", "99"]
    again.close()
    other = open_with(tmp_path, PATHS[0])
    assert other.applied() == 0
    other.close()


def test_stored_paths_are_no_part_of_what_sql_sees(tmp_path: Path):
    columns = open_with(tmp_path, *PATHS)
    names = [column.name for column in columns.relations()["events"].columns]
    assert "payload" in names
    assert [name for name in names if "/" in name] == []
    columns.close()


@pytest.mark.parametrize("reading", ["text", "number", "truth", "length", "is_there"])
def test_what_is_no_json_is_read_as_nothing(tmp_path: Path, reading):
    columns = open_with(tmp_path)
    fill(columns)
    where = Call("is_null", (Payload(("labels",), reading),))
    found = columns.run(Select((Field("id"),), where), Stopper()).first()
    without = [str(n) for n, text in enumerate(PAYLOADS) if "labels" not in text]
    expected = {
        "text": without,
        "number": [str(n) for n in range(len(PAYLOADS))],
        "truth": [str(n) for n in range(len(PAYLOADS))],
        "length": without,
        "is_there": [],
    }
    assert found == expected[reading]
    columns.close()


@pytest.mark.parametrize(
    ("platform", "error"), [("linux", PermissionError()), ("darwin", AssertionError())]
)
def test_it_opens_where_niceness_is_not_ours_to_choose(
    tmp_path: Path, monkeypatch, platform: str, error: BaseException
):
    def refuse(*_: int) -> None:
        raise error

    monkeypatch.setattr(base.os, "setpriority", refuse)
    monkeypatch.setattr(base.sys, "platform", platform)
    base.yield_to_writes()
    open_with(tmp_path).close()
