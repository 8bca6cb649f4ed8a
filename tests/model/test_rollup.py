"""A roll-up gives back all that it promises to keep of its members."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOON_US, an_event
from tests.store.strategies import EVENTS

from runwell.model import Event, Kind, Status
from runwell.model.rollup import (
    Member,
    is_rollup,
    outline,
    pack,
    rollup_of,
    size_of,
    unpack,
)

MEMBERS = st.lists(
    st.builds(Member, st.integers(1, 2**60), st.integers(0, 2**55), EVENTS), min_size=1, max_size=9
)
as_json = msgspec.json.encode
ROLLUP = rollup_of("test", Kind.TEST, NOON_US, 1)


@given(MEMBERS)
def test_what_was_packed_comes_back(members):
    kept = [member._replace(event=outline(member.event, "*")) for member in members]
    packed = pack(ROLLUP, kept)
    stored = msgspec.json.decode(as_json(packed), type=Event)
    assert unpack(stored) == kept
    assert {
        type(value) for member in unpack(stored) for value in member.event.metrics.values()
    } <= {float}
    assert size_of(stored) == len(kept)


def test_an_outline_has_no_id_and_the_tags_that_are_named():
    event = an_event(
        "1",
        uid="u", chain="c", parent="p", owner="o", sha="s", description="d", memo="m",
        links={"log": "l"}, tags={"team": ["a"], "pr": ["7"]}, status=Status.FAILED, name="n",
    )  # fmt: skip
    kept = an_event("", tags={"team": ["a"]}, status=Status.FAILED, name="n")
    assert outline(event, {"team", "env"}) == kept


def test_only_an_event_without_a_source_is_a_roll_up():
    assert is_rollup(as_json(ROLLUP).decode())
    assert not is_rollup(as_json(an_event(payload='{"source":"",')).decode())
    assert size_of(ROLLUP) == 0


def test_many_like_events_take_few_bytes_each():
    members = [
        Member(
            number * 3,
            NOON_US + number * 1_000,
            an_event(
                "",
                kind=Kind.TEST,
                name=f"test_{number % 50}",
                started=NOON_US + number * 12_345,
                finished=NOON_US + number * 12_345 + 500,
                duration=500,
                metrics={"total_time": 0.0005, "cpu_usage": number / 7},
            ),
        )
        for number in range(1_000)
    ]
    packed = pack(ROLLUP, members)
    assert unpack(packed) == members
    assert len(as_json(packed)) < 50 * len(members)
