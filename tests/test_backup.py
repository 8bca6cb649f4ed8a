"""Backups: whole or not there, and all that was acknowledged before they began."""

from __future__ import annotations

import json
import shutil
import stat
import threading
import time
from pathlib import Path

import apsw
import msgspec
import pytest
from tests.backups import config_of, facts_of, quiet, some_data
from tests.builders import a_write, an_event
from tests.sending import RECORDS, RESULT, RESULTS, Sender, pipeline_of, stored
from tests.serving import Server, run_cli

from runwell import backup
from runwell.backup import BadBackup, Manifest, NoBackup, make, read
from runwell.datadir import DataLock
from runwell.restore import restore
from runwell.store.ledger import copies, open_ledger
from runwell.store.ledger.base import SchemaTooNew, encode_event
from runwell.store.ledger.sqlite import migrate
from runwell.vitals import Stamp

WRITERS = 6
BACKUPS = 2
ASKED = (
    "/api/v1/metrics/?per_page=500",
    "/api/v1/metrics/count",
    "/-/api/summary?group_by=source&group_by=kind&order_by=source",
    "/-/api/events?limit=200&fields=source,scope,id,attempt,payload,arrival",
    f"{RECORDS}?page_size=100",
    "/api/v1/event/?tag=value:2",
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return some_data(tmp_path / "data")


@pytest.fixture
def made(data: Path, tmp_path: Path) -> Path:
    make(config_of(data), tmp_path / "backup", quiet)
    return tmp_path / "backup"


# Under load


def p99(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.99)]


def test_a_backup_under_load_holds_everything_acknowledged_before_it_began(tmp_path: Path, capsys):
    stop = threading.Event()
    sure: list[set[tuple[str, str]]] = []
    spans: list[tuple[float, float]] = []
    with Server(tmp_path / "data") as server:
        assert server.ask("POST", RESULTS, RESULT).status == 200
        senders = [Sender(server, 10 + number, stop, 0.004) for number in range(WRITERS)]
        began = time.monotonic()
        for sender in senders:
            sender.start()
        for number in range(BACKUPS):
            stop.wait(0.5)
            sure.append({name for sender in senders for name in list(sender.acknowledged)})
            started = time.monotonic()
            to = str(tmp_path / f"backup{number}")
            done = run_cli("backup", to, "--data", str(server.data), "--verify")
            assert done.returncode == 0, done.stderr
            spans.append((started, time.monotonic()))
        stop.set()
        for sender in senders:
            sender.join()
        assert [sender.refused for sender in senders if sender.refused] == []
        everything = {name for sender in senders for name in sender.acknowledged}
        done = run_cli("backup", str(tmp_path / "last"), "--data", str(server.data))
        assert done.returncode == 0, done.stderr
        expected = [server.ask("GET", path).body for path in ASKED]
    assert 0 < len(sure[0]) < len(sure[-1]) < len(everything)

    for number, names in enumerate([*sure, everything]):
        folder = tmp_path / (f"backup{number}" if number < BACKUPS else "last")
        done = run_cli("restore", str(folder), "--data", str(tmp_path / f"new{number}"))
        assert done.returncode == 0, done.stderr
        with Server(tmp_path / f"new{number}") as restored:
            restored.until_ready()
            there = stored(restored)
            assert names <= there <= everything
            if number == BACKUPS:
                assert [restored.ask("GET", path).body for path in ASKED] == expected
    took = [item for sender in senders for item in sender.took]
    during = [s for at, s in took if any(first <= at <= last for first, last in spans)]
    alone = [s for at, s in took if at < spans[0][0] and at > began]
    with capsys.disabled():
        figures = {"backups": BACKUPS + 1, "acknowledged": len(everything), "lost": 0}
        figures |= {
            "p99_ms": round(p99(alone) * 1e3, 1),
            "p99_ms_meanwhile": round(p99(during) * 1e3, 1),
        }
        print(f"\nbackup under load: {json.dumps(figures)}")
    # the promise is three times; a machine that does other things as well gets a floor
    assert p99(during) < max(3 * p99(alone), 0.5)


# What a backup is


def test_a_backup_says_what_it_holds_and_only_its_owner_reads_it(data: Path, tmp_path: Path):
    to = tmp_path / "some" / "where" / "backup"
    manifest = make(config_of(data), to, quiet, reads_back=True)
    identity, events, seq = facts_of(data)
    assert (manifest.ledger.identity, manifest.ledger.events, manifest.ledger.seq) == (
        identity,
        events,
        seq,
    )
    assert sorted(file.name for file in to.iterdir()) == [
        "ledger.sqlite",
        "manifest.json",
        "tokens.json",
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in to.iterdir()} == {0o600}
    assert stat.S_IMODE(to.stat().st_mode) == 0o700
    assert read(to, quiet) == manifest
    assert [item.name for item in to.parent.iterdir()] == ["backup"]
    stamp = msgspec.json.decode((data / "last-backup.json").read_bytes(), type=Stamp)
    assert time.time() - 60 < stamp.made < time.time()
    assert stamp.bytes > events * 2_000


