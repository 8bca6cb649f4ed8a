"""The SQLite ledger: its schema is numbered, checked and never half; its commits are whole."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest
from tests.builders import a_write, an_event, remove

from runwell.errors import DiskFull
from runwell.model import Kind, Write, replace
from runwell.store.ledger import open_ledger, schema, sqlite
from runwell.store.ledger.base import SchemaTooNew, encode_event
from runwell.store.ledger.schema import migrate, migrations


def schema_of(connection: apsw.Connection) -> list[tuple]:
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name")
    return rows.fetchall()


def test_migrations_are_numbered_from_one_without_gaps():
    numbers = [number for number, _ in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_migrating_again_changes_nothing(tmp_path: Path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    ledger.close()
    connection = apsw.Connection(str(tmp_path / "ledger.sqlite"))
    before = schema_of(connection)
    migrate(connection)
    assert schema_of(connection) == before
    connection.close()


def test_a_ledger_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    open_ledger(f"sqlite:///{path}").close()
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA user_version = 99").fetchall()
    connection.close()

    with pytest.raises(SchemaTooNew, match=r"schema 99.*restore a backup"):
        open_ledger(f"sqlite:///{path}")
    connection = apsw.Connection(str(path))
    assert connection.execute("PRAGMA user_version").fetchone() == (99,)
    connection.close()


def test_a_migration_that_fails_leaves_the_schema_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    broken = [
        *migrations(),
        (len(migrations()) + 1, "CREATE TABLE half (a); CREATE TABLE half (a);"),
    ]
    monkeypatch.setattr(schema, "migrations", lambda: broken)

    with pytest.raises(apsw.SQLError):
        open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    monkeypatch.undo()
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    assert ledger.check() == []
    ledger.close()


def test_the_ledger_is_written_through_to_the_disk_at_every_commit(tmp_path: Path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    full = 2
    assert ledger._writer.execute("PRAGMA synchronous").fetchone() == (full,)
    assert ledger._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    ledger.close()


def test_a_commit_that_the_disk_refuses_stores_nothing_and_the_next_one_works(tmp_path: Path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    ledger.commit([[a_write("before")]], 1)
    (pages,) = ledger._writer.execute("PRAGMA page_count").fetchone()
    ledger._writer.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    with pytest.raises(DiskFull, match="nothing was stored"):
        ledger.commit([[a_write("large", payload="x" * 100_000)], [a_write("small")]], 1)
    assert (ledger.count(), ledger.last_seq(), ledger.last_committed) == (1, 1, 1)

    ledger._writer.execute("PRAGMA max_page_count = 1000000").fetchall()
    ledger.commit([[a_write("after")]], 1)
    assert [change.seq for change in ledger.changes(0, 9)] == [1, 2]
    assert ledger.check() == []
    ledger.close()


def test_a_ledger_of_the_first_version_is_brought_up_to_date_with_its_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    monkeypatch.setattr(schema, "migrations", lambda: migrations()[:1])
    session = {
        "source": "pytest_monitor",
        "chain": "h",
        "kind": Kind.SESSION,
        "payload": '{"a": 1}',
    }
    before = [an_event("old", metrics={"m": 0.1}), an_event("h", scope="sessions", **session)]
    old = open_ledger(url)
    for seq, event in enumerate(before, 1):
        old._writer.execute(
            "INSERT INTO event (seq, arrival, received, key, document) VALUES (?, ?, 1, ?, ?)",
            (seq, seq, event.key, encode_event(event).decode()),
        )
    old.close()
    monkeypatch.undo()
    looked_at = open_ledger(url, upgrade=False)
    assert (looked_at.count(), looked_at.check()) == (2, [])
    assert looked_at._writer.execute("PRAGMA user_version").fetchone() == (1,)
    looked_at.close()

    ledger = open_ledger(url)
    moved = an_event("h", scope="h", **session)  # sessions went to where their tests are
    assert [ledger.get(event.key) for event in (before[0], moved)] == [before[0], moved]
    assert ledger.get(before[1].key) is None
    ledger.commit([[a_write("old", remove)], [a_write("new")]], 2)
    assert (ledger.count(), ledger.last_seq(), ledger.check()) == (2, 4, [])
    ledger.close()


def test_a_ledger_of_the_second_version_keeps_its_events_and_learns_of_owners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    monkeypatch.setattr(schema, "migrations", lambda: migrations()[:2])
    before = [an_event("result"), an_event("run"), an_event("run", attempt=2)]
    old = open_ledger(url)
    for seq, event in enumerate(before, 1):
        first = an_event("run").key if event.attempt == 2 else None
        old._writer.execute(
            "INSERT INTO event (seq, arrival, received, key, document, first)"
            " VALUES (?, ?, 1, ?, ?, ?)",
            (seq, seq, event.key, encode_event(event).decode(), first),
        )
    old.close()
    monkeypatch.undo()
    looked_at = open_ledger(url, upgrade=False)
    assert looked_at.get(before[2].key) == before[2]
    assert (looked_at.count(), looked_at.check()) == (3, [])
    assert looked_at._writer.execute("PRAGMA user_version").fetchone() == (2,)
    looked_at.close()

    ledger = open_ledger(url)
    assert [ledger.get(event.key) for event in before] == before
    owned = [a_write("run", replace, owner="result", attempt=2), a_write("new", owner="result")]
    ledger.commit([owned], 2)
    ledger.commit([[Write(an_event("result"), remove, with_owned=True)]], 3)
    assert [ledger.get(event.key) for event in before] == [None, before[1], None]
    assert (ledger.count(), ledger.last_seq(), ledger.check()) == (1, 8, [])
    ledger.close()


def test_owned_events_are_found_by_an_index(tmp_path: Path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    plan = ledger._writer.execute(f"EXPLAIN QUERY PLAN {sqlite.OWNED}", {"keys": "[]"}).fetchall()
    assert any("INDEX event_owner" in row[-1] for row in plan), plan
    ledger.close()


def test_a_single_event_is_read_while_changes_are(tmp_path: Path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    ledger.commit([[a_write("a")]], 1)
    with ledger._reading:  # as `changes` holds it
        assert ledger.get(an_event("a").key) == an_event("a")
    ledger.close()
