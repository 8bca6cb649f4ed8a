"""Check a data directory and make its columns anew; changes only what it is asked to."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from runwell.app import InUse, Store, delete_derived
from runwell.config import Config
from runwell.protocols.base import discover
from runwell.query import count_events
from runwell.store.columns import Stopper
from runwell.store.ledger.base import SchemaTooNew
from runwell.tokens import Tokens

FREE_BYTES_MIN = 500 * 1024 * 1024
PROBLEMS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    well: bool
    text: str
    advice: str = ""


def examine(config: Config) -> bool:
    """Print every finding; True if all is well."""
    console = Console(highlight=False)
    findings = []
    for finding in _findings(config):
        findings.append(finding)
        mark = "[green]ok[/]     " if finding.well else "[red]problem[/]"
        console.print(f"{mark} {finding.text}", soft_wrap=True)
        if finding.advice:
            console.print(f"        -> {finding.advice}", soft_wrap=True)
    return all(finding.well for finding in findings)


def _findings(config: Config) -> Iterator[Finding]:
    data = config.data_dir
    if not (data / "ledger.sqlite").exists() and not config.ledger:
        yield Finding(
            well=False,
            text=f"{data} holds no ledger",
            advice="name the server's directory with --data; `runwell serve` makes a new one",
        )
        return
    yield Finding(well=True, text=f"{data} is a data directory")
    yield _disk(config)
    yield _tokens(config)
    try:
        store = Store(config, discover())
    except InUse as error:
        yield Finding(well=False, text=str(error), advice="while it runs, ask its /-/readyz")
    except SchemaTooNew as error:
        yield Finding(well=False, text=str(error))
    except Exception as error:  # noqa: BLE001 - whatever keeps a store from opening is the finding
        yield Finding(
            well=False, text=f"the ledger does not open: {error}", advice="restore a backup"
        )
    else:
        yield from _stored(store)
        store.close()


def _disk(config: Config) -> Finding:
    free = shutil.disk_usage(config.data_dir).free
    text = f"{free / 2**30:.1f} GiB of disk are free"
    return Finding(free >= FREE_BYTES_MIN, text, "" if free >= FREE_BYTES_MIN else "make room")


def _tokens(config: Config) -> Finding:
    tokens = Tokens(config.data_dir).all()
    valid = sum(1 for token in tokens if not token.revoked)
    text = (
        f"{valid} valid tokens"
        if tokens
        else "no token: everybody on this machine may do everything"
    )
    return Finding(well=True, text=text)


def _stored(store: Store) -> Iterator[Finding]:
    problems = store.ledger.check()
    if problems:
        yield Finding(
            well=False,
            text=f"the ledger is damaged: {'; '.join(problems[:PROBLEMS_SHOWN])}",
            advice="restore a backup; nothing can be rebuilt from a broken ledger",
        )
    else:
        count, seq = store.ledger.count(), store.ledger.last_seq()
        yield Finding(well=True, text=f"the ledger is sound: {count:,} events, {seq:,} changes")
    yield _columns(store)


def _columns(store: Store) -> Finding:
    applied, seq = store.columns.applied(), store.ledger.last_seq()
    if applied < seq:
        text = f"the columns are at change {applied:,} of {seq:,}"
        return Finding(well=True, text=text, advice="the server catches up by itself when it runs")
    here, there = store.columns.run(count_events(None), Stopper()).scalar(), store.ledger.count()
    if applied > seq or here != there:
        text = f"the columns hold {here:,} events, the ledger {there:,}"
        return Finding(well=False, text=text, advice="runwell doctor --rebuild")
    return Finding(well=True, text=f"the columns are complete: {here:,} events")


def rebuild(config: Config) -> None:
    """Delete the columns and fill them from the ledger, with a progress bar.

    Raises:
        InUse: a server uses the directory.
    """
    delete_derived(config)
    store = Store(config, discover())
    total, began = store.ledger.count(), time.perf_counter()
    columns = (TextColumn("rebuilding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("rebuilding", total=total)
        while rows := store.projector.step():
            progress.advance(task, rows)
    seconds = time.perf_counter() - began
    store.close()
    Console().print(f"{total:,} events in {seconds:.1f} s: {total / seconds:,.0f} rows/s")
