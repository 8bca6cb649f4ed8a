"""Check a data directory and make its columns anew; changes only what it is asked to."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from runwell.app import (
    InUse,
    Store,
    columns_url,
    delete_derived,
    holds_ledger,
    ledger_alone,
)
from runwell.config import Config
from runwell.protocols.base import discover
from runwell.store.columns.look import State, look
from runwell.store.ledger.base import SchemaTooNew
from runwell.tokens import BadTokens, Tokens

FREE_BYTES_MIN = 500 * 1024 * 1024
PROBLEMS_SHOWN = 5
REBUILD = "`runwell doctor --rebuild` makes them anew; so does the server when it starts"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    well: bool
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sound ledger says of itself."""

    identity: str
    events: int
    seq: int


def examine(config: Config, *, rebuild: bool = False) -> bool:
    """Print every finding; True if all is well.

    Raises:
        BadSetting: there is no engine for a URL.
    """
    console = Console(highlight=False)
    findings = []
    for finding in _findings(config, rebuild=rebuild):
        findings.append(finding)
        mark = "[green]ok[/]     " if finding.well else "[red]problem[/]"
        console.print(f"{mark} {escape(finding.text)}", soft_wrap=True)
        if finding.advice:
            console.print(f"        -> {escape(finding.advice)}", soft_wrap=True)
    return all(finding.well for finding in findings)


def _findings(config: Config, *, rebuild: bool) -> Iterator[Finding]:
    if not holds_ledger(config):
        advice = "name the server's directory with --data; `runwell serve` makes a new one"
        yield Finding(well=False, text=f"{config.data} holds no ledger", advice=advice)
        return
    yield _disk(config)
    yield _tokens(config)
    ledger, facts = _ledger(config)
    yield ledger
    if facts is None:
        return
    if rebuild:
        rebuilt = _rebuilt(config, facts)
        yield rebuilt
        if not rebuilt.well:
            return
    yield _columns(config, facts)


def _disk(config: Config) -> Finding:
    free = shutil.disk_usage(config.data_dir).free
    text = f"{free / 2**30:.1f} GiB of disk are free"
    return Finding(free >= FREE_BYTES_MIN, text, "" if free >= FREE_BYTES_MIN else "make room")


def _tokens(config: Config) -> Finding:
    try:
        tokens = Tokens(config.data_dir).all()
    except BadTokens as error:
        return Finding(
            well=False,
            text=str(error),
            advice="restore the file; without it everybody may do everything",
        )
    valid = sum(1 for token in tokens if not token.revoked)
    if not tokens:
        return Finding(well=True, text="no token: everybody on this machine may do everything")
    return Finding(well=True, text=f"{valid} of {len(tokens)} tokens are valid, the others revoked")


def _ledger(config: Config) -> tuple[Finding, Facts | None]:
    try:
        with ledger_alone(config) as ledger:
            if problems := ledger.check():
                return _damaged("; ".join(problems[:PROBLEMS_SHOWN])), None
            facts = Facts(ledger.identity, ledger.count(), ledger.last_seq())
    except InUse as error:
        advice = "if that is the server, ask its /-/readyz: files are not checked while it runs"
        return Finding(well=False, text=str(error), advice=advice), None
    except SchemaTooNew as error:
        return Finding(well=False, text=str(error)), None
    except Exception as error:  # noqa: BLE001 - whatever keeps a ledger from being read is the finding
        return _damaged(f"it cannot be read: {error}"), None
    text = f"the ledger is sound: {facts.events:,} events, {facts.seq:,} changes"
    return Finding(well=True, text=text), facts


def _damaged(what: str) -> Finding:
    advice = "restore a backup; nothing can be rebuilt from it, so the columns are left as they are"
    return Finding(well=False, text=f"the ledger is damaged: {what}", advice=advice)


def _columns(config: Config, ledger: Facts) -> Finding:
    found = look(columns_url(config), ledger.identity)
    if found.state is State.MISSING:
        text = "there are no columns: the server makes them from the ledger when it starts"
        return Finding(well=True, text=text)
    if found.state is State.HELD:
        return _held(found.reason)
    if found.state is State.OLDER:
        text = "the columns are of an older version: the server makes them anew when it starts"
        return Finding(well=True, text=text)
    if found.state is not State.OURS:
        text = f"the columns are not this ledger's: {found.reason}"
        return Finding(well=False, text=text, advice=REBUILD)
    if found.applied < ledger.seq:
        text = f"the columns are at change {found.applied:,} of {ledger.seq:,}"
        return Finding(well=True, text=text, advice="the server catches up by itself when it runs")
    if (found.applied, found.events) != (ledger.seq, ledger.events):
        text = (
            f"the columns hold {found.events:,} events up to change {found.applied:,}, "
            f"the ledger {ledger.events:,} up to {ledger.seq:,}"
        )
        return Finding(well=False, text=text, advice="runwell doctor --rebuild")
    return Finding(well=True, text=f"the columns are complete: {found.events:,} events")


def _held(reason: str) -> Finding:
    return Finding(
        well=False,
        text=f"another process has the columns open: {reason}",
        advice="end it; a running server answers SQL at /-/api/sql",
    )


def _rebuilt(config: Config, ledger: Facts) -> Finding:
    """Delete the columns and fill them from a ledger that is known to be sound."""
    found = look(columns_url(config), ledger.identity)
    if found.state is State.HELD:
        return _held(found.reason)
    try:
        delete_derived(config)
        store = Store(config, discover())
    except InUse as error:
        return Finding(well=False, text=str(error), advice="stop it first")
    began = time.perf_counter()
    try:
        rows = _fill(store)
    finally:
        store.close()
    seconds = time.perf_counter() - began
    return Finding(
        well=True, text=f"rebuilt {rows:,} rows in {seconds:.1f} s: {rows / seconds:,.0f} rows/s"
    )


def _fill(store: Store) -> int:
    columns = (TextColumn("rebuilding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("rebuilding", total=store.ledger.last_seq())
        while store.projector.step():
            progress.update(task, completed=store.projector.applied)
    return store.ledger.count()
