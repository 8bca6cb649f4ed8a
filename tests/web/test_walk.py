"""The walk: each number once, in order, in windows that fit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwell.errors import Overloaded, QueryTooLong, TooLarge
from runwell.web import walk as module
from runwell.web.walk import START, Pace, Piece, Span, walk


class Numbers:
    """Answers windows of some numbers, each with a size; remembers what it was asked."""

    def __init__(self, numbers: Sequence[int], size: int = 1, size_max: int = 2**62) -> None:
        self.numbers = sorted(numbers)
        self.size = size
        self.size_max = size_max
        self.asked: list[Span] = []
        self.refusals: list[Exception | None] = []

    async def __call__(self, window: Span, rows_max: int) -> Piece:
        self.asked.append(window)
        if self.refusals and (error := self.refusals.pop(0)):
            raise error
        found = [n for n in self.numbers if window.first <= n <= window.last]
        found = (found[::-1] if window.descending else found)[:rows_max]
        if len(found) * self.size > self.size_max:
            raise TooLarge
        reached = found[-1] if len(found) == rows_max else None
        content = b"".join(b"%d," % number for number in found)
        return Piece(len(found), len(found) * self.size, content, reached)


def walked(numbers: Numbers, span: Span, pace: Pace | None = None) -> list[int]:
    async def main() -> list[Piece]:
        return [piece async for piece in walk(numbers, span, pace or Pace(1_000, 10**6), 1.0)]

    pieces = asyncio.run(main())
    assert pieces, "one answer at least: it has the columns"
    return [int(word) for piece in pieces for word in piece.content.split(b",") if word]


@given(
    st.sets(st.integers(1, 3_000), max_size=300),
    st.integers(1, 50),
    st.integers(1, 200),
    st.booleans(),
)
def test_each_number_comes_once_and_in_order(
    numbers: set[int], rows_max: int, bytes_max: int, descending: bool
):
    source = Numbers([*numbers], size=7, size_max=350)
    found = walked(source, Span(1, 2_000, descending), Pace(rows_max, bytes_max))
    assert found == sorted((n for n in numbers if n <= 2_000), reverse=descending)


def test_an_empty_span_is_asked_once():
    source = Numbers([1, 2])
    assert walked(source, Span(1, 0)) == []
    assert len(source.asked) == 1


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("gap", [900_000, 10**12])
def test_windows_grow_over_gaps_and_a_crowd_behind_one_is_asked_for_in_parts(
    gap: int, descending: bool
):
    source = Numbers([*range(5_000), *range(gap, gap + 5_000)])
    pace = Pace(1_000, 10**6)
    assert len(walked(source, Span(0, gap + 10**6, descending), pace)) == 10_000
    assert len(source.asked) < 120
    widths = [window.last - window.first + 1 for window in source.asked]
    assert max(widths) > gap / 4
    crowded = [w for w, window in zip(widths, source.asked, strict=True) if window.first < 4_000]
    assert sum(width > 40 * 1_000 for width in crowded) <= 1  # the one that met the crowd


def test_large_rows_make_small_answers():
    source = Numbers([*range(1, 2_001)], size=10_000)
    answers: list[int] = []

    async def ask(window: Span, rows_max: int) -> Piece:
        piece = await source(window, rows_max)
        answers.append(piece.size)
        return piece

    async def main() -> int:
        pieces = walk(ask, Span(1, 2_000), Pace(5_000, 100_000), 0)
        return sum([piece.rows async for piece in pieces])

    assert asyncio.run(main()) == 2_000
    assert answers[0] == START * 10_000  # nothing is known before
    assert max(answers[1:]) <= 100_000


def test_a_slow_window_makes_the_next_one_smaller():
    pace = Pace(1_000, 10**6)
    pace.note(Piece(0, 0, b""), seconds=2.0)
    assert pace.width == START // 2
    pace.note(Piece(0, 0, b""), seconds=0.3)  # neither slow nor quick
    assert pace.width == START // 2
    pace.note(Piece(0, 0, b""), seconds=0.0)
    assert pace.width == START


def test_what_is_too_much_is_asked_for_in_parts_and_a_single_number_is_refused():
    source = Numbers([*range(1, 400)], size=10, size_max=50)
    assert walked(source, Span(1, 400)) == [*range(1, 400)]
    with pytest.raises(TooLarge):
        walked(Numbers([1], size=51, size_max=50), Span(1, 400))
    slow = Numbers([1, 2])
    slow.refusals = [QueryTooLong()]
    assert walked(slow, Span(1, 400)) == [1, 2]


def test_an_overloaded_server_refuses_a_walk_and_delays_one_under_way(monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0)
    refused = Numbers([1])
    refused.refusals = [Overloaded()]
    with pytest.raises(Overloaded):
        walked(refused, Span(1, 1_000))
    delayed = Numbers([1, 999])
    delayed.refusals = [None, Overloaded(), Overloaded()]
    assert walked(delayed, Span(1, 1_000)) == [1, 999]


def test_patience_has_an_end(monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0)
    source = Numbers([1, 999])
    source.refusals = [None, *[Overloaded()] * 100_000]

    async def main() -> None:
        async for _ in walk(source, Span(1, 1_000), Pace(1_000, 10**6), 0.05):
            pass

    with pytest.raises(Overloaded):
        asyncio.run(main())


def test_a_stream_that_was_under_way_before_has_patience_from_the_first_question_on(monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0)
    source = Numbers([1])
    source.refusals = [Overloaded(), Overloaded()]

    async def main() -> int:
        pieces = walk(source, Span(1, 9), Pace(9, 10**6), 60, is_under_way=True)
        return sum([piece.rows async for piece in pieces])

    assert asyncio.run(main()) == 1
