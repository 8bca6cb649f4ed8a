"""Columns that a crash left behind, or that were killed while they were made: the answers equal.

DuckDB takes no file system of ours, so a power cut is played with what it leaves: an older file, a
log that is cut off, torn or gone, a log beside another file than its own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from threading import Event as Alarm

from tests.builders import a_write, remove
from tests.serving import unmeasured

from runwell.config import Config
from runwell.datadir import Store
from runwell.model import Write
from runwell.model.writes import replace
from runwell.protocols.base import discover
from runwell.store.columns import Columns, open_columns
from runwell.store.columns.base import SQLLimits, Stopper
from runwell.store.ledger import Ledger, open_ledger
from runwell.store.projector import Projector

EVENTS = 600
IMAGES = 24
MANY = 20_000
KILLS = 4
ROWS_AT_ONCE = 100
LIMITS = SQLLimits(100_000, 1 << 28)
COLUMNS, LOG = "columns.duckdb", "columns.duckdb.wal"
Image = dict[str, bytes]


def write_some(ledger: Ledger, chance: Random, events: int) -> None:
    """New events, replaced and removed ones."""
    for _ in range(events // 20):
        ids = [str(chance.randrange(EVENTS)) for _ in range(20)]
        rules = chance.choices([replace, remove], [5, 1], k=20)
        writes: list[Write] = [
            a_write(id_, rule, name=str(chance.random()), payload=chance.randbytes(300).hex())
            for id_, rule in zip(ids, rules, strict=True)
        ]
        ledger.commit([writes], chance.randrange(1_000_000))


def project(ledger: Ledger, folder: Path) -> Iterator[Image]:
    """The columns' files after each batch, as they are while the process lives."""
    url = f"duckdb:///{folder / COLUMNS}"
    with closing(open_columns(url, ledger.identity, threads=1)) as columns:
        projector = Projector(ledger, columns, rows_max=ROWS_AT_ONCE, delay_seconds=0)
        while projector.step():
            yield {file.name: file.read_bytes() for file in folder.glob(f"{COLUMNS}*")}


def answers(ledger: Ledger, folder: Path) -> list[tuple]:
    """What questions find once the columns have caught up."""
    url = f"duckdb:///{folder / COLUMNS}"
    with closing(open_columns(url, ledger.identity, threads=1)) as columns:
        projector = Projector(ledger, columns, rows_max=10_000, delay_seconds=0)
        while projector.step():
            pass
        return rows(columns)


def rows(columns: Columns) -> list[tuple]:
    text = "SELECT seq, arrival, received, id, name, payload FROM events ORDER BY arrival"
    return [tuple(row) for row in columns.sql(text, [], LIMITS, Stopper()).rows]


def crashed(images: list[Image], chance: Random) -> Image:
    """Some files of some moments, of which the log may be cut off, torn or gone."""
    image = dict(chance.choice(images))
    if (log := chance.choice(images).get(LOG)) and chance.random() < 0.3:
        image[LOG] = log  # of another moment than the file
    log = image.get(LOG, b"")
    if log and chance.random() < 0.7:
        match chance.randrange(4):
            case 0:
                del image[LOG]
            case 1:
                image[LOG] = log[: chance.randrange(len(log))]
            case 2:
                place = chance.randrange(len(log))
                image[LOG] = (
                    log[:place] + bytes(min(4_096, len(log) - place)) + log[place + 4_096 :]
                )
            case 3:
                place = chance.randrange(len(log)) // 512 * 512
                image[LOG] = log[:place] + bytes(len(log) - place)
    if chance.random() < 0.1:
        image[COLUMNS] = image[COLUMNS][: chance.randrange(len(image[COLUMNS]))]
    return image


def test_whatever_a_crash_leaves_of_the_columns_the_answers_are_the_same(tmp_path: Path):
    chance = Random(20261121)
    live, images = tmp_path / "live", []
    with closing(open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")) as ledger:
        for _ in range(4):  # with a clean end in between
            write_some(ledger, chance, EVENTS)
            images += list(project(ledger, live))
            images.append({COLUMNS: (live / COLUMNS).read_bytes()})
        write_some(ledger, chance, EVENTS)  # newer than any columns
        wanted = answers(ledger, tmp_path / "fresh")
        assert len(wanted) > EVENTS / 2
        assert any(LOG in image for image in images)
        for number in range(IMAGES):
            folder = tmp_path / str(number)
            folder.mkdir()
            for name, content in crashed(images, chance).items():
                (folder / name).write_bytes(content)
            assert answers(ledger, folder) == wanted, number
            shutil.rmtree(folder)


def caught_up(data: Path) -> list[tuple]:
    """As the server does when it starts."""
    with closing(Store(Config(data=str(data)), discover())) as store:
        while store.projector.step():
            pass
        return rows(store.columns)


def test_columns_whose_making_was_killed_are_made_to_the_end_by_the_next_start(tmp_path: Path):
    chance = Random(20261121)
    data = tmp_path / "data"
    with closing(open_ledger(f"sqlite:///{data}/ledger.sqlite")) as ledger:
        for start in range(0, MANY, 1_000):
            ids = range(start, start + 1_000)
            ledger.commit([[a_write(str(id_), payload=f"[{id_}]") for id_ in ids]], 1)
    wanted = caught_up(data)
    assert len(wanted) == MANY
    for number in range(KILLS):
        words = ["doctor", "--rebuild"] if number % 2 else ["serve", "--port", "0"]
        if words[0] == "serve":  # which makes them because there are none
            for file in data.glob(f"{COLUMNS}*"):
                file.unlink()
        command = [sys.executable, "-m", "runwell", *words, "--data", str(data)]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=unmeasured()
        ) as process:
            Alarm().wait(chance.uniform(0.4, 1.4))
            process.kill()
        assert caught_up(data) == wanted, number
