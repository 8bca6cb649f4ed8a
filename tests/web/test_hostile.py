"""Whatever is asked: an answer or a mistake of the caller's, and nothing of it in any SQL."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import QueryParams
from tests.builders import NOON_US, an_event
from tests.filter.cel_texts import quoted
from tests.filter.test_functions import DIALECTS
from tests.filter.test_injection import HARMLESS, HOSTILE, an_event_with
from tests.store.engines import COLUMNS
from tests.web.answering import Answering

from runwell.query import series as over_time
from runwell.store.columns.compile import compile_query
from runwell.web import series, summary

PIECES = {
    "summary": [
        *("total", "failed", "avg(duration)", "p50(metrics.m)", "p99.9(queue)", "max(started)"),
        *("sum(attempt * 9223372036854775807)", "distinct(payload.a)", "rate(payload.ok)"),
        *("count(name.matches('^a'))", "min(payload.t)", "sum(payload.a / 0.0)", "p0(1.0 / 0.0)"),
        *("max(tags.t)", "avg(1e308)", "sum(1e308)", "p50(1e308)", "sum(-9223372036854775807)"),
    ],
    "group_by": [
        *("name", "kind", "tags", "metrics", "payload", "duration", "started", "time", "seq"),
        *("day", "hour started", "quarter finished", "tags.t", "metrics.m", "payload.a", "1 / 0"),
        *("metrics.m / 0.0", "duration > duration('1s')", "started - created", "size(name)"),
        *("timestamp(payload.t)", "'x'", "1", "true", "payload.a + payload.t", "links.l"),
    ],
    "having": [
        *("total > 0", "avg(duration) <= 1e300", "max(started) > 2026-01-01", "min(name) != ''"),
        *("sum(attempt * 9223372036854775807) > 9e18", "rate(payload.ok) == 0.5", "total > -1e308"),
    ],
    "order_by": [
        *("total", "total desc", "name", "day desc", "p50(metrics.m) asc", "tags", "payload desc"),
        *("duration desc", "metrics.m", "started asc", "arrival desc", "status", "queue asc"),
    ],
    "fields": [
        *("id", "payload", "tags.t", "metrics.m * 1e308", "payload.a", "1 / 0", "time", "links"),
        *("started - created", "'x'", "payload.a / 0.0", "timestamp(payload.t)", "size(payload.l)"),
    ],
    "filter": [
        *("true", "status == 'failed'", "metrics.m > 1.0", "payload.a > 1", "1 / 0 == 1"),
        *("name.matches('[')", "tags.t.matches('a')", "started > timestamp('2026-01-01')"),
        *("payload.l.size() > 9", "'a' in tags", "duration(payload.t) > duration('1s')"),
    ],
    "zone": ["UTC", "Europe/Berlin", "Pacific/Apia", "Factory", "localtime", "Etc/GMT+12"],
    "bucket": ["minute", "hour", "day", "week", "month", "quarter", "year"],
    "time": ["time", "started", "finished", "received", "created"],
    "from": ["1970-01-01", "2026-01-01", "2199-12-31T23:59:59.999999Z", "2026-01-01T12:00+14:00"],
    "to": ["1970-01-01", "2026-01-02", "2199-12-31", "2026-W05"],
    "compare": ["previous"],
    "limit": ["1", "10000", "0", "2"],
    "shape": ["objects"],
    "page_token": ["W10", "WyJhcnJpdmFsIix0cnVlLDEsMV0"],
}
PATHS = {
    "summary": ("summary", "group_by", "having", "order_by", "filter", "zone", "limit", "shape"),
    "series": tuple(name for name in PIECES if name not in ("fields", "having", "order_by", "page_token")),
    "events": ("fields", "order_by", "filter", "limit", "shape", "page_token"),
}  # fmt: skip
ODD = st.text(st.sampled_from("()[]{}'\"\\,.;:<>=!&|+-*/%$?@#~^ \n\t\0e9é☃٣_a"), max_size=6)


def broken(text: str, place: int, odd: str) -> str:
    at = place % (len(text) + 1)
    return text[:at] + odd + text[at + place % 3 :]


def texts(name: str) -> st.SearchStrategy[str]:
    """Right pieces, several of them, and such with something odd inside."""
    piece = st.sampled_from(PIECES[name])
    listed = st.lists(piece, min_size=1, max_size=3).map(",".join)
    several = listed if name in ("summary", "group_by", "having", "fields") else piece
    other = st.sampled_from(sorted(PIECES)).flatmap(lambda name: st.sampled_from(PIECES[name]))
    return (
        several
        | several
        | piece
        | other
        | st.builds(broken, several, st.integers(0, 99), ODD)
        | ODD
    )


@st.composite
def queries(draw: st.DrawFn, path: str) -> dict[str, str]:
    names = draw(st.lists(st.sampled_from(PATHS[path]), max_size=5, unique=True))
    return {name: draw(texts(name)) for name in names}


EVENTS = [
    an_event(
        "1",
        name="a",
        started=NOON_US,
        created=0,
        finished=NOON_US + 1,
        duration=2**63 - 1,
        metrics={"m": 1e308},
        tags={"t": ["x", "y"], "e": []},
        payload=json.dumps({"a": 10**30, "ok": True, "t": "2026-01-01", "l": [1, {}]}),
    ),
    an_event("2", name="b", duration=-(2**63), metrics={"m": -1e308}, payload='{"a": "x", "t": 1}'),
    an_event("3", attempt=2**31 - 1, metrics={"m": math.inf}, payload="{"),
    an_event("4", payload="", metrics={"m": math.nan}, finished=2**53, links={"l": "x"}),
]  # fmt: skip


@pytest.fixture(params=sorted(COLUMNS), scope="module")
def asked(request, tmp_path_factory) -> Iterator[Answering]:
    answering = Answering(tmp_path_factory.mktemp("columns"), request.param)
    answering.put(EVENTS)
    yield answering
    answering.close()


@pytest.mark.parametrize("path", PATHS)
def test_no_question_is_more_than_a_mistake_of_who_asks(asked: Answering, path: str):
    @given(queries(path))
    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(query: dict[str, str]) -> None:
        status, body = asked.ask(path, query)
        assert status in (200, 400, 413), query
        assert status == 200 or body["pointer"] in {*query, "bucket"}, (query, body)

    ask()


@pytest.mark.parametrize("name", [name for name in PIECES if name != "page_token"])
def test_every_piece_alone_is_answered_or_refused(asked: Answering, name: str):
    for path in (path for path in PATHS if name in PATHS[path]):
        for text in PIECES[name]:
            status, body = asked.ask(path, {name: text})
            assert status in (200, 400, 413), (path, text)
            assert status == 200 or body["pointer"] in (name, "bucket"), (path, text)


def test_sums_past_64_bits_and_what_is_infinite_are_numbers_or_null(asked: Answering):
    measures = {
        "sum(duration)": pytest.approx(-1e-6),
        "sum(attempt * 4294967296)": float(3 * 2**32 + (2**31 - 1) * 2**32),
        "sum(9223372036854775807)": 4.0 * (2**63 - 1),
        "max(duration)": (2**63 - 1) / 1e6,
        "p50(duration)": pytest.approx(0.0, abs=1e-6),
        "sum(metrics.m)": 0.0,
        "max(metrics.m * 10.0)": None,
        "avg(payload.a)": 1e30,
        "p50(metrics.none)": None,
        "distinct(metrics.none)": 0,
        "rate(payload.ok)": 1.0,
        "sum(1 / 0)": None,
        "min(name)": "",
    }
    (row,) = asked.get("summary", summary=list(measures))["summary"]
    assert row == measures


def test_quantiles_of_nothing_are_nothing(asked: Answering):
    query = {"summary": "p50(duration),p99(metrics.m),total", "filter": "name == 'none'"}
    assert asked.get("summary", **query)["summary"] == [
        {"p50(duration)": None, "p99(metrics.m)": None, "total": 0}
    ]
    assert asked.get("summary", group_by="name", **query)["summary"] == []


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_hostile_text_is_only_ever_a_value(tmp_path_factory, text: str):
    asked = hostile(tmp_path_factory)
    asked.put([an_event_with(text), HARMLESS])
    word = quoted(text)
    group = f"tags[{word}]"
    (row,) = asked.get(
        "summary",
        summary=[f"count(name == {word})", f"max(metrics[{word}])", f"count(payload[{word}])"],
        group_by=group,
        having=f"count(tags.team == {word}) > 0",
        order_by=f"{group} desc",
        filter=f"name == {word} || name == 'harmless'",
    )["summary"]
    assert list(row.values()) == [text, 1, 1.0, 1]
    chart = asked.get("series", summary=f"count(name == {word})", group_by=f"links[{word}]")
    assert [list(one["group"].values()) for one in chart["series"]] == [[text], [None]]
    listed = asked.get("events", fields=[f"metrics[{word}]", "id"], order_by=f"metrics[{word}]")
    assert [event["id"] for event in listed["events"]] == ["hostile", "harmless"]


_HOSTILE: dict[str, Answering] = {}


def hostile(tmp_path_factory) -> Answering:
    """One for all the texts."""
    if "asked" not in _HOSTILE:
        _HOSTILE["asked"] = Answering(tmp_path_factory.mktemp("hostile"))
    return _HOSTILE["asked"]


MARK = "zq\"'{0}{x}$1?%--;/*"


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_no_literal_of_a_summary_reaches_the_text_of_its_sql(dialect):
    word = quoted(MARK)
    pairs = [
        ("summary", f"count(name == {word}),avg(metrics[{word}]),min(payload[{word}])"),
        ("summary", f"rate({word} in tags),distinct(links[{word}] + {word}),max(tags[{word}])"),
        ("group_by", f"tags[{word}],{word},day"),
        ("having", f"min(name) == {quoted(MARK.replace(chr(34), ''))},total > 918273645"),
        ("having", f"count(payload[{word}]) > 918273645.5,first_run > 2026-03-04T05:06:07Z"),
        ("order_by", f"tags[{word}] desc,{word}"),
        ("filter", f"name == {word} || attempt == 918273645"),
        ("zone", "Europe/Berlin"),
        ("limit", "9182"),
    ]
    query = summary._read(SimpleNamespace(query=QueryParams(pairs)), 10_000)
    text = compile_query(query, dialect, {}).text
    for literal in ("zq", "918273645", "9182", "Berlin", "2026", str(NOON_US)[:4]):
        assert literal not in text
    asked = [pair for pair in pairs if pair[0] not in ("having", "order_by", "group_by", "limit")]
    asked += [("group_by", f"tags[{word}]"), ("from", "2026-01-01"), ("to", "2026-02-01")]
    question = series._read(QueryParams(asked), 10_000, 0)
    window = over_time.window(question, None, None, 100)
    for one in (
        over_time.bounds(question),
        over_time.whole_query(question, window),
        over_time.points_query(question, window, [(MARK,), (None,)]),
    ):
        text = compile_query(one, dialect, {}).text
        for literal in ("zq", "918273645", "Berlin", str(window.starts[0])):
            assert literal not in text


ODD_QUANTILES = ["p0", "p0.001", "p00", "p09.5", "p50.0", "p99.999"]


@pytest.mark.parametrize("name", ODD_QUANTILES)
def test_a_quantile_is_a_number_of_ours_in_the_sql(asked: Answering, name: str):
    (row,) = asked.get("summary", summary=f"{name}(metrics.m)")["summary"]
    assert isinstance(row[f"{name}(metrics.m)"], float)
