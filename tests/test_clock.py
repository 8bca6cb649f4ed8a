"""The clock: stamps that stand still rather than go back, and jumps that are noticed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runwell.clock import DOUBT_US, HELD_US, SECOND_US, SETTLE_US, Clock
from runwell.observe import Counters

NOON = 1_800_000_000 * SECOND_US
YEAR_US = 365 * 24 * 3_600 * SECOND_US


class Times:
    """A wall clock that can be set and a steady one that only passes; microseconds."""

    def __init__(self, last_stamp: int = 0) -> None:
        self.wall, self.steady = NOON, 5 * SECOND_US
        self.counters = Counters()
        self.clock = Clock(
            self.counters, last_stamp, lambda: self.wall * 1_000, lambda: self.steady * 1_000
        )

    def pass_by(self, us: int) -> None:
        self.wall += us
        self.steady += us

    @property
    def jumps(self) -> float:
        return sum(value for _, _, value in self.counters.samples())


def test_stamps_follow_the_clock():
    times = Times()
    assert times.clock.stamp() == NOON
    times.pass_by(7)
    assert times.clock.stamp() == NOON + 7


def test_a_clock_that_is_set_back_a_little_is_waited_for():
    times = Times()
    assert times.clock.stamp() == NOON
    times.wall -= HELD_US - 1
    assert times.clock.stamp() == NOON + 1  # no two commits share a stamp
    times.pass_by(HELD_US - 1)
    assert times.clock.stamp() == NOON + 2
    times.pass_by(3)
    assert times.clock.stamp() == NOON + 3


def test_a_clock_that_was_far_ahead_is_not_waited_for():
    times = Times()
    times.wall += YEAR_US
    assert times.clock.stamp() == NOON + YEAR_US
    times.wall -= YEAR_US
    assert times.clock.stamp() == NOON


def test_stamps_go_on_from_the_newest_in_the_ledger():
    assert Times(NOON + 9).clock.stamp() == NOON + 10
    assert Times(NOON + HELD_US + 1).clock.stamp() == NOON


@given(st.lists(st.integers(-HELD_US // 8, HELD_US // 8), max_size=8))
def test_no_small_corrections_make_a_stamp_go_back(corrections):
    times = Times()
    stamps = []
    for correction in corrections:
        times.wall += correction
        stamps.append(times.clock.stamp())
    assert stamps == sorted(stamps)


def test_time_that_passes_is_no_jump():
    times = Times()
    for _ in range(1_000):
        times.pass_by(60 * SECOND_US)
        times.wall += SECOND_US // 2  # a clock that is slowly brought right
        assert times.clock.is_settled()
    assert times.jumps == 0


def test_a_jump_unsettles_for_an_hour(capsys):
    for jump in (YEAR_US, -YEAR_US, 61 * SECOND_US):
        times = Times()
        assert times.clock.is_settled()
        times.wall += jump
        assert not times.clock.is_settled()
        times.pass_by(SETTLE_US - 1)
        assert not times.clock.is_settled()
        times.pass_by(1)
        assert times.clock.is_settled()
        assert times.jumps == 1
        assert f'"seconds": {jump // SECOND_US}' in capsys.readouterr().err


def test_a_start_long_after_or_before_the_newest_stamp_unsettles_too():
    for last_stamp in (NOON - DOUBT_US - 1, NOON + DOUBT_US + 1):
        times = Times(last_stamp)
        assert not times.clock.is_settled()
        times.pass_by(SETTLE_US)
        assert times.clock.is_settled()
    for last_stamp in (0, NOON - DOUBT_US, NOON + DOUBT_US):
        assert Times(last_stamp).clock.is_settled()


def test_a_clock_that_is_set_right_again_unsettles_anew():
    times = Times()
    times.wall += YEAR_US
    assert not times.clock.is_settled()
    times.pass_by(SETTLE_US)
    times.wall -= YEAR_US
    assert not times.clock.is_settled()
    assert times.jumps == 2
