"""Hostile texts in every place of a filter: they find what holds them, and change nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders import an_event
from tests.filter.asking import Asked
from tests.filter.cel_texts import quoted
from tests.store.engines import COLUMNS

from runwell.model import Event
from runwell.query import StoredPath, Type
from runwell.store.columns import open_columns
from runwell.store.columns.base import Additions

HOSTILE = [
    *("'", "''", '"', '""', "\\", "\\'", "`", "´", "’"),
    *("' OR '1'='1", "'; DROP TABLE event; --", "1); DELETE FROM event; SELECT (1"),
    *('"; DROP TABLE event; --', "x' UNION SELECT payload FROM event --", "/* */", "--", ";"),
    *("$1", "$2", "$999", "$$", "$a$x$a$", "?", "?1", ":x", "@x", "$seqs"),
    *("{0}", "{1}", "{x}", "{", "}", "{}", "{{}}", "{0.__class__}", "{x!r:>9}", "{condition}"),
    *("%", "%s", "%(x)s", "%%", "_", "%_%", "*", "[", "]", "(", ")", "^$", ".*", "\\d"),
    *("\n", "\r\n", "\t", "\u2028", "\u202e", "\ufeff", "\x1b", "\x7f", "\x00", "a\x00b"),
    *("$.a", "$[*]", "$", "#", "/", "~", "~0", "~1", "a/b", "/a", "../..", "0", "-1", "-"),
    *("NULL", "null", "true", "NaN", "v", "event", "payload", "é", "☃", "\U0001f600", "' || '"),
    *("E'\\x27'", "U&'\\0027'", "\\u0027", "&#39;", "%27", "CAST(1 AS VARCHAR)", "a" * 400),
]


def an_event_with(text: str) -> Event:
    """It has this text wherever an event may have one of the sender's."""
    payload = {
        text: text,
        "t": text,
        "long": f"<{text}>",
        "o": {text: {text: 1}},
        "l": [text],
    }
    return an_event(
        "hostile",
        name=text,
        pipeline=f"<{text}>",
        tags={text: [text], "team": ["x", text]},
        metrics={text: 1.0},
        links={text: text, "log": text},
        payload=json.dumps(payload),
    )


HARMLESS = an_event(
    "harmless",
    name="harmless",
    pipeline="harmless",
    tags={"team": ["harmless"]},
    metrics={"k": 1.0},
    links={"log": "harmless"},
    payload='{"t": "harmless", "long": "harmless", "o": {"k": {"k": 1}}, "l": ["harmless"]}',
)


def questions(text: str) -> list[str]:
    """Each finds the event with the text and not the harmless one."""
    asked, pattern = quoted(text), quoted(re.escape(text))
    return [
        f"name == {asked}",
        f"{asked} == name",
        f"name in [{asked}, 'b']",
        f"name in [{asked}, payload.gone]",
        f"name + {asked} == {asked} + name && name != 'harmless'",
        f"!(name != {asked})",
        f"pipeline.contains({asked}) && pipeline.startsWith('<' + {asked})",
        f"pipeline.endsWith({asked} + '>')",
        f"name.startsWith({asked}) && name.endsWith({asked})",
        f"name.matches({pattern})",
        f"payload.long.matches({pattern})",
        f"(name == {asked} ? {asked} : 'b') == {asked}",
        f"size(name) == size({asked}) && name == {asked}",
        f"tags[{asked}] == {asked}",
        f"{asked} in tags",
        f"{asked} in tags.team",
        f"tags.team == {asked}",
        f"tags.team.matches({pattern})",
        f"metrics[{asked}] == 1.0",
        f"{asked} in metrics",
        f"links[{asked}] == {asked}",
        f"links.log.contains({asked})",
        f"payload.t == {asked}",
        f"payload[{asked}] == {asked}",
        f"payload[{asked}] != null",
        f"payload.o[{asked}][{asked}] == 1",
        f"{asked} in payload.l",
        f"{asked} in payload.o",
        f"{asked} in payload",
        f"payload.long.contains({asked})",
        f"payload.t + {asked} == {asked} + {asked}",
    ]


@pytest.fixture(params=sorted(COLUMNS), scope="module")
def asked(request, tmp_path_factory) -> Iterator[Asked]:
    columns = COLUMNS[request.param](tmp_path_factory.mktemp("columns"), "ledger")
    yield Asked(columns)
    columns.close()


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_hostile_text_finds_what_holds_it_and_changes_nothing(asked: Asked, text: str):
    asked.put([an_event_with(text), HARMLESS])

    found = {question: asked.ask(question) for question in questions(text)}
    assert {question: ids for question, ids in found.items() if ids != ["hostile"]} == {}
    assert asked.ask("true") == ["hostile", "harmless"]


def test_stored_places_may_have_hostile_names(tmp_path: Path):
    # a column's name has no NUL, and two of them differ in more than small and capital letters
    names = [text for text in HOSTILE if "\x00" not in text and text != "NULL"]
    paths = [
        path
        for text in names
        for path in (
            StoredPath((text,), Type.TEXT),
            StoredPath(("o", text), Type.JSON),
            StoredPath(("o", text, text), Type.TEXT),
        )
    ]
    columns = open_columns(
        f"duckdb:///{tmp_path}/c", "ledger", added=Additions((), paths), threads=1
    )
    asked = Asked(columns)
    for text in names:
        asked.put([an_event_with(text), HARMLESS])
        found = {question: asked.ask(question) for question in questions(text)}
        assert {question: ids for question, ids in found.items() if ids != ["hostile"]} == {}
    columns.close()
