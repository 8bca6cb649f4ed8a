"""Any summary against plain Python: measures, groups, filters, conditions, orders, limits."""

from __future__ import annotations

import math
import operator
import statistics
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import QueryParams
from tests.builders import NOON_US
from tests.filter.asking import Asked
from tests.model.instants import INSTANTS
from tests.store.engines import COLUMNS
from tests.store.strategies import DURATIONS, TEXTS, TIMES
from tests.web.answering import Shown, in_order, shown

from runwell.filter import Expression, Field, Filter, matches
from runwell.model import Bucket, Event, Kind, Status
from runwell.model.times import bucket_start
from runwell.query import Group, Having, Measure, Summary, TimeBucket
from runwell.web import summary

QUARTERS = st.integers(-8, 8).map(lambda n: n / 4) | st.just(1e15)
PAYLOADS = ["", "{}", '{"a": 1.5, "t": "x", "ok": true}', '{"a": -2, "t": "é", "ok": false}']
PAYLOADS += ['{"a": "1.5", "t": null}', '{"a": {"b": 1}, "t": 3}', '{"a": [7], "ok": "true"}']
EVENT = st.builds(
    Event,
    source=st.just("test"),
    scope=st.just("s"),
    id=st.uuids().map(str),
    kind=st.sampled_from([Kind.JOB, Kind.TEST, Kind.RESULT]),
    attempt=st.sampled_from([1, 2]),
    name=TEXTS,
    pipeline=st.sampled_from(["", "p", "q"]),
    status=st.sampled_from(list(Status)),
    created=TIMES | INSTANTS,
    queued=TIMES,
    started=TIMES | INSTANTS,
    finished=TIMES,
    duration=DURATIONS | st.integers(-(10**9), 10**12),
    metrics=st.dictionaries(st.sampled_from(["k", "it's"]), QUARTERS),
    tags=st.dictionaries(st.sampled_from(["k", "it's"]), st.lists(TEXTS, max_size=2)),
    payload=st.sampled_from(PAYLOADS),
)
MANY = st.lists(EVENT, min_size=8, max_size=16)
EVENTS = MANY | MANY | MANY | st.lists(EVENT, max_size=3)
CONDITIONS = [
    'status == "failed"',
    'tags.k == "a"',
    "'a' in tags[\"it's\"]",
    "metrics.k > 0.0",
    "has(payload.a)",
    "payload.ok",
    "payload.a > 1.0",
    "started > created",
    'duration > duration("5s")',
    'name.startsWith("a") || pipeline == "p"',
    "finished != null",
    f"started >= timestamp({NOON_US // 1_000_000})",
]
NUMBERS = ["duration", "queue", "metrics.k", 'metrics["it\'s"]', "attempt", "payload.a"]
NUMBERS += ["finished - started", "metrics.k * 2.0 + double(attempt)", "size(name)", "payload.a.b"]
VALUES = [*NUMBERS, "name", "tags.k", "payload.t", "started", "created", "status", "payload"]
MEASURES = st.one_of(
    st.sampled_from(
        ["total", "failed", "succeeded", "unknown", "success_rate", "failure_rate", "first_run"]
    ),
    st.sampled_from(["last_run", "avg_duration", "p80_duration", "total_duration"]),
    st.builds(
        "{}({})".format,
        st.sampled_from(["avg", "sum", "min", "max", "p0", "p50", "p90", "p99.9"]),
        st.sampled_from(NUMBERS),
    ),
    st.builds("{}({})".format, st.sampled_from(["min", "max"]), st.sampled_from(VALUES[:-1])),
    st.builds("{}({})".format, st.sampled_from(["count", "distinct"]), st.sampled_from(VALUES)),
    st.builds("{}({})".format, st.sampled_from(["count", "rate"]), st.sampled_from(CONDITIONS)),
)
BUCKETS = st.builds(
    lambda bucket, field: f"{bucket} {field}".strip(),
    st.sampled_from(list(Bucket)),
    st.sampled_from(["", "time", "started", "created", "finished"]),
)
GROUPS = st.sampled_from([*VALUES[:-1], *CONDITIONS[:6], "kind", "name + '/' + pipeline", "id"]) | (
    st.sampled_from(["tags.k", "metrics.k", "payload.t", "pipeline", "attempt"])
)
GROUP_LISTS = st.builds(
    lambda bucket, groups: [*bucket, *groups],
    st.lists(BUCKETS, max_size=1),
    st.lists(GROUPS, min_size=1, max_size=2, unique=True) | st.just([]),
)
ZONES = st.sampled_from(["", "UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Havana"])
BOUNDS = st.sampled_from(["0", "1", "2", "0.5", "-1.25", "10", "1e15"])
OPERATORS = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


