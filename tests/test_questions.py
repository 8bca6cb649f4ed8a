"""Questions: they see what was acknowledged, end in time, and do not pile up."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
from typing import Any

import pytest

from runwell.config import Config
from runwell.errors import NotCaughtUp, Overloaded, QueryTooLong
from runwell.observe import Counters
from runwell.query import Rows, count_events
from runwell.questions import Questions
from runwell.store.columns.base import SQLLimits

EMPTY = Rows((), [])


class FakeProjector:
    """Announces `committed`; remembers who waited for what."""

    def __init__(self) -> None:
        self.committed = 7
        self.waited: list[tuple[int, float]] = []
        self.behind = False

    def wait(self, seq: int, timeout_seconds: float) -> None:
        self.waited.append((seq, timeout_seconds))
        if self.behind:
            raise NotCaughtUp


class FakeColumns:
    """A question runs until it is interrupted or `release` is set."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.running = threading.Semaphore(0)
        self.hold = False

    def run(self, _query, stopper) -> Rows:
        interrupted = threading.Event()
        stopper.attach(lambda: (interrupted.set(), self.release.set()))
        self.running.release()
        if self.hold:
            assert self.release.wait(30)
        stopper.detach()
        if interrupted.is_set():
            raise QueryTooLong
        return EMPTY

    def sql(self, _text, _params, _limits, stopper) -> Rows:
        return self.run(None, stopper)


def run(scenario, **settings: Any) -> Counters:
    counters = Counters()

    async def main() -> None:
        columns, projector = FakeColumns(), FakeProjector()
        config = dataclasses.replace(Config(), **settings)
        questions = Questions(columns, projector, counters, config)
        try:
            await scenario(questions, columns, projector)
        finally:
            columns.release.set()
            questions.close()

    asyncio.run(main())
    return counters


def outcomes(counters: Counters) -> dict[str, float]:
    return {
        labels[0][1]: value
        for name, labels, value in counters.samples()
        if name == "runwell_questions_total"
    }


def test_a_question_waits_for_what_was_acknowledged_before_it():
    async def scenario(questions, _columns, projector):
        assert await questions.run(count_events(None)) is EMPTY
        projector.committed = 9
        await questions.sql("SELECT 1", [], SQLLimits(1, 1))
        assert projector.waited == [(7, 5.0), (9, 5.0)]

    assert outcomes(run(scenario)) == {"answered": 2}


def test_a_question_that_takes_too_long_is_interrupted():
    async def scenario(questions, columns, _projector):
        columns.hold = True
        with pytest.raises(QueryTooLong):
            await questions.run(count_events(None))

    assert outcomes(run(scenario, query_seconds_max=0.02)) == {"QueryTooLong": 1}


def test_a_question_behind_the_columns_is_told_to_come_back():
    async def scenario(questions, _columns, projector):
        projector.behind = True
        with pytest.raises(NotCaughtUp) as refusal:
            await questions.run(count_events(None))
        assert refusal.value.retry_after_seconds

    run(scenario)


def test_questions_beyond_the_bound_are_refused_and_the_rest_answered():
    async def scenario(questions, columns, _projector):
        columns.hold = True
        tasks = [asyncio.create_task(questions.run(count_events(None))) for _ in range(3)]
        await asyncio.get_running_loop().run_in_executor(None, columns.running.acquire)
        with pytest.raises(Overloaded):
            await questions.run(count_events(None))
        columns.release.set()
        assert await asyncio.gather(*tasks) == [EMPTY] * 3
        assert await questions.run(count_events(None)) is EMPTY

    run(scenario, query_threads=1, query_waiting_max=2)


def test_a_slow_question_is_logged_in_bounds_and_without_the_values_in_its_sql(capsys):
    async def scenario(questions, columns, _projector):
        columns.release.set()
        text = f"SELECT 'secret''s' AS a, {'b, ' * 300} c"
        await questions.sql(text, (), SQLLimits(1, 1))
        await questions.run(count_events(None))

    run(scenario, slow_question_seconds=0.000_001)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["slow_question"] * 2
    assert lines[0]["asked"].startswith("SELECT '...' AS a, b, b")
    assert len(lines[0]["asked"]) < 520
    assert lines[0]["outcome"] == "answered"
    assert "advice" in lines[0]


def test_nothing_is_slow_where_nothing_may_be(capsys):
    async def scenario(questions, columns, _projector):
        await questions.run(count_events(None))

    run(scenario, slow_question_seconds=0)
    run(scenario)
    assert capsys.readouterr().err == ""
