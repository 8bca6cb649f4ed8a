"""A filter's SQL finds exactly the events that plain Python finds, whatever is in them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.filter.cel_texts import EVENTS, FILTERS
from tests.store.engines import COLUMNS

from runwell.filter import And, Compare, Field, matches
from runwell.filter.cel import BadExpression
from runwell.model import Event
from runwell.query import Select
from runwell.query.vocabulary import EVENTS as LANGUAGE
from runwell.store.columns import Columns, Stopper
from runwell.store.ledger.base import Change, encode_event


@pytest.fixture(params=sorted(COLUMNS), scope="module")
def columns(request, tmp_path_factory) -> Columns:
    return COLUMNS[request.param](tmp_path_factory.mktemp("columns"), "ledger")


def put(columns: Columns, events: list[Event]) -> int:
    """Take in events behind all that is there; the number of the last one before them."""
    before = columns.applied()
    columns.apply(
        [
            Change(before + place, before + place, 1, encode_event(event).decode())
            for place, event in enumerate(events, start=1)
        ]
    )
    return before


def found(columns: Columns, condition, before: int) -> list[str]:
    here = And((Compare(Field("arrival"), ">", before), condition))
    return columns.run(Select((Field("id"),), here), Stopper()).first()


@settings(
    max_examples=900, deadline=None, suppress_health_check=list(HealthCheck), derandomize=False
)
@given(
    events=st.lists(EVENTS, min_size=2, max_size=5), texts=st.lists(FILTERS, min_size=2, max_size=4)
)
def test_sql_and_python_find_the_same_events(columns, events, texts):
    before = put(columns, events)
    for text in texts:
        try:
            condition = LANGUAGE.parse(text)
        except BadExpression as error:
            pytest.fail(f"{text}\n{error.message}")
        expected = [event.id for event in events if matches(condition, event)]
        assert found(columns, condition, before) == expected, text