@st.composite
def questions(draw: st.DrawFn) -> dict[str, str]:
    """A query string's parameters."""
    measures = draw(st.lists(MEASURES, min_size=1, max_size=4, unique=True))
    groups = draw(GROUP_LISTS)
    columns = [
        *(
            group.partition(" ")[0] if group.split()[0] in list(Bucket) else group
            for group in groups
        ),
        *measures,
    ]
    orders = draw(
        st.just([])
        | st.lists(
            st.tuples(st.sampled_from(columns), st.sampled_from(["", " asc", " desc"])),
            min_size=1,
            max_size=2,
            unique_by=lambda order: order[0],
        )
    )
    counted = [text for text in measures if not text.startswith(("min", "max", "first", "last"))]
    having = draw(
        st.just([])
        | st.lists(
            st.builds(
                "{} {} {}".format,
                st.sampled_from([*counted, "total", "avg(attempt)"]),
                st.sampled_from(list(OPERATORS)),
                BOUNDS,
            ),
            max_size=2,
        )
    )
    query = {
        "summary": ",".join(measures),
        "group_by": ",".join(groups),
        "having": ",".join(having),
        "order_by": ",".join(name + direction for name, direction in orders),
        "zone": draw(ZONES),
        "filter": draw(st.just("") | st.sampled_from(CONDITIONS)),
        "limit": draw(st.sampled_from(["", "", "", "1", "3"])),
    }
    return {name: text for name, text in query.items() if text}


def group_value(group: Any, event: Shown) -> Any:
    match group:
        case Field():
            return event.value(group)
        case Group(_, by, _):
            return event.value(by)
        case TimeBucket(bucket, field, zone):
            us = event.value(Field(field))
            return None if us is None else bucket_start(us, bucket, ZoneInfo(zone or "UTC"))


def holds(condition: Filter | None, event: Shown) -> bool:
    return condition is None or matches(condition, event)  # type: ignore[arg-type]


def measured(measure: Measure, events: Sequence[Shown]) -> Any:  # noqa: PLR0911 - one a function
    kept = [event for event in events if holds(measure.where, event)]
    if measure.of is None:
        return len(kept)
    found = values(measure.of, kept)
    match measure.aggregate:
        case "count":
            return len(found)
        case "distinct":
            return len(set(found))
        case _ if not found:
            return None
        case "rate" | "avg":
            return statistics.fmean(found)
        case "sum":
            return math.fsum(found) if isinstance(found[0], float) else sum(found)
        case "min":
            return min(found)
        case "max":
            return max(found)
        case "quantile":
            return float(np.quantile(np.array(found, dtype=float), measure.q))


def values(expression: Expression, events: Sequence[Shown]) -> list[Any]:
    found = [event.value(expression) for event in events]
    return [value for value in found if value is not None]


def fulfils(having: Having, query: Summary, events: Sequence[Shown]) -> bool:
    value = measured(query.defined[having.measure], events)
    return value is not None and OPERATORS[having.comparison](value, having.bound)


def expected(query: Summary, events: Sequence[Shown]) -> list[tuple[Any, ...]]:
    kept = [event for event in events if holds(query.where, event)]
    groups: dict[tuple[Any, ...], list[Shown]] = {} if query.group_by else {(): []}
    for event in kept:
        groups.setdefault(tuple(group_value(group, event) for group in query.group_by), []).append(
            event
        )
    rows = [
        key + tuple(measured(query.defined[name], group) for name in query.measures)
        for key, group in groups.items()
        if all(fulfils(having, query, group) for having in query.having)
    ]
    names = [*(group.name for group in query.group_by), *query.measures]
    orders = [(operator.itemgetter(names.index(name)), down) for name, down in query.order]
    ties = [(operator.itemgetter(place), False) for place in range(len(query.group_by))]
    return in_order(rows, [*orders, *ties])[: query.limit]


@pytest.fixture(params=sorted(COLUMNS), scope="module")
def asked(request, tmp_path_factory) -> Iterator[Asked]:
    columns = COLUMNS[request.param](tmp_path_factory.mktemp("columns"), "ledger")
    yield Asked(columns)
    columns.close()


def approximately(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(pytest.approx(x, rel=1e-9, abs=1e-9) if isinstance(x, float) else x for x in row)


@given(EVENTS, st.lists(questions(), min_size=5, max_size=15))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_summary_answers_what_plain_python_answers_in_its_order(asked: Asked, events, asking):
    asked.put(events)
    there = shown(events)
    for parameters in asking:
        query = summary._read(SimpleNamespace(query=QueryParams(parameters)), 1_000)
        rows = asked.run(query).rows
        assert rows == [approximately(row) for row in expected(query, there)], parameters
