"""What summaries tell of old events is the same before and after they were rolled up."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from types import SimpleNamespace
from unittest import mock

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import QueryParams
from tests.builders import HOUR_US, NOON_US
from tests.retention.harness import Kept
from tests.web.answering import shown
from tests.web.test_oracle import BUCKETS, EVENT, ZONES, approximately, expected

from runwell.filter import Field
from runwell.model import Event
from runwell.model.times import LATEST_US
from runwell.query import Select
from runwell.retention import sweeper
from runwell.web import summary

SETTINGS = {"rollup_tags": "k,it's", "retention_memory_days": 1e6}
NUMBERS = ["duration", "queue", "metrics.k", 'metrics["it\'s"]', "attempt", "finished - started"]
NUMBERS += ["metrics.k * 2.0 + double(attempt)", "size(name)"]
VALUES = [*NUMBERS, "name", "tags.k", "started", "created", "finished", "queued", "status"]
CONDITIONS = ['status == "failed"', 'tags.k == "a"', "'a' in tags[\"it's\"]", "metrics.k > 0.0"]
CONDITIONS += ["started > created", 'name.startsWith("a") || pipeline == "p"', "finished != null"]
MEASURES = st.one_of(
    st.sampled_from(["total", "failed", "success_rate", "first_run", "last_run", "avg_duration"]),
    st.builds(
        "{}({})".format,
        st.sampled_from(["avg", "sum", "min", "max", "p0", "p50", "p99.9"]),
        st.sampled_from(NUMBERS),
    ),
    st.builds("{}({})".format, st.sampled_from(["count", "distinct"]), st.sampled_from(VALUES)),
    st.builds("{}({})".format, st.sampled_from(["count", "rate"]), st.sampled_from(CONDITIONS)),
)
GROUPS = st.sampled_from(["kind", "name", "pipeline", "status", "tags.k", "attempt", "started"])
RULES = st.sampled_from(
    ["*/*=1h", "*/job=1d, */test=30d", "*/test=keep, */*=2d", "*/*=1000y", "s*/j?b=1w"]
)
MOMENTS = st.sampled_from([NOON_US, NOON_US + 30 * HOUR_US, NOON_US + 10**15, LATEST_US])
# A day has a roll-up of its own, which is a request: some events of the same day, some of any.
SAME_DAY = st.sampled_from([0, 1, NOON_US, NOON_US + 1, NOON_US + HOUR_US])
ON_DAY = st.builds(lambda event, us: msgspec.structs.replace(event, started=us), EVENT, SAME_DAY)
SOME = ON_DAY | ON_DAY | ON_DAY | EVENT
MANY = st.lists(SOME, min_size=6, max_size=16)
numbers = itertools.count()


@st.composite
def questions(draw: st.DrawFn) -> dict[str, str]:
    """A query string's parameters, of nothing but what roll-ups keep."""
    groups = draw(st.lists(GROUPS, max_size=2, unique=True))
    query = {
        "summary": ",".join(draw(st.lists(MEASURES, min_size=1, max_size=4, unique=True))),
        "group_by": ",".join([*draw(st.lists(BUCKETS, max_size=1)), *groups]),
        "zone": draw(ZONES),
        "filter": draw(st.just("") | st.sampled_from(CONDITIONS)),
    }
    return {name: text for name, text in query.items() if text}


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Iterator[Kept]:
    kept = Kept(tmp_path_factory.mktemp("kept"))
    # few, so that many roll-ups have several parts
    with mock.patch.multiple(sweeper, BATCH=3, MEMBERS_MAX=4, PAGE=7, REST_SECONDS_MIN=0):
        yield kept
    kept.close()


def check(kept: Kept, events: list[Event], asking: list[dict[str, str]]) -> None:
    source = events[0].source
    there = shown(events)
    for parameters in asking:
        conditions = filter(None, [f'source == "{source}"', parameters.get("filter")])
        joined = " && ".join(f"({condition})" for condition in conditions)
        query = summary._read(
            SimpleNamespace(query=QueryParams({**parameters, "filter": joined})), 1_000
        )
        assert kept.ask(query).rows == [approximately(row) for row in expected(query, there)], (
            parameters
        )


@given(
    MANY,
    st.lists(SOME, max_size=6),
    RULES,
    st.lists(MOMENTS, min_size=1, max_size=3).map(sorted),
    st.lists(questions(), min_size=3, max_size=6),
)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_summaries_stay_true_through_sweeps_late_events_and_repeats(
    kept: Kept, first, late, rules, moments, asking
):
    source = f"s{next(numbers)}"
    first, late = (
        [msgspec.structs.replace(event, source=source) for event in events]
        for events in (first, late)
    )
    kept.put(first)
    for now in moments:
        kept.sweep(now, rules, **SETTINGS)
        check(kept, first, asking)
    kept.put([*late, *first[::2]])  # what comes again counts once
    for now in moments[-1:] * 2:
        kept.sweep(now, rules, **SETTINGS)
        check(kept, first + late, asking)


def test_what_random_sweeps_left_is_the_same_in_columns_made_anew(kept: Kept):
    events = [
        Event(source="anew", scope="s", id=str(n), started=NOON_US - n * HOUR_US, duration=n)
        for n in range(50)
    ]
    kept.put(events)
    kept.sweep(NOON_US, "anew/*=20h")
    everything = [Select((Field("source"), Field("id"), Field("time"), Field("duration")))]
    asking = {"summary": "total,sum(duration),last_run", "group_by": "source,kind,day"}
    everything.append(summary._read(SimpleNamespace(query=QueryParams(asking)), 100_000))
    before = [kept.ask(query).rows for query in everything]
    assert len(before[0]) >= 20
    kept.rebuild()
    assert [kept.ask(query).rows for query in everything] == before
    assert kept.ledger.check() == []
