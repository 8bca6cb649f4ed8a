"""A life of a ledger, recorded: what was done to its files, and what it had promised when.

Run as a process, because the recording VFS becomes the default of the whole process:

    python -m tests.crash.history FOLDER OUT --seed 7 [--synchronous NORMAL]

The ledger in FOLDER may be there already: made by an older version, or left by a power cut.
"""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path
from random import Random

import apsw
from tests.crash.disk import Marked
from tests.crash.promises import Delta, History, State, difference, state_of
from tests.crash.recording import RecordingVFS

from runwell.errors import BadQuery
from runwell.model import Event, Kind, Status, Write, keep_stored
from runwell.model.writes import replace
from runwell.observe import LEVELS, log
from runwell.store.ledger import Ledger, open_ledger, sqlite

NAMES = 150
SIZES = (10, 10, 200, 200, 3_000, 60_000)


def remove(stored: Event | None, incoming: Event) -> None:
    return


def refuse(stored: Event | None, incoming: Event) -> Event:
    raise BadQuery("refused by its rule")


def one_more(attempts: list[Event], incoming: Event) -> list[Event]:
    return [*attempts, incoming]


def a_request(chance: Random) -> list[Write]:
    """A few writes: new, repeated, replaced, removed with what they own, attempts; or refused."""
    writes = [_a_write(chance) for _ in range(chance.randrange(1, 6))]
    if chance.random() < 0.1:
        writes.append(Write(_an_event(chance), refuse))
    return writes


def _a_write(chance: Random) -> Write:
    event = _an_event(chance)
    match chance.randrange(6):
        case 0:
            return Write(event, keep_stored)
        case 1:
            return Write(event, remove, with_owned=True)
        case 2:
            return Write(event, attempts=one_more)
    return Write(event, replace)


def _an_event(chance: Random) -> Event:
    owner = str(chance.randrange(NAMES // 10)) if chance.random() < 0.3 else ""
    return Event(
        source="cut",
        scope="power",
        id=str(chance.randrange(NAMES)),
        owner=owner,
        kind=Kind.JOB,
        status=Status.SUCCEEDED,
        payload=chance.randbytes(chance.choice(SIZES) // 2).hex(),
    )


class Life:
    """Opens, commits, checkpoints and closes, and marks on the tape what it has promised."""

    def __init__(self, folder: Path, seed: int, synchronous: str) -> None:
        self.url = f"sqlite:///{folder}/ledger.sqlite"
        self.file = folder / "ledger.sqlite"
        self.chance = Random(seed)
        self.synchronous = synchronous
        self.vfs = RecordingVFS(folder)
        self.files = {file.name: file.read_bytes() for file in sorted(folder.iterdir())}
        self.deltas: list[Delta] = []
        self.identity = ""
        self.first: State = {}
        self.now: State = {}
        self.received = 1_000_000

    def mark(self, begun: int) -> None:
        self.vfs.tape.append(Marked(begun, len(self.deltas), is_open=True))

    def live(self, segments: int, commits: int) -> History:
        for segment in range(segments):
            ledger = open_ledger(self.url)
            self.prepare(ledger)
            if segment == 0:
                self.identity, self.first = ledger.identity, state_of(ledger)
                self.now = self.first
            assert state_of(ledger) == self.now
            self.mark(len(self.deltas))
            observer = apsw.Connection(str(self.file))
            for _ in range(self.chance.randrange(1, commits)):
                self.commit(ledger)
                self.watch(observer)
            observer.close()
            ledger.close()
        return self.until_now()

    def until_now(self) -> History:
        return History(self.files, self.vfs.tape, self.identity, self.first, self.deltas)

    def prepare(self, ledger: Ledger) -> None:
        """Small bounds, so that what happens once in thousands of commits happens often."""
        assert sqlite.CHECKPOINT_PAGES
        sqlite.CHECKPOINT_PAGES = self.chance.choice((10, 40, 150))
        size = self.chance.choice((0, 40_000, 64 * 1024 * 1024))
        for sql in (
            f"PRAGMA journal_size_limit = {size}",
            f"PRAGMA synchronous = {self.synchronous}",
        ):
            ledger._writer.execute(sql).fetchall()

    def commit(self, ledger: Ledger) -> None:
        requests = [a_request(self.chance) for _ in range(self.chance.randrange(1, 6))]
        self.received += 1
        self.mark(len(self.deltas) + 1)
        if self.chance.random() < 0.1:
            ledger.forget(self.received - 5, ledger.last_seq(), 10)
        else:
            assert len(ledger.commit(requests, self.received)) == len(requests)
        after = state_of(ledger)
        self.deltas.append(difference(self.now, after))
        self.now = after
        self.mark(len(self.deltas))

    def watch(self, observer: apsw.Connection) -> None:
        """A question that takes long keeps the log from being started anew, for a while."""
        if observer.in_transaction:
            if self.chance.random() < 0.2:
                observer.execute("COMMIT")
        elif self.chance.random() < 0.1:
            observer.execute("BEGIN")
            observer.execute("SELECT count(*) FROM event").fetchall()


def main() -> None:
    log.least = LEVELS["error"]
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--synchronous", default="FULL")
    parser.add_argument("--segments", type=int, default=3)
    parser.add_argument("--commits", type=int, default=40)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    life = Life(asked.folder, asked.seed, asked.synchronous)
    asked.out.write_bytes(pickle.dumps(life.live(asked.segments, asked.commits)))


if __name__ == "__main__":
    main()
