"""Damage to the files of a store, and what becomes of its answers: detected, mended or harmless.

Each case runs in a process of its own, forked from this one: an engine that crashes on what it reads
is an outcome too.

    python -m tests.storage.damage --cases 1000 [--seed 1] [--only columns.duckdb]
"""

from __future__ import annotations

import argparse
import os
import pickle
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.builders import HOUR_US, NOON_US

from runwell.config import Config
from runwell.datadir import Store
from runwell.errors import NotCaughtUp, Unreadable
from runwell.model import Event, Kind, Status, Write
from runwell.model.writes import replace
from runwell.observe import LEVELS, log
from runwell.protocols.base import discover
from runwell.store.columns.base import SQLLimits, Stopper
from runwell.store.ledger.base import LedgerDamaged

EVENTS = 300
PAGE = 4_096
PROTOCOLS = discover()
LIMITS = SQLLimits(10**6, 10**9)
QUESTIONS = (
    "SELECT count(*), count(DISTINCT id), min(id), max(id) FROM events",
    "SELECT kind, status, count(*), sum(epoch_us(started)) FROM events GROUP BY ALL ORDER BY ALL",
    "SELECT id, payload, tags, metrics FROM events ORDER BY id",
    "SELECT name, value, count(*) FROM tags GROUP BY ALL ORDER BY ALL",
    "SELECT name, count(*), sum(value) FROM metrics GROUP BY ALL ORDER BY ALL",
)
FILES = ("ledger.sqlite", "ledger.sqlite-wal", "columns.duckdb", "columns.duckdb.wal")
TRIES = 6
TREE_PAGES = (2, 5, 10, 13)  # how pages of tables and indexes begin

HARMLESS, REFUSED, TOLD = "harmless or mended", "refused at the start", "told when it was read"
WRONG, CRASHED = "WRONG", "CRASHED"


def an_event(number: int, chance: Random) -> Event:
    return Event(
        source="damage",
        scope="tests",
        id=f"{number:06d}",
        kind=Kind.JOB,
        status=chance.choice(list(Status)),
        started=NOON_US + number * HOUR_US // 60,
        tags={"branch": [f"b{number % 17}"], "shard": [str(number % 5)]},
        metrics={"seconds": number / 7},
        payload=f'{{"name": "{chance.randbytes(chance.choice((5, 50, 400, 4_000))).hex()}"}}',
    )


def make(folder: Path) -> None:
    """A store that was killed: much in its files, much in its logs. And one that was closed."""
    chance = Random(1)
    store = open_store(folder / "closed")
    for first in range(0, EVENTS, 100):
        events = [an_event(number, chance) for number in range(first, first + 100)]
        store.ledger.commit([[Write(event, replace)] for event in events], NOON_US)
        store.projector.step()
    store.close()
    shutil.copytree(folder / "closed", folder / "killed")
    store = open_store(folder / "killed")
    for first in range(0, EVENTS, 300):
        events = [an_event(number, chance) for number in range(first, first + 20)]
        store.ledger.commit([[Write(event, replace)] for event in events], NOON_US)
        store.projector.step()
    for name in FILES:
        shutil.copy(folder / "killed" / name, folder / f"copy of {name}")
    store.close()
    shutil.rmtree(folder / "killed")
    (folder / "killed").mkdir()
    for name in FILES:
        (folder / f"copy of {name}").rename(folder / "killed" / name)


def open_store(data: Path) -> Store:
    return Store(Config(data=str(data), columns_threads=1, columns_memory_mib=256), PROTOCOLS)


def answers(data: Path) -> Iterator[Any]:
    """Every event by its key, then every question: a value, or None where none is given."""
    store = open_store(data)
    problems = store.ledger.check_pages()
    if problems:  # the server does so as well, and ends
        raise LedgerDamaged("; ".join(problems))
    for number in range(EVENTS):
        key = Event(source="damage", scope="tests", id=f"{number:06d}").key
        try:
            event = store.ledger.get(key)
        except Unreadable:
            yield None
        else:
            yield event and hash((event.payload, event.status))
    for question in QUESTIONS:
        yield answer(store, question)
    store.close()


def answer(store: Store, question: str) -> Any:
    for _ in range(TRIES):
        try:
            while store.projector.applied < store.projector.committed or store.columns.is_damaged:
                store.projector.step()
            return store.columns.sql(question, (), LIMITS, Stopper()).rows
        except (NotCaughtUp, Unreadable):
            continue
    return None


def flip(content: bytearray, chance: Random) -> None:
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def truncate(content: bytearray, chance: Random) -> None:
    del content[chance.randrange(len(content)) :]


