"""Restores: the old or the new, never half of each, and nothing taken for another. Ends half way."""

from __future__ import annotations

import errno
import http.client
import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from tests.backups import config_of, facts_of, quiet, some_data
from tests.builders import a_write, an_event
from tests.sending import pipeline_of
from tests.serving import Server, unmeasured

from runwell.backup import NoBackup, make, read
from runwell.config import Config
from runwell.datadir import DataLock, HalfRestored, InUse, Store
from runwell.protocols.base import discover
from runwell.restore import NotRestored, restore
from runwell.store.ledger import open_ledger, schema
from runwell.store.ledger.copies import NUMBERS_OF_A_LIFE
from runwell.store.ledger.schema import migrations


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return some_data(tmp_path / "data")


@pytest.fixture
def made(data: Path, tmp_path: Path) -> Path:
    make(config_of(data), tmp_path / "backup", quiet)
    return tmp_path / "backup"


# What restoring leaves


def test_a_restored_ledger_is_another_one_and_counts_on_far_behind_the_old(
    data: Path, made: Path, tmp_path: Path
):
    old = facts_of(data)
    restore(config_of(tmp_path / "new"), made, quiet, force=False)
    identity, events, seq = facts_of(tmp_path / "new")
    assert (identity != old[0], events, seq) == (True, old[1], NUMBERS_OF_A_LIFE)
    assert (tmp_path / "new" / "tokens.json").read_bytes() == (data / "tokens.json").read_bytes()
    make(config_of(tmp_path / "new"), tmp_path / "again", quiet)
    restore(config_of(tmp_path / "newer"), tmp_path / "again", quiet, force=False)
    assert facts_of(tmp_path / "newer")[1:] == (old[1], 2 * NUMBERS_OF_A_LIFE)


def test_a_ledger_of_the_first_version_is_served_after_a_restore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(schema, "migrations", lambda: migrations()[:1])
    (tmp_path / "data").mkdir()
    open_ledger(f"sqlite:///{tmp_path}/data/ledger.sqlite").close()
    monkeypatch.undo()
    make(config_of(tmp_path / "data"), tmp_path / "backup", quiet)
    restore(config_of(tmp_path / "new"), tmp_path / "backup", quiet, force=False)
    assert facts_of(tmp_path / "new")[1:] == (0, NUMBERS_OF_A_LIFE)


def test_old_columns_are_not_the_restored_ledgers(data: Path, made: Path, tmp_path: Path):
    with Server(data, ("--open",)) as server:
        server.until_ready()
    shutil.copy(data / "columns.duckdb", tmp_path / "old.duckdb")
    restore(config_of(data), made, quiet, force=True)
    assert not list(data.glob("columns*"))
    elsewhere = Config(data=str(data), columns=f"duckdb:///{tmp_path}/old.duckdb")
    store = Store(elsewhere, discover())
    assert store.columns.applied() == 0  # made anew
    store.close()


def test_who_followed_the_old_ledger_misses_nothing_of_the_new_one(tmp_path: Path):
    def send(server: Server, number: int) -> None:
        assert server.ask("POST", *pipeline_of(str(number))).status == 200

    data = tmp_path / "data"
    with Server(data) as server:
        send(server, 1)
        make(config_of(data), tmp_path / "backup", quiet)
        for number in (2, 3):
            send(server, number)
        events = server.get(
            "/-/api/events?fields=seq&limit=1&order_by=seq desc".replace(" ", "%20")
        )
        seen = events["events"][0]["seq"]
    restore(config_of(data), tmp_path / "backup", quiet, force=True)
    with Server(data) as server:
        for number in range(4, 8):
            send(server, number)
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
        connection.request(
            "GET", "/-/api/tail?fields=kind,id", headers={"Last-Event-ID": str(seen)}
        )
        answer = connection.getresponse()
        found, deadline = set(), time.monotonic() + 30
        while len(found) < 4:
            assert time.monotonic() < deadline, found
            line = answer.readline()
            if line.startswith(b"data:") and b'"pipeline"' in line:
                found.add(json.loads(line[5:])["id"])
        connection.close()
        assert found == {"4", "5", "6", "7"}
        export = server.ask("GET", "/-/api/export?format=ndjson&fields=kind,id").body
        assert export.count(b'"pipeline"') == 5


def test_a_ledger_that_is_there_is_refused_or_moved_aside_whole(
    data: Path, made: Path, tmp_path: Path
):
    before = facts_of(data)
    with pytest.raises(NotRestored, match="holds a ledger"):
        restore(config_of(data), made, quiet, force=False)
    assert facts_of(data) == before
    restore(config_of(data), made, quiet, force=True)
    (aside,) = data.glob("before-restore-*")
    assert facts_of(aside) == before
    assert (aside / "tokens.json").exists()
    assert facts_of(data)[0] != before[0]


def test_a_directory_in_use_is_left_alone(data: Path, made: Path):
    lock = DataLock(data)
    with pytest.raises(InUse):
        restore(config_of(data), made, quiet, force=True)
    lock.release()
    assert not list(data.glob("before-restore-*"))


def test_a_ledger_elsewhere_is_saved_and_restored_to_its_place(tmp_path: Path):
    some_data(tmp_path / "disk", token=False)
    url = f"sqlite:///{tmp_path}/disk/ledger.sqlite"
    config = Config(data=str(tmp_path / "data"), ledger=url)
    (tmp_path / "data").mkdir()
    make(config, tmp_path / "backup", quiet)
    restore(config, tmp_path / "backup", quiet, force=True)
    assert sorted(item.name for item in (tmp_path / "data").iterdir() if item.is_file()) == ["lock"]
    assert len(list((tmp_path / "disk").glob("before-restore-*/ledger.sqlite"))) == 1


