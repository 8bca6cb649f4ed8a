"""Random operations on every pair of engines against a plain-Python store."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.store.engines import COLUMNS, LEDGERS
from tests.store.strategies import BATCHES, FILTERS, OWNING_BATCHES, PlainStore

from runwell.errors import Conflict
from runwell.filter import Field, matches
from runwell.model import Status
from runwell.query import Count, Order, Select, Summary, count_events
from runwell.store.columns import Stopper
from runwell.store.ledger.base import decode_event
from runwell.store.projector import Projector

PAIRS = list(itertools.product(sorted(LEDGERS), sorted(COLUMNS)))


class StoreMachine(RuleBasedStateMachine):
    """Commits, projects, restarts, loses its columns; must always answer what the plain store does."""

    pair: tuple[str, str]

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="runwell-test-"))
        self.plain = PlainStore()
        self.clean = True
        self._open()

    def _open(self) -> None:
        self.ledger = LEDGERS[self.pair[0]](self.folder)
        self.columns = COLUMNS[self.pair[1]](self.folder, self.ledger.identity)
        self.projector = Projector(self.ledger, self.columns, rows_max=3, delay_seconds=0)

    @rule(batch=BATCHES)
    def commit(self, batch) -> None:
        answers = self.ledger.commit(batch, 1)
        shown = [
            [written.outcome for written in answer] if isinstance(answer, list) else type(answer)
            for answer in answers
        ]
        assert shown == self.plain.commit(batch)
        self.clean = False

    @rule()
    def project_one_batch(self) -> None:
        self.projector.step()

    @rule()
    def restart(self) -> None:
        self._close()
        self._open()

    @rule()
    def lose_the_columns(self) -> None:
        self._close()
        for file in self.folder.glob("columns*"):
            file.unlink()
        self._open()
        self.clean = False

    @rule(condition=FILTERS)
    def ask(self, condition) -> None:
        self._catch_up()
        everything = self.plain.arrived()
        expected = [event for event in everything if matches(condition, event, everything)]
        listed = self.columns.run(Select((Field("id"), Field("attempt")), condition), Stopper())
        assert listed.rows == [(event.id, event.attempt) for event in expected]
        assert self.columns.run(count_events(condition), Stopper()).scalar() == len(expected)

    @rule(condition=st.none() | FILTERS)
    def summarize(self, condition) -> None:
        self._catch_up()
        everything = self.plain.arrived()
        found = [
            event for event in everything if not condition or matches(condition, event, everything)
        ]
        query = Summary(("total", "failed", "total_duration"), (Field("name"),), condition)
        rows = self.columns.run(query, Stopper()).rows
        totals = Counter(event.name for event in found)
        assert {name: total for name, total, *_ in rows} == totals
        assert sum(row[2] for row in rows) == sum(e.status is Status.FAILED for e in found)
        assert sum(row[3] or 0 for row in rows) == sum(event.duration or 0 for event in found)

    @rule()
    def list_distinct_names(self) -> None:
        self._catch_up()
        distinct = Select((Field("name"),), distinct=True)
        expected = list(dict.fromkeys(event.name for event in self.plain.arrived()))
        assert self.columns.run(distinct, Stopper()).first() == expected
        assert self.columns.run(Count(distinct), Stopper()).scalar() == len(expected)

    @rule(limit=st.integers(1, 5), offset=st.integers(0, 5))
    def page(self, limit: int, offset: int) -> None:
        self._catch_up()
        order = (Order(Field("duration"), descending=True),)
        select = Select((Field("id"),), None, order, limit=limit, offset=offset)
        arrived = self.plain.arrived()
        missing = [event for event in arrived if event.duration is None]
        there = [event for event in arrived if event.duration is not None]
        expected = sorted(there, key=lambda event: -event.duration) + missing
        ids = [event.id for event in expected[offset : offset + limit]]
        assert self.columns.run(select, Stopper()).first() == ids

    def _catch_up(self) -> None:
        while self.columns.applied() < self.ledger.last_seq():
            self.projector.step()
        self.clean = True

    @invariant()
    def the_ledger_holds_what_it_should(self) -> None:
        if hasattr(self, "ledger"):
            rows = [
                (change.seq, change.arrival, change.document and decode_event(change.document))
                for change in self.ledger.changes(0, 1000)
            ]
            assert [(*row[:2], row[2] or None) for row in rows] == self.plain.changes()
            assert self.ledger.count() == len(self.plain.arrived())
            assert self.ledger.check() == []

    @precondition(lambda self: getattr(self, "clean", False))
    @invariant()
    def columns_that_caught_up_hold_every_event(self) -> None:
        applied = self.columns.run(Select((Field("seq"),)), Stopper()).first()
        there = [row for row in self.plain.events.values() if row[2]]
        expected = [row[0] for row in sorted(there, key=lambda row: row[1])]
        if self.columns.applied() == self.plain.seq:
            assert applied == expected

    def _close(self) -> None:
        self.columns.close()
        self.ledger.close()

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self._close()
            shutil.rmtree(self.folder)


@pytest.mark.parametrize("pair", PAIRS, ids=["+".join(pair) for pair in PAIRS])
def test_the_store_behaves_like_a_dictionary_that_never_forgets(pair: tuple[str, str]):
    machine = type("Machine", (StoreMachine,), {"pair": pair})
    case = machine.TestCase
    case.settings = settings(
        max_examples=60,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    case("runTest").runTest()


@pytest.mark.parametrize("engine", sorted(LEDGERS))
@given(batches=st.lists(OWNING_BATCHES, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_owners_are_removed_with_what_they_own_as_from_a_dictionary(engine: str, batches):
    plain = PlainStore()
    with tempfile.TemporaryDirectory(prefix="runwell-test-") as folder:
        ledger = LEDGERS[engine](Path(folder))
        for batch in batches:
            answers = ledger.commit(batch, 1)
            shown = [
                [written.outcome for written in answer] if isinstance(answer, list) else Conflict
                for answer in answers
            ]
            assert shown == plain.commit(batch)
            rows = [
                (c.seq, c.arrival, decode_event(c.document) if c.document else None)
                for c in ledger.changes(0, 1000)
            ]
            assert rows == plain.changes()
        ledger.close()
