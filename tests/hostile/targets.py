"""Every reader of foreign bytes and texts: it reads, or refuses as a mistake of the sender's.

Used by hypothesis (test_readers.py) and by a fuzzer that looks at coverage (`fuzz.py`).
"""

from __future__ import annotations

import atexit
import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from starlette.datastructures import QueryParams
from tests.hostile import corpus, places
from tests.protocols.replay import conversation

import runwell.protocols
from runwell.errors import BadQuery, BadRequest, TooLarge
from runwell.filter.cel import literals
from runwell.http.body import check_json, inflate
from runwell.http.numbers import check_numbers
from runwell.model.times import parse_iso
from runwell.pgwire import messages, statements
from runwell.protocols.ets import decode as ets
from runwell.protocols.ets import lists as ets_lists
from runwell.protocols.ets.times import read_query_time, read_time
from runwell.protocols.pipeline_metrics import decode as report
from runwell.protocols.pipeline_metrics import translate as report_writes
from runwell.protocols.pytest_monitor import decode as monitor
from runwell.protocols.pytest_monitor import translate as monitor_writes
from runwell.protocols.tekton import paging, protojson, questions, vocabulary
from runwell.protocols.tekton.mask import parse_fields
from runwell.protocols.trunk import decode as trunk
from runwell.protocols.trunk import translate as trunk_writes
from runwell.query.asked import SHOWN, read_shown, read_sorted, read_value
from runwell.query.measures import read_having, read_measure
from runwell.query.vocabulary import EVENTS
from runwell.store.columns.sandbox import check_sql
from runwell.web import asking, page, parameters, series
from runwell.web import sql as web_sql
from runwell.web.admission import to_writes
from runwell.web.native import read_events

DEPTH = 64
REFUSALS = (BadRequest, TooLarge, messages.BadMessage)
PLACE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ")
TRUNK_RULES = trunk_writes.Rules(frozenset(), branch_from_name=True, bounds=(128, 128, 8192))
REPORT_RULES = report_writes.Rules(by_project=True, main_refs=frozenset({"main"}))
CASES = Path(__file__).parent.parent / "cases"


def text_of(data: bytes) -> str:
    """Any text, with NULs and halves of pairs in it."""
    return data.decode("utf-8", "surrogateescape")