def test_no_room_is_said_before_anything_is_written(
    data: Path, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1024))
    with pytest.raises(NoBackup, match="MiB are needed and 0 MiB are free; make room"):
        make(config_of(data), tmp_path / "new", quiet)
    assert not (tmp_path / "new").exists()


def test_an_event_may_be_anything_and_is_the_same_after_a_restore(tmp_path: Path):
    data = tmp_path / "data"
    fields = {"payload": '{"a": "\\u0000 é 🙂"}', "name": "x" * 5_000}
    event = an_event("strange", **fields)
    ledger = open_ledger(f"sqlite:///{data}/ledger.sqlite")
    ledger.commit([[a_write("strange", **fields)]], 1)
    ledger.close()
    make(config_of(data), tmp_path / "backup", quiet)
    restore(config_of(tmp_path / "new"), tmp_path / "backup", quiet, force=False)
    ledger = open_ledger(f"sqlite:///{tmp_path}/new/ledger.sqlite")
    assert ledger.get(event.key) == event
    ledger.close()


def test_a_restore_without_room_leaves_everything_as_it_was(
    data: Path, made: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = facts_of(data)
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(NotRestored, match="No space left on device"):
        restore(config_of(data), made, quiet, force=True)
    assert facts_of(data) == before
    assert not (data / ".restore.part").exists()
    DataLock(data).release()


# Disasters half way. One process imports once; children of it die at their k-th step.


DYING = """
    import os, signal, sys
    from pathlib import Path
    import apsw
    from runwell import backup, restore
    from runwell.config import Config
    from runwell.store.ledger import copies

    copies.STEP_PAGES = 8
    copies.REST = 0
    what, data, folder = sys.argv[1:4]
    config = Config(data=data)

    def quiet(*_):
        pass

    def dying(function, left):
        def call(*args, **kwargs):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)
        return call

    def act(step):
        left = [step]
        os.fsync = dying(os.fsync, left)
        os.fdatasync = dying(os.fdatasync, left)
        Path.rename = dying(Path.rename, left)
        Path.unlink = dying(Path.unlink, left)
        restore.delete_columns = dying(restore.delete_columns, left)
        if what == "backup":
            backup.make(config, Path(folder), dying(quiet, left))
        else:
            restore.restore(config, Path(folder), quiet, force=True)

    for line in sys.stdin:
        child = os.fork()
        if not child:
            act(int(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print("killed" if os.WIFSIGNALED(status) else "done", flush=True)
"""


class Dying:
    """Runs a backup or a restore that dies at its k-th step."""

    def __init__(self, what: str, data: Path, folder: Path) -> None:
        command = [sys.executable, "-c", textwrap.dedent(DYING), what, str(data), str(folder)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=unmeasured(),
        )

    def step(self, number: int) -> bool:
        """Whether it died."""
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        word = self.process.stdout.readline().strip()
        assert word in ("killed", "done")
        return word == "killed"

    def __enter__(self) -> Dying:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        assert self.process.wait(30) == 0
        self.process.stdout.close()


def test_a_backup_that_dies_leaves_nothing_that_is_called_a_backup(data: Path, tmp_path: Path):
    to, step = tmp_path / "backup", 1
    before = facts_of(data)
    with Dying("backup", data, to) as dying:
        while dying.step(step):
            if to.exists():  # it was whole before
                read(to, quiet)
                shutil.rmtree(to)
            step += 1
    assert step > 10
    assert read(to, quiet).ledger.events == before[1]
    assert not (tmp_path / ".backup.part").exists()
    assert facts_of(data) == before


def test_a_restore_that_dies_leaves_the_old_or_the_new_or_says_so(tmp_path: Path):
    data = some_data(tmp_path / "data", 3)
    old = facts_of(data)
    other = some_data(tmp_path / "other", 9)
    make(config_of(other), tmp_path / "backup", quiet)
    seen, step = set(), 1
    with Dying("restore", data, tmp_path / "backup") as dying:
        while dying.step(step):
            step += 1
            try:
                store = Store(config_of(data), discover())
            except HalfRestored:
                seen.add("said")
                continue  # the next one finishes it, or dies
            count, identity = store.ledger.count(), store.ledger.identity
            store.close()
            seen.add("old" if identity == old[0] else "new")
            assert count in (old[1], 9)
    assert facts_of(data)[1] == 9
    assert {"old", "said"} <= seen
    asides = [
        facts_of(folder)
        for folder in data.glob("before-restore-*/")
        if (folder / "ledger.sqlite").exists()
    ]
    assert old in asides  # nothing was deleted


def can_mount(folder: Path) -> bool:
    if os.geteuid() != 0 or not shutil.which("mount"):
        return False
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_disk_that_gets_full_half_way_ends_the_backup_and_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    data = some_data(tmp_path / "data", 1_500)
    disk = tmp_path / "disk"
    if not can_mount(disk):
        pytest.skip("a small disk is mounted by root only")
    try:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2**40))
        with (
            Server(data, ("--open",)) as server,
            pytest.raises(NoBackup, match=r"no space left|No space left"),
        ):
            make(config_of(data), disk / "backup", quiet)
        assert server.process.returncode == 0
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert not (data / "last-backup.json").exists()
