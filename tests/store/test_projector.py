"""The projector: exactly once, in order, visible when asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.builders import a_write

from runwell.errors import NotCaughtUp
from runwell.filter import Field
from runwell.model import replace
from runwell.query import Select, count_events
from runwell.store.columns import Columns, Stopper, open_columns
from runwell.store.ledger import Ledger
from runwell.store.projector import Projector

NEVER_SECONDS = 3600.0
PLENTY_SECONDS = 30.0


@pytest.fixture
def columns(open_some_columns: Callable[..., Columns], ledger: Ledger) -> Iterator[Columns]:
    opened = open_some_columns(ledger.identity)
    yield opened
    opened.close()


@pytest.fixture
def projector(ledger: Ledger, columns: Columns) -> Iterator[Projector]:
    following = Projector(ledger, columns, rows_max=10, delay_seconds=NEVER_SECONDS)
    following.start()
    yield following
    following.stop()


def commit(ledger: Ledger, projector: Projector, *ids: str) -> int:
    ledger.commit([[a_write(id_, replace) for id_ in ids]], 1)
    projector.announce(ledger.last_committed)
    return ledger.last_committed


def ids(columns: Columns) -> list[str]:
    return columns.run(Select((Field("id"),)), Stopper()).first()


def test_a_reader_who_waits_sees_what_was_committed(ledger, columns, projector):
    for number in range(5):
        projector.wait(commit(ledger, projector, str(number)), PLENTY_SECONDS)
        assert len(ids(columns)) == number + 1


def test_changes_gather_until_somebody_asks(ledger, columns, projector):
    seq = commit(ledger, projector, "a")
    assert columns.applied() == 0  # nobody asked and the delay is long

    projector.wait(seq, PLENTY_SECONDS)
    assert (columns.applied(), projector.applied, projector.committed) == (1, 1, 1)


def test_a_full_batch_goes_over_unasked(ledger, columns, projector):
    applied = threading.Event()
    original = columns.apply

    def apply_and_tell(changes):
        original(changes)
        applied.set()

    columns.apply = apply_and_tell
    commit(ledger, projector, *map(str, range(10)))
    assert applied.wait(PLENTY_SECONDS)


def test_what_is_there_at_the_start_goes_over_unasked(ledger, columns):
    ledger.commit([[a_write(str(number)) for number in range(35)]], 1)
    projector = Projector(ledger, columns, rows_max=10, delay_seconds=NEVER_SECONDS)
    projector.start()
    projector.wait(35, PLENTY_SECONDS)
    projector.stop()
    assert len(ids(columns)) == 35


def test_a_reader_does_not_wait_for_ever(ledger, columns):
    idle = Projector(ledger, columns, rows_max=10, delay_seconds=0)  # not started
    ledger.commit([[a_write("a")]], 1)
    with pytest.raises(NotCaughtUp, match="change 0 of 1"):
        idle.wait(1, 0.01)


def test_who_waits_for_a_projector_that_ends_is_told_at_once(ledger, columns):
    stopped = Projector(ledger, columns, rows_max=10, delay_seconds=NEVER_SECONDS)
    stopped.start()
    stopped.stop()
    began = time.monotonic()
    with pytest.raises(NotCaughtUp):
        stopped.wait(1, 30)
    assert time.monotonic() - began < 10


def test_a_batch_that_fails_is_tried_again_and_nothing_is_doubled(
    ledger, columns, projector, monkeypatch
):
    monkeypatch.setattr("runwell.store.projector.RETRY_SECONDS", 0)
    original, failures = columns.apply, iter([OSError("full"), OSError("full")])

    def apply_or_fail(changes):
        for failure in failures:
            raise failure
        original(changes)

    columns.apply = apply_or_fail
    projector.wait(commit(ledger, projector, "a", "b"), PLENTY_SECONDS)
    assert ids(columns) == ["a", "b"]


def test_a_batch_that_fails_half_way_leaves_the_columns_as_they_were(ledger, columns):
    ledger.commit([[a_write("a"), a_write("b")]], 1)
    changes = ledger.changes(0, 10)
    broken = changes[1]._replace(document='{"source": "test"}')

    with pytest.raises(Exception, match="NOT NULL"):
        columns.apply([changes[0], broken])
    assert (columns.applied(), ids(columns)) == (0, [])
    columns.apply(changes)
    assert (columns.applied(), ids(columns)) == (2, ["a", "b"])


def test_a_payload_that_is_no_json_does_not_stop_the_projector(ledger, columns, projector):
    ledger.commit([[a_write("a", payload="not json"), a_write("b", payload="{}")]], 1)
    projector.announce(2)
    projector.wait(2, PLENTY_SECONDS)
    rows = columns.run(Select((Field("id"), Field("payload"))), Stopper()).rows
    assert rows == [("a", None), ("b", "{}")]


@pytest.mark.parametrize("damage", ["delete", "garbage", "truncate"])
def test_columns_that_are_lost_or_broken_are_made_anew_from_the_ledger(
    ledger: Ledger, tmp_path: Path, damage: str
):
    url = f"duckdb:///{tmp_path}/derived.duckdb"
    ledger.commit([[a_write(str(number)) for number in range(25)]], 1)
    first = open_columns(url, ledger.identity)
    Projector(ledger, first, rows_max=1000, delay_seconds=0).step()
    before = first.run(Select((Field("id"), Field("seq"), Field("time"))), Stopper()).rows
    first.close()

    file = tmp_path / "derived.duckdb"
    match damage:
        case "delete":
            file.unlink()
        case "garbage":
            file.write_bytes(b"not a database" * 1000)
        case "truncate":
            file.write_bytes(file.read_bytes()[:5000])

    again = open_columns(url, ledger.identity)
    assert again.run(count_events(None), Stopper()).scalar() == 0
    Projector(ledger, again, rows_max=1000, delay_seconds=0).step()
    after = again.run(Select((Field("id"), Field("seq"), Field("time"))), Stopper()).rows
    assert after == before
    again.close()


def test_a_commit_comes_whole_unless_it_is_larger_than_a_batch(ledger: Ledger, columns: Columns):
    for received, count in ((1, 2), (2, 2), (3, 7), (4, 1)):
        ledger.commit([[a_write(f"{received}-{n}") for n in range(count)]], received)
    projector = Projector(ledger, columns, rows_max=3, delay_seconds=0)
    steps = []
    while projector.step():
        steps.append(columns.applied())
    assert steps == [2, 4, 7, 10, 12]
