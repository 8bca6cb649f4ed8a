"""No event can stop the projector: what columns cannot take in is refused before the queue."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders import an_event

from runwell.errors import BadEvent
from runwell.model.bounds import LATEST_END_US, check_event
from runwell.store.columns import open_columns
from runwell.store.ledger import Change
from runwell.store.ledger.base import encode_event


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"started": -1}, "started"),
        ({"created": LATEST_END_US}, "created"),
        ({"queued": 2**63}, "queued"),
        ({"finished": -(2**63)}, "finished"),
        ({"duration": 2**63}, "duration"),
        ({"attempt": 2**31}, "attempt"),
        ({"attempt": -1}, "attempt"),
        ({"tags": {str(n): [] for n in range(129)}}, "tags"),
        ({"tags": {"x" * 129: []}}, "tags"),
        ({"tags": {"k": ["x" * 8193]}}, "tags.k"),
        ({"tags": {"k": ["é" * 4097]}}, "tags.k"),
    ],
)
def test_what_is_beyond_the_bounds_is_named(fields: dict, pointer: str):
    with pytest.raises(BadEvent) as refusal:
        check_event(an_event(**fields), 128, 128, 8192)
    assert refusal.value.pointer == pointer


EDGES = st.sampled_from([0, 1, LATEST_END_US - 1]) | st.none()
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    EDGES,
    st.sampled_from([-(2**63), 0, 2**63 - 1]),
    st.sampled_from([0, 2**31 - 1]),
    TEXTS,
    st.floats(allow_nan=False, allow_infinity=False),
)
@settings(max_examples=40, deadline=None)
def test_what_is_within_the_bounds_reaches_the_columns(started, duration, attempt, text, number):
    event = an_event(
        text,
        started=started,
        finished=started,
        duration=duration,
        attempt=attempt,
        name=text,
        tags={text: [text]},
        metrics={text: number},
        payload="{}",
    )
    check_event(event, 128, 128, 8192)
    columns = open_columns("duckdb:///:memory:", "ledger", threads=1)
    columns.apply([Change(1, 1, 1, encode_event(event).decode())])
    assert columns.applied() == 1
    columns.close()


def test_four_thousand_letters_of_two_bytes_are_within_the_bound():
    check_event(an_event(tags={"k": ["é" * 4096]}), 128, 128, 8192)