def zero_a_page(content: bytearray, chance: Random) -> None:
    start = chance.randrange(max(1, len(content) // PAGE)) * PAGE
    content[start : start + PAGE] = bytes(len(content[start : start + PAGE]))


def swap_pages(content: bytearray, chance: Random) -> None:
    """Two pages of trees. Parts of two large documents can change places unseen: see the docs."""
    pages = [page for page in range(1, len(content) // PAGE) if content[page * PAGE] in TREE_PAGES]
    if len(pages) < 2:
        flip(content, chance)
        return
    one, other = (page * PAGE for page in chance.sample(pages, 2))
    content[one : one + PAGE], content[other : other + PAGE] = (
        content[other : other + PAGE],
        content[one : one + PAGE],
    )


ANYWHERE = (flip, flip, truncate, zero_a_page)
DAMAGES = {"ledger.sqlite": (*ANYWHERE, swap_pages)}


@dataclass
class Damager:
    """Cases of one seed."""

    folder: Path
    seed: int = 1
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.in_child(lambda: make(self.folder))
        self.sound = {
            kind: self.in_child(lambda kind=kind: self._look(kind)) for kind in ("closed", "killed")
        }

    def _look(self, kind: str) -> list[Any]:
        copy = self.folder / "sound"
        shutil.copytree(self.folder / kind, copy)
        found = list(answers(copy))
        shutil.rmtree(copy)
        assert None not in found
        return found

    def in_child(self, work: Callable[[], Any]) -> Any:
        """What it gives, made in a process of its own; an exception or a signal as such."""
        read, write = os.pipe()
        if (child := os.fork()) == 0:
            os.close(read)
            try:
                log.least = LEVELS["error"] + 1
                result = work()
            except BaseException as error:  # noqa: BLE001 - the parent judges
                result = error
            with os.fdopen(write, "wb") as out:
                try:
                    pickle.dump(result, out)
                except Exception:  # noqa: BLE001 - an exception with something in it
                    pickle.dump(RuntimeError(repr(result)), out)
            os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as received:
            raw = received.read()
        _, status = os.waitpid(child, 0)
        return pickle.loads(raw) if raw else OSError(f"signal {status}")

    def run(self, cases: int, only: str = "") -> None:
        for case in range(cases):
            self.play(self.seed * 1_000_000 + case, only)

    def play(self, case: int, only: str = "") -> None:
        chance = Random(case)
        kind = chance.choice(("closed", "killed"))
        there = [name for name in FILES if (self.folder / kind / name).exists()]
        name = chance.choice([name for name in there if only in ("", name)] or there)
        damage = chance.choice(DAMAGES.get(name, ANYWHERE))
        data = self.folder / "case"
        shutil.copytree(self.folder / kind, data)
        content = bytearray((data / name).read_bytes())
        damage(content, chance)
        (data / name).write_bytes(content)
        found = self.in_child(lambda: list(answers(data)))
        outcome = self._judge(found, self.sound[kind])
        self.outcomes[name, outcome] += 1
        if outcome in (WRONG, CRASHED):
            self.bad.append(
                f"case {case}: {damage.__name__} of {kind} {name}: {outcome}: "
                f"{difference(found, self.sound[kind])}"
            )
        shutil.rmtree(data)

    def _judge(self, found: Any, sound: list[Any]) -> str:
        if isinstance(found, LedgerDamaged):
            return REFUSED
        if isinstance(found, OSError) or not isinstance(found, list):
            return CRASHED
        if found == sound:
            return HARMLESS
        if all(one in (None, other) for one, other in zip(found, sound, strict=True)):
            return TOLD
        return WRONG


def difference(found: Any, sound: list[Any]) -> str:
    """Where two lists of answers part."""
    if not isinstance(found, list):
        return repr(found)[:300]
    for place, (one, other) in enumerate(zip(found, sound, strict=True)):
        if one not in (None, other):
            if isinstance(one, list) and isinstance(other, list):
                rows = [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]]
                return f"answer {place}: {len(one)} for {len(other)} rows, {rows[:1]!r:.400}"
            return f"answer {place}: {one} for {other}"
    return "none"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int)
    parser.add_argument("--only", default="", choices=("", *FILES))
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        damager = Damager(Path(folder), asked.seed)
        if asked.case is None:
            damager.run(asked.cases, asked.only)
        else:
            damager.play(asked.case, asked.only)
    for (name, outcome), count in sorted(damager.outcomes.items()):
        print(f"{count:6} {name}: {outcome}")
    print("\n".join(damager.bad))
    print(f"{time.monotonic() - began:.1f} s")
    return 1 if damager.bad else 0


if __name__ == "__main__":
    sys.exit(main())