def as_json(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """After what the gate looks at."""

    def checked(data: bytes) -> None:
        check_json(data, DEPTH)
        read(data)

    return checked


def as_text(*readers: Callable[[str], Any]) -> Callable[[bytes], Any]:
    """By each of the readers, whatever the one before said."""

    def read(data: bytes) -> None:
        for reader in readers:
            try:
                reader(text_of(data))
            except REFUSALS as error:
                check_place(error, text_of(data))

    return read


def check_place(error: Exception, text: str) -> None:
    """The place that an error names lies in the text, or behind its last character."""
    if isinstance(error, BadQuery) and error.position is not None:
        assert 1 <= error.position <= len(text) + 1, (error.position, text)
    lines = text.split("\n")
    for found in PLACE.finditer(str(error)):
        line, column = int(found[1]), int(found[2])
        if "<input>" in text or (line, column) == (-1, -1):  # nowhere, or what was asked says so
            continue
        assert 1 <= line <= len(lines) + 1, (line, text)
        assert 0 <= column <= max(map(len, lines)) + 2, (column, text)


def trunk_body(data: bytes) -> None:
    trunk_writes.to_writes(trunk.read_request(data), TRUNK_RULES, "c")


def report_body(data: bytes) -> None:
    try:
        report_writes.to_writes(report.read_report(data), data.decode(), REPORT_RULES, "c")
    except REFUSALS:
        report_writes.identify(report.read_head(data), REPORT_RULES)


def ets_body(media: str) -> Callable[[bytes], Any]:
    def read(data: bytes) -> None:
        value = ets.read_body(media, data, DEPTH)
        for order in ("mdy", "ymd"):
            try:
                ets.read_put(value, order)
            except REFUSALS:
                ets.read_post(value, order)

    return read


def monitor_body(data: bytes) -> None:
    readers: list[tuple[Any, Callable[[Any], Any]]] = [
        (monitor.METRICS, lambda it: monitor_writes.metric_write(it, data.decode(), UTC, "c")),
        (monitor.CONTEXTS, lambda it: monitor_writes.context_write(it, data.decode(), "c")),
        (monitor.SESSIONS, lambda it: monitor_writes.session_write(it, data.decode(), UTC, "c")),
    ]
    for reader, write in readers:
        try:
            write(reader.read(data))
        except REFUSALS:
            continue


def tekton_body(data: bytes) -> None:
    try:
        protojson.check_summary(protojson.read_result(data, DEPTH).summary)
    except REFUSALS:
        protojson.check_data(protojson.read_record(data, DEPTH), DEPTH)


def tekton_value(data: bytes) -> None:
    tekton_body(places.inside("shop/results/r0/records/x")(data))


def native_body(data: bytes) -> None:
    to_writes(read_events(data, DEPTH), {}, UTC, "c")


def sql_body(data: bytes) -> None:
    check_json(data, DEPTH)
    web_sql.read_question(data)


def gzip_body(data: bytes) -> None:
    assert len(inflate(data, 10 * corpus.MIB)) <= 10 * corpus.MIB


@cache
def engine() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect(config={"threads": 1, "enable_external_access": False})
    made.execute("CREATE VIEW events AS SELECT 1 AS id")
    atexit.register(engine.cache_clear)
    return made


def question(text: str) -> None:
    check_sql(engine(), text, {"events"})


def tokens(text: str) -> None:
    for order in (
        page.NEWEST_FIRST,
        page.PageOrder("name", read_sorted("name", "x"), descending=False),
    ):
        with suppress(*REFUSALS):
            page.read_token(text, order)
        with suppress(*REFUSALS):
            ets_lists.read_cursor(QueryParams({"cursor": text}), by_update=order.descending)
    paging.read_token(text, "shop/results/-", "", None)


def groups(text: str) -> None:
    asking.read_groups(QueryParams({"group_by": text}))


def wire_message(data: bytes) -> None:
    try:
        messages.read_first(data)
    except REFUSALS:
        messages.read_message(data[:1] or b"Q", data[1:])


MDY: Any = "mdy"
TARGETS: dict[str, Callable[[bytes], Any]] = {
    "trunk": as_json(trunk_body),
    "report": as_json(report_body),
    "ets": ets_body(places.JSON),
    "ets_yaml": ets_body(places.YAML),
    "pytest_monitor": as_json(monitor_body),
    "tekton": tekton_body,
    "tekton_value": tekton_value,
    "events": native_body,
    "sql_body": sql_body,
    "gzip": gzip_body,
    "json": as_json(check_numbers),
    "cel": as_text(
        EVENTS.parse,
        lambda text: EVENTS.parse_value(text, SHOWN),
        lambda text: vocabulary.read_filter(vocabulary.RECORDS, text),
        lambda text: vocabulary.read_filter(vocabulary.RESULTS, text),
    ),
    "parameters": as_text(
        read_measure,
        read_having,
        groups,
        parameters.split_list,
        parameters.read_direction,
        parse_fields,
        questions.read_summary,
        questions.read_group,
        paging.read_page_size,
        lambda text: read_shown(text, "fields"),
        lambda text: read_sorted(text, "order_by"),
        lambda text: read_value(text, SHOWN, text, "group_by"),
        lambda text: paging.read_order(text, paging.RECORD_ORDERS),
        lambda text: ets_lists.read_count(QueryParams({"count": text}), 1, 10),
    ),
    "tokens": as_text(tokens),
    "times": as_text(
        parse_iso,
        literals.read_time,
        literals.read_duration,
        literals.read_offset,
        report_writes.read_created_at,
        lambda text: read_time(text, MDY),
        lambda text: read_query_time(text, MDY),
        lambda text: protojson._time(text, "x"),
        lambda text: series._read(QueryParams({"from": text, "to": text}), 100, 10**15),
    ),
    "pgwire": wire_message,
    "pg_statements": as_text(statements.split),
    "sql": lambda data: as_text(question)(data.decode("utf-8", "replace").encode()),
}
JSON_TARGETS = {
    "trunk": ("trunk",),
    "report": ("report",),
    "ets": ("ets put", "ets post"),
    "ets_yaml": ("ets put", "ets post"),
    "pytest_monitor": ("metric", "context", "session"),
    "tekton": ("result", "record"),
    "tekton_value": ("record value",),
    "events": ("events",),
    "sql_body": ("sql",),
    "json": ("events", "trunk"),
}


def recorded() -> list[str]:
    """Every text of the recorded cases, and of the conversations of the protocols."""
    found: list[str] = []

    def gather(value: Any) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict | list):
            for item in value.values() if isinstance(value, dict) else value:
                gather(item)

    for file in sorted(CASES.glob("*.json")):
        value = json.loads(file.read_text("utf-8"))
        gather(value)
    examples = Path(runwell.protocols.__path__[0]).glob("*/examples/*.http")
    for file in sorted(examples):
        found += [part for it in conversation(file) for part in (it.body, it.path)]
    return sorted({text for text in found if 0 < len(text) <= 4_000})


def run(name: str, data: bytes) -> None:
    """One input to one target; what it refuses is fine."""
    told = ""
    try:
        TARGETS[name](data)
    except REFUSALS as error:
        told = str(error)
    assert len(told) <= 10_000