def test_nothing_is_overwritten_and_nothing_is_made_of_nothing(data: Path, tmp_path: Path):
    (tmp_path / "there").mkdir()
    with pytest.raises(NoBackup, match="exists"):
        make(config_of(data), tmp_path / "there", quiet)
    with pytest.raises(NoBackup, match="holds no ledger"):
        make(config_of(tmp_path / "nowhere"), tmp_path / "new", quiet)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["data", "there"]


def test_two_backups_to_one_place_do_not_meet(data: Path, tmp_path: Path):
    found: list[str] = []

    def second(*_: object) -> None:
        if not found:
            with pytest.raises(NoBackup, match="another backup is writing it") as error:
                make(config_of(data), tmp_path / "backup", quiet)
            found.append(str(error.value))

    make(config_of(data), tmp_path / "backup", second)
    assert len(found) == 1
    read(tmp_path / "backup", quiet)


def test_a_directory_that_may_only_be_read_is_backed_up_without_a_stamp(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(_self: Path, _content: bytes) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    make(config_of(data), tmp_path / "backup", quiet)
    assert not (data / "last-backup.json").exists()


@pytest.mark.parametrize("name", ["ledger.sqlite", "tokens.json", "manifest.json"])
def test_a_backup_that_lost_a_file_is_refused(name: str, made: Path, tmp_path: Path):
    (made / name).unlink()
    with pytest.raises(BadBackup, match=name):
        restore(config_of(tmp_path / "new"), made, quiet, force=False)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("place", [20, 5_000, 60_000, -1])
def test_a_backup_with_one_wrong_byte_is_refused(place: int, made: Path, tmp_path: Path):
    content = bytearray((made / "ledger.sqlite").read_bytes())
    content[place] ^= 1
    (made / "ledger.sqlite").write_bytes(content)
    with pytest.raises(BadBackup, match="not what was written"):
        restore(config_of(tmp_path / "new"), made, quiet, force=False)
    assert not (tmp_path / "new").exists()


def forge(made: Path, **changes: object) -> None:
    """Make the manifest fit what is there, but for these."""
    known = msgspec.json.decode((made / "manifest.json").read_bytes(), type=Manifest)
    files = {name: backup._seen(made / name, quiet) for name in known.files}
    forged = msgspec.structs.replace(known, **{"files": files, **changes})
    (made / "manifest.json").write_bytes(msgspec.json.encode(forged))


def test_a_ledger_that_was_damaged_before_it_was_saved_is_refused(made: Path):
    content = bytearray((made / "ledger.sqlite").read_bytes())
    content[20_000:40_000] = bytes(20_000)
    (made / "ledger.sqlite").write_bytes(content)
    forge(made)
    with pytest.raises(BadBackup):
        read(made, quiet)


def test_a_manifest_of_another_ledger_or_format_is_refused(made: Path):
    other = msgspec.structs.replace(backup.read_manifest(made).ledger, seq=7)
    forge(made, ledger=other)
    with pytest.raises(BadBackup, match="is not the ledger that the manifest tells of"):
        read(made, quiet)
    forge(made, format=2)
    with pytest.raises(BadBackup, match="reads format 1, not 2"):
        read(made, quiet)
    forge(made, format=1, files={"../ledger.sqlite": backup.File(1, "")})
    with pytest.raises(BadBackup, match="it tells of"):
        read(made, quiet)


def test_a_backup_of_a_newer_version_is_refused(made: Path, tmp_path: Path, monkeypatch):
    (made / "ledger.sqlite").write_bytes(
        with_schema((made / "ledger.sqlite"), 99, tmp_path / "work")
    )
    forge(made)
    with pytest.raises((SchemaTooNew, BadBackup)):
        restore(config_of(tmp_path / "new"), made, quiet, force=False)


def with_schema(file: Path, number: int, work: Path) -> bytes:
    ledger = open_ledger(f"sqlite:///{shutil.copy(file, work)}")
    ledger._writer.execute(f"PRAGMA user_version = {number}").fetchall()
    ledger.close()
    return work.read_bytes()


def test_only_the_newest_are_kept_and_only_what_is_ours_is_removed(data: Path, tmp_path: Path):
    folder = tmp_path / "backups"
    (folder / "mine").mkdir(parents=True)
    (folder / "runwell-20200101T000000Z").mkdir()  # no backup: it has no manifest
    (folder / ".runwell-20200101T000001Z.part").mkdir()
    names = []
    for number in range(4):
        name = backup.next_name(folder)
        make(config_of(data), name, quiet)
        names.append(name)
        removed = backup.keep_newest(folder, 2, name)
        assert removed == names[number - 2 : number - 1]
    assert sorted(item.name for item in folder.iterdir()) == sorted(
        ["mine", "runwell-20200101T000000Z", names[2].name, names[3].name]
    )


def test_a_new_backup_stays_whatever_a_clock_that_was_ahead_has_dated_later(
    data: Path, tmp_path: Path
):
    names = [tmp_path / "backups" / f"runwell-20{year}0101T000000Z" for year in (20, 21)]
    for name in names:
        make(config_of(data), name, quiet)
    assert backup.keep_newest(tmp_path / "backups", 1, names[0]) == [names[1]]


def test_pages_that_are_only_in_the_log_yet_have_their_checksums_in_the_copy(tmp_path: Path):
    data = tmp_path / "data"
    ledger = open_ledger(f"sqlite:///{data}/ledger.sqlite")
    for number in range(8):  # more pages than a connection keeps, and none in the file
        writes = [a_write(f"{number}-{n}", payload="y" * 3_000) for n in range(200)]
        ledger.commit([writes], 1)
    assert (data / "ledger.sqlite-wal").stat().st_size > 4 * 2**20
    lock = DataLock(data)  # as a server that runs
    make(config_of(data), tmp_path / "backup", quiet, reads_back=True)
    lock.release()
    ledger.close()


def test_a_ledger_without_checksums_is_copied_as_it_is(tmp_path: Path):
    """As an older version left it: the end of each page is not the VFS's to write."""
    file, copied = tmp_path / "old.sqlite", tmp_path / "copy.sqlite"
    connection = apsw.Connection(str(file), vfs="unix")
    connection.pragma("journal_mode", "wal")
    migrate(connection)
    insert = "INSERT INTO event (seq, arrival, received, key, document) VALUES (?, ?, 1, ?, ?)"
    for number in range(1, 2_000):
        event = an_event(str(number), payload="z" * 2_000)
        connection.execute(insert, (number, number, event.key, encode_event(event).decode()))
    connection.close()
    copies.copy_ledger(f"sqlite:///{file}", copied, quiet)
    problems, facts = copies.check_copy(copied)
    assert (problems, facts.events) == ([], 1_999)


def test_a_stopped_ledger_whose_log_is_damaged_is_not_taken_for_whole(tmp_path: Path):
    data = tmp_path / "data"
    server = Server(data).start()
    for number in range(30):
        assert server.ask("POST", *pipeline_of(str(number))).status == 200
    server.kill()
    log = data / "ledger.sqlite-wal"
    content = bytearray(log.read_bytes())
    content[len(content) // 3] ^= 1
    log.write_bytes(content)
    before = {file.name: file.read_bytes() for file in data.glob("ledger.sqlite*")}
    with pytest.raises(NoBackup, match="log is damaged; ask `runwell doctor`"):
        make(config_of(data), tmp_path / "backup", quiet)
    assert not (tmp_path / "backup").exists()
    assert log.read_bytes() == before["ledger.sqlite-wal"]


def test_a_ledger_that_cannot_be_read_is_said_so(data: Path, tmp_path: Path):
    content = bytearray((data / "ledger.sqlite").read_bytes())
    content[3 * 4096 : 4 * 4096] = bytes(4096)
    (data / "ledger.sqlite").write_bytes(content)
    with pytest.raises(NoBackup, match="the ledger cannot be read"):
        make(config_of(data), tmp_path / "backup", quiet)
    (data / "ledger.sqlite").write_bytes(b"no ledger at all, but long enough to be looked at " * 99)
    with pytest.raises(NoBackup, match="the ledger cannot be read"):
        make(config_of(data), tmp_path / "backup", quiet)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["data"]


def test_what_is_written_wrong_is_found_before_it_is_called_a_backup(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def forgetful(file: Path, content: bytes) -> None:
        write(file, content)
        if file.name == "manifest.json":
            ledger = file.with_name("ledger.sqlite")
            ledger.write_bytes(ledger.read_bytes()[:-1])

    write = backup.write_private
    monkeypatch.setattr(backup, "write_private", forgetful)
    with pytest.raises(BadBackup, match="is not what was written"):
        make(config_of(data), tmp_path / "backup", quiet, reads_back=True)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["data"]
