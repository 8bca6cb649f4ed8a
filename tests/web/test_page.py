"""Pages of a list in any order, and the tokens between them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders import an_event
from tests.model.instants import INSTANTS
from tests.store.engines import COLUMNS
from tests.store.strategies import TEXTS, TIMES
from tests.web.answering import Answering, in_order, shown

from runwell.errors import BadParameter
from runwell.filter import Field, Metric
from runwell.model import Event, Status
from runwell.query import FIELDS
from runwell.query.asked import SORTED
from runwell.web import page
from runwell.web.page import NEWEST_FIRST, PageOrder, Token, read_token

METRIC = "metrics.k"
NAMES = [name for name in FIELDS if FIELDS[name] in SORTED]
INT64 = 2**63
NUMBERS = st.sampled_from([0.0, -0.0, 0.1, -1.5, 1e300, 5e-324]) | st.floats(
    allow_nan=False, allow_infinity=False
)
EVENTS = st.lists(
    st.builds(
        Event,
        source=st.just("test"),
        scope=st.just("s"),
        id=st.uuids().map(str),
        attempt=st.sampled_from([1, 2, 3]),
        name=TEXTS | st.just("a\x00b"),
        status=st.sampled_from(list(Status)),
        created=TIMES,
        queued=TIMES,
        started=TIMES | INSTANTS,
        finished=TIMES,
        duration=st.none() | st.sampled_from([0, 1, -INT64, INT64 - 1]),
        metrics=st.dictionaries(st.sampled_from(["k", "l"]), NUMBERS),
    ),
    max_size=12,
)


@pytest.fixture(params=sorted(COLUMNS), scope="module")
def asked(request, tmp_path_factory) -> Iterator[Answering]:
    answering = Answering(tmp_path_factory.mktemp("columns"), request.param)
    yield answering
    answering.close()


def walk(asked: Answering, **query: str) -> list[dict[str, Any]]:
    """Every page, one behind the other."""
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        answer = asked.get("events", page_token=token, **query)
        found += answer["events"]
        token = answer["next_page_token"]
        if not token:
            return found
        assert len(answer["events"]) == int(query["limit"])


@given(
    EVENTS,
    st.lists(st.sampled_from([*NAMES, METRIC]), min_size=2, max_size=4),
    st.booleans(),
    st.integers(1, 4),
)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_pages_visit_every_event_once_in_the_order_of_the_whole_list(
    asked: Answering, events, names, descending, limit
):
    asked.put(events)
    # later puts arrive later: the order of arrival is that of the list
    there = shown(events)
    direction = "desc" if descending else "asc"
    for name in names:
        by = Metric("k") if name == METRIC else Field(name)
        orders = [(lambda one, by=by: one.value(by), descending)]
        if name in ("seq", "arrival"):
            orders = []
        expected = in_order(there, [*orders, (lambda one: one.arrival, descending)])
        ids = [one.id for one in expected]
        query = {"order_by": f"{name} {direction}", "fields": f"id,{name}"}
        listed = asked.get("events", limit="1000", **query)
        assert [event["id"] for event in listed["events"]] == ids, name
        assert walk(asked, limit=str(limit), **query) == listed["events"], name


def test_a_filter_holds_on_every_page(asked: Answering):
    asked.put([an_event(str(n), name="ab"[n % 2], duration=n // 4) for n in range(20)])
    query = {"order_by": "duration desc", "filter": 'name == "a"', "fields": "id"}
    ids = [int(event["id"]) for event in walk(asked, limit="3", **query)]
    assert ids == [n for n in range(19, -1, -1) if n % 2 == 0]


def test_the_last_page_may_be_full_and_one_event_is_a_page(asked: Answering):
    asked.put([an_event(str(n), name="same") for n in range(4)])
    for limit in ("1", "2", "4", "5"):
        assert len(walk(asked, limit=limit, order_by="name")) == 4


def order_of(name: str, *, descending: bool) -> PageOrder:
    by = Metric("k") if name == METRIC else Field(name)
    return PageOrder(name, by, descending)


VALUES = st.none() | st.text() | st.integers(-INT64, INT64 - 1) | NUMBERS


@given(
    st.sampled_from([*NAMES, METRIC]), st.booleans(), st.integers(0, INT64 - 1), VALUES, st.booleans()
)  # fmt: skip
@settings(deadline=None)
def test_a_token_is_read_as_it_was_written_and_only_in_its_order(
    name, descending, arrival, value, other
):
    token = Token(name, descending, arrival, value)
    text = page.write_token(token)
    order = order_of(name, descending=descending)
    if not page._is_of(order.by, value):
        with pytest.raises(BadParameter, match="not a token of this list"):
            read_token(text, order)
    else:
        assert read_token(text, order) == token
    others = [order_of(name, descending=not descending)]
    others += [order_of("name" if name == "id" else "id", descending=descending)]
    with pytest.raises(BadParameter, match="belongs to the other order"):
        read_token(text, others[other])


def test_no_token_is_the_first_page():
    assert read_token("", NEWEST_FIRST) is None


def forged(value: Any) -> str:
    text = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        *(("arrival", rest) for rest in ([], [1.5], ["1"], [None], [True], [-1], [INT64], [10**50])),
        *(("arrival", [1, value]) for value in (None, "1", True, 1.5, [], {}, INT64, -INT64 - 1)),
        *(("duration", [1, value]) for value in ("1", 1.5, True, INT64, 10**30, 1e300)),
        *(("name", [1, value]) for value in (1, 1.5, False, [], {})),
        *((METRIC, [1, value]) for value in ("1", True, [])),
        *(("time", [1, value]) for value in (None, "2026-01-01", 1.5)),
        ("seq", [1, None]),
        ("received", [1, None]),
        ("attempt", [1, None]),
        ("name", [1, "a", 1]),
    ],
)  # fmt: skip
def test_a_forged_token_is_refused(asked: Answering, name: str, rest: list[Any]):
    token = forged([name, True, *rest])
    refused = asked.refuse("events", order_by=f"{name} desc", page_token=token)
    assert refused[:2] == (400, "page_token")


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "!!!",
        "é",
        "AAAA",
        "x" * 2_000,
        "=",
        "\x00",
        forged({"name": "arrival"}),
        forged(None),
        forged(b"[" * 3_000),
        forged(b'["arrival",true,1,NaN]'),
        forged(b'["arrival",true,1,1e999]'),
        forged(b"\xff\xfe"),
    ],
)
def test_what_is_no_token_is_refused(asked: Answering, token: str):
    assert asked.refuse("events", page_token=token)[:2] == (400, "page_token")


@pytest.mark.parametrize("name", [*NAMES, METRIC])
def test_values_at_the_bounds_of_a_token_are_only_places_in_the_order(asked: Answering, name: str):
    asked.put([an_event("1", duration=1, metrics={"k": 1.0})])
    order = order_of(name, descending=True)
    values: list[Any] = [None, "", "\x00", "☃", 0, -INT64, INT64 - 1, -1e308, 1e308]
    for value in values:
        if page._is_of(order.by, value):
            for arrival in (0, INT64 - 1):
                token = forged([name, True, arrival, value])
                query = {"order_by": f"{name} desc", "page_token": token}
                status, _ = asked.ask("events", query)
                assert status in (200, 400), (value, arrival)
