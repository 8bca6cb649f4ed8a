"""The rules of events that come by our own API; durations to the microsecond."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import an_event

from runwell.errors import AttemptGap
from runwell.query import FIELDS
from runwell.web.admission import stored_as, to_microseconds, to_writes, with_attempt
from runwell.web.native import NativeEvent
from runwell.web.values import seconds


def test_what_only_rules_read_outlives_a_replacement():
    stored = an_event(memo="m", owner="o", client="c")
    new = an_event(name="new")
    assert stored_as(stored, new) == an_event(name="new", memo="m", owner="o")
    assert stored_as(stored, an_event()) is stored


def test_an_unknown_event_is_stored_as_it_comes():
    event = an_event()
    assert stored_as(None, event) is event


def test_a_known_attempt_is_replaced_and_the_others_stay():
    attempts = [an_event(), an_event(attempt=2), an_event(attempt=3)]
    after = with_attempt(attempts, an_event(name="new"), number=2)
    assert after == [attempts[0], an_event(attempt=2, name="new"), attempts[2]]
    assert after[0] is attempts[0]


@pytest.mark.parametrize(("known", "number"), [(0, 2), (1, 3), (3, 9)])
def test_a_gap_in_attempts_is_refused(known: int, number: int):
    attempts = [an_event(attempt=place) for place in range(1, known + 1)]
    with pytest.raises(AttemptGap, match=f"attempt {known + 1} is the next"):
        with_attempt(attempts, an_event(), number=number)


@given(st.integers(-(2**33) * 10**6, 2**33 * 10**6))  # 272 years
def test_a_shown_duration_is_read_as_the_microseconds_that_it_was(us: int):
    assert to_microseconds(seconds(us)) == us


def test_a_time_without_a_zone_is_in_the_zone_of_the_settings():
    sent = NativeEvent(source="s", scope="", id="1", started="2026-07-01T12:00:00")
    (write,) = to_writes([sent], {}, ZoneInfo("Europe/Berlin"), "")
    (same,) = to_writes(
        [msgspec.structs.replace(sent, started="2026-07-01T10:00:00Z")], {}, ZoneInfo("UTC"), ""
    )
    assert write.event == same.event


def test_every_field_that_is_shown_can_be_sent():
    assert set(NativeEvent.__struct_fields__) >= set(FIELDS)
