"""A store full of events, made through the project's own ledger and projector."""

from __future__ import annotations

import random
import time
from pathlib import Path

from rich.progress import track

from runwell.model import Event, Kind, Status, Write
from runwell.protocols.base import discover
from runwell.store.columns import open_columns
from runwell.store.columns.base import Additions
from runwell.store.ledger import open_ledger
from runwell.store.projector import Projector

BEGIN_US = 1_767_225_600_000_000  # 2026-01-01
STATUSES = [Status.SUCCEEDED] * 17 + [Status.FAILED] * 2 + [Status.CANCELLED]
BATCH = 2_000


def an_event(number: int, chance: random.Random) -> Event:
    duration = int(chance.lognormvariate(4, 1) * 1_000_000)
    started = BEGIN_US + number * 30_000_000
    payload = f'{{"number": {number}, "text": "{"x" * 400}"}}'
    return Event(
        source="bench",
        scope=f"project-{number % 50}",
        id=str(number),
        kind=Kind.PIPELINE,
        name=f"pipeline-{number % 200}",
        pipeline=f"pipeline-{number % 200}",
        status=chance.choice(STATUSES),
        started=started,
        finished=started + duration,
        duration=duration,
        metrics={"cpu": chance.random(), "memory": chance.random() * 1000},
        tags={"team": [f"team-{number % 7}"], "runner": [f"runner-{number % 31}"]},
        payload=payload,
    )


def _additions() -> Additions:
    """What the server adds to its columns: with anything else it would make them anew."""
    protocols = discover()
    return Additions(
        [protocol.views for protocol in protocols if protocol.views],
        [path for protocol in protocols for path in protocol.paths],
    )


def fill(data: Path, count: int) -> float:
    """Make a data directory with `count` events; rows/s of the projector."""
    ledger = open_ledger(f"sqlite:///{data}/ledger.sqlite")
    chance = random.Random(7)
    for start in track(range(0, count, BATCH), f"ledger: {count:,} events", transient=True):
        events = [an_event(n, chance) for n in range(start, min(count, start + BATCH))]
        ledger.commit([[Write(event)] for event in events], BEGIN_US)
    columns = open_columns(f"duckdb:///{data}/columns.duckdb", ledger.identity, added=_additions())
    projector = Projector(ledger, columns, rows_max=5_000, delay_seconds=0)
    began = time.perf_counter()
    while projector.step():
        pass
    rate = count / (time.perf_counter() - began)
    columns.close()
    ledger.close()
    return rate
