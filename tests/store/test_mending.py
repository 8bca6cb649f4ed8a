"""Damaged columns are noticed at the first read, made anew from the ledger, and right again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from tests.builders import a_write

from runwell.errors import BadQuery, NotCaughtUp
from runwell.query.select import count_events
from runwell.store.columns import Columns, open_columns
from runwell.store.columns.base import ColumnsRoomless, SQLLimits, Stopper
from runwell.store.columns.damage import is_damage
from runwell.store.columns.mending import OPENED_AGAIN_MAX, MendingColumns
from runwell.store.columns.relations import make_views
from runwell.store.ledger import Ledger, open_ledger
from runwell.store.projector import Projector

EVENTS = 3_000
LIMITS = SQLLimits(10**6, 10**9)
ALL = "SELECT id, payload FROM events ORDER BY id"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    opened.commit([[a_write(str(n), payload=f'"{n * 7919}"' * 9)] for n in range(EVENTS)], 1)
    yield opened
    opened.close()


def columns_of(ledger: Ledger, folder: Path) -> Columns:
    return open_columns(f"duckdb:///{folder}/columns.duckdb", ledger.identity, threads=1)


def fill(ledger: Ledger, columns: Columns) -> None:
    projector = Projector(ledger, columns, rows_max=1_000, delay_seconds=0)
    while projector.step():
        pass


def test_damage_is_mended_while_the_server_runs_and_the_answers_are_right(
    ledger: Ledger, tmp_path: Path, capsys
):
    columns = columns_of(ledger, tmp_path)
    fill(ledger, columns)
    sound = columns.sql(ALL, (), LIMITS, Stopper()).rows
    columns.close()
    file = tmp_path / "columns.duckdb"
    content = bytearray(file.read_bytes())
    content[content.index(b"7919") + 20] ^= 1  # in the texts of the payloads
    file.write_bytes(content)

    columns = columns_of(ledger, tmp_path)
    projector = Projector(ledger, columns, rows_max=1_000, delay_seconds=0)
    projector.start()
    try:
        assert until_answered(projector, columns) == sound
    finally:
        projector.stop()
        columns.close()
    said = capsys.readouterr().err
    assert [said.count(f'"columns_{what}"') for what in ("unreadable", "damaged")] == [1, 1]


@pytest.mark.parametrize("reason", ["No space left on device", "the engine does not say why"])
def test_only_for_want_of_room_sound_columns_are_not_given_up_at_the_start(
    reason: str, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    columns = columns_of(ledger, tmp_path)
    fill(ledger, columns)
    columns.close()
    failures = [duckdb.TransactionException(f"Failed to commit: {reason}")]

    def make_views_later(*given) -> None:
        if failures:
            raise failures.pop()
        make_views(*given)

    monkeypatch.setattr("runwell.store.columns.duckdb.make_views", make_views_later)
    if "space" in reason:
        with pytest.raises(ColumnsRoomless, match="make some"):
            columns_of(ledger, tmp_path)
    columns = columns_of(ledger, tmp_path)
    assert columns.applied() == (EVENTS if "space" in reason else 0)
    columns.close()


def until_answered(projector: Projector, columns: Columns) -> list[tuple]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            projector.wait(EVENTS, 5)
            return columns.sql(ALL, (), LIMITS, Stopper()).rows
        except NotCaughtUp:
            pass
    raise AssertionError("it was never mended")


class Engine:
    """Columns that fail as they are told."""

    def __init__(self, failures: list[duckdb.Error]) -> None:
        self.failures = failures
        self.closed = False
        self.holds = 0
        self.asked = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def run(self, _query, _stopper):
        self.asked.set()
        assert self.gate.wait(30)
        if self.failures:
            raise self.failures.pop(0)
        return "an answer"

    def applied(self) -> int:
        return self.holds

    def close(self) -> None:
        self.closed = True
        raise duckdb.FatalException("cannot be closed either")


CORRUPT = duckdb.Error("Corrupt database file: computed checksum 1 does not match 2")
FATAL = duckdb.FatalException("database has been invalidated because of a previous fatal error")


class Made:
    """Engines one after the other, and how often their file was deleted."""

    def __init__(self, failures: list[duckdb.Error]) -> None:
        self.failures = failures
        self.engines: list[Engine] = []
        self.deleted = 0
        self.mending = MendingColumns(self.make, self.delete)

    def make(self) -> Engine:
        self.engines.append(Engine(self.failures))
        return self.engines[-1]

    def delete(self) -> None:
        self.deleted += 1

    def ask(self) -> str:
        return self.mending.run(count_events(None), Stopper())


def test_nothing_is_answered_between_the_damage_and_its_repair():
    made = Made([CORRUPT])
    for _ in range(3):
        with pytest.raises(NotCaughtUp, match="made anew"):
            made.ask()
    assert made.mending.is_damaged
    made.mending.mend()
    assert (made.ask(), made.deleted, made.engines[0].closed) == ("an answer", 1, True)
    made.mending.mend()  # nothing to do
    assert (len(made.engines), made.mending.times_mended) == (2, 1)


def test_an_engine_that_gave_up_is_opened_again_and_only_then_its_file_deleted():
    made = Made([FATAL] * (OPENED_AGAIN_MAX + 1))
    for _ in range(OPENED_AGAIN_MAX + 1):
        assert made.deleted == 0
        with pytest.raises(NotCaughtUp):
            made.ask()
        made.mending.mend()
    assert (made.ask(), made.deleted) == ("an answer", 1)


def test_what_was_asked_wrongly_is_no_damage():
    made = Made([duckdb.ConversionException("checksum corrupt")])
    with pytest.raises(duckdb.ConversionException):
        made.ask()
    assert not made.mending.is_damaged
    assert not is_damage(duckdb.IOException("No space left on device"))


def test_columns_that_were_made_anew_answer_once_they_hold_what_they_held():
    made = Made([CORRUPT])
    made.engines[0].holds = 7
    with pytest.raises(NotCaughtUp):
        made.ask()
    made.mending.mend()
    made.engines[1].holds = 6
    with pytest.raises(NotCaughtUp):  # who waited for change 7 before must not be told of 6
        made.ask()
    made.engines[1].holds = 7
    assert made.ask() == "an answer"


def test_the_repair_waits_for_who_still_asks():
    made = Made([])
    slow = made.engines[0]
    slow.gate.clear()
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(made.ask()))
    asking.start()
    assert slow.asked.wait(30)
    made.mending._damage = CORRUPT
    mending = threading.Thread(target=made.mending.mend)
    mending.start()
    mending.join(0.1)
    assert mending.is_alive()
    slow.gate.set()
    mending.join(30)
    asking.join(30)
    assert (answers, len(made.engines)) == (["an answer"], 2)


def test_a_file_that_is_damaged_at_the_opening_is_made_anew():
    failing = [CORRUPT]

    def make() -> Engine:
        if failing:
            raise failing.pop()
        return Engine([])

    deleted: list[bool] = []
    mending = MendingColumns(make, lambda: deleted.append(True))
    assert (mending.run(count_events(None), Stopper()), deleted) == ("an answer", [True])


def test_sql_of_a_user_cannot_make_the_columns_seem_damaged(ledger: Ledger, tmp_path: Path):
    columns = columns_of(ledger, tmp_path)
    for text in ("SELECT corrupt FROM events", "SELECT CAST('corrupt checksum' AS INTEGER)"):
        with pytest.raises(BadQuery):
            columns.sql(text, (), LIMITS, Stopper())
    assert not columns.is_damaged
    columns.close()
