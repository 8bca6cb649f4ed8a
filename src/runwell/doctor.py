"""Check a data directory and make its columns anew; changes only what it is asked to."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from runwell.config import SETTINGS, Config
from runwell.datadir import (
    InUse,
    Store,
    columns_url,
    delete_derived,
    go_on_without,
    holds_ledger,
    ledger_alone,
)
from runwell.filesystem import is_remote, kind_of
from runwell.protocols.base import discover
from runwell.store.columns.look import State, look
from runwell.store.ledger.base import Guard, Ledger, LedgerDamaged, SchemaTooNew
from runwell.store.ledger.opening import RESTORE
from runwell.tokens import BadTokens, Tokens, now

FREE_BYTES_MIN = 500 * 1024 * 1024
PROBLEMS_SHOWN = 5
CLOCK_SECONDS_MAX = 60.0
PREFIX = "RUNWELL_"
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
    received: int  # when its newest change was committed, microseconds UTC


def examine(config: Config, *, rebuild: bool = False, accept_loss: bool = False) -> bool:
    """Print every finding; True if all is well.

    Raises:
        BadSetting: there is no engine for a URL.
    """
    console = Console(highlight=False)
    findings = []
    for finding in _findings(config, rebuild=rebuild, accept_loss=accept_loss):
        findings.append(finding)
        mark = "[green]ok[/]     " if finding.well else "[red]problem[/]"
        console.print(f"{mark} {escape(finding.text)}", soft_wrap=True)
        if finding.advice:
            console.print(f"        -> {escape(finding.advice)}", soft_wrap=True)
    return all(finding.well for finding in findings)


def _findings(config: Config, *, rebuild: bool, accept_loss: bool) -> Iterator[Finding]:
    if not holds_ledger(config):
        advice = "name the server's directory with --data; `runwell serve` makes a new one"
        yield Finding(well=False, text=f"{config.data} holds no ledger", advice=advice)
        return
    yield _settings()
    yield _disk(config)
    yield _file_system(config)
    yield _tokens(config)
    if accept_loss:
        yield _accepted(config)
    found, facts = _ledger(config)
    yield from found
    if facts is None:
        return
    yield _clock(facts)
    if rebuild and not _knows_more(config, facts):
        rebuilt = _rebuilt(config, facts)
        yield rebuilt
        if not rebuilt.well:
            return
    yield _columns(config, facts)


def _settings() -> Finding:
    """What the file and the flags say was checked when it was read; the environment is not."""
    names = (name for name in os.environ if name.startswith(PREFIX))
    unknown = [name for name in names if name.removeprefix(PREFIX).lower() not in SETTINGS]
    if unknown:
        advice = "nobody reads them; `runwell serve --help` lists the settings"
        text = f"the environment has settings that there are not: {', '.join(sorted(unknown))}"
        return Finding(well=False, text=text, advice=advice)
    return Finding(well=True, text="every setting is known")


def _disk(config: Config) -> Finding:
    free = shutil.disk_usage(config.data_dir).free
    text = f"{free / 2**30:.1f} GiB of disk are free"
    return Finding(free >= FREE_BYTES_MIN, text, "" if free >= FREE_BYTES_MIN else "make room")


def _file_system(config: Config) -> Finding:
    kind = kind_of(config.data_dir)
    text = f"the file system is {kind or 'of a kind that the system does not tell'}"
    if is_remote(kind):
        advice = "use a local disk: over a network a sync may promise what it does not keep"
        return Finding(well=False, text=text, advice=advice)
    return Finding(well=True, text=text)


def _clock(ledger: Facts) -> Finding:
    ahead = ledger.received / 1e6 - time.time()
    if ahead > CLOCK_SECONDS_MAX:
        text = f"the clock is {ahead:,.0f} s behind the newest change of the ledger"
        return Finding(well=False, text=text, advice="check the machine's time service")
    return Finding(well=True, text="the clock is not behind the newest change")


def _accepted(config: Config) -> Finding:
    """Done because it was asked for; what it means is said."""
    try:
        accepted = go_on_without(config)
    except InUse as error:
        return Finding(well=False, text=str(error), advice="stop it first")
    except LedgerDamaged as error:
        return Finding(well=False, text=str(error))
    text = (
        f"the ledger goes on from change {accepted.seq:,}; {accepted.commits:,} commits of its log "
        "and whatever else it had lost are given up, and the columns are made anew"
    )
    return Finding(well=True, text=text)


def _tokens(config: Config) -> Finding:
    try:
        tokens = Tokens(config.data_dir).all()
    except BadTokens as error:
        return Finding(
            well=False,
            text=str(error),
            advice="restore the file; without it everybody may do everything",
        )
    file = config.data_dir / "tokens.json"
    if file.exists() and (others := stat.S_IMODE(file.stat().st_mode) & 0o077):
        text = f"tokens.json is open to others on this machine (mode {others:03o} beyond yours)"
        return Finding(well=False, text=text, advice="chmod 600 tokens.json")
    valid = sum(1 for token in tokens if not token.lapse(now()))
    if not tokens:
        return Finding(well=True, text="no token: everybody on this machine may do everything")
    text = f"{valid} of {len(tokens)} tokens are valid, the others revoked or expired"
    return Finding(well=True, text=text)


def _ledger(config: Config) -> tuple[list[Finding], Facts | None]:
    try:
        with ledger_alone(config) as ledger:
            return _checked(ledger)
    except InUse as error:
        advice = "if that is the server, ask its /-/readyz: files are not checked while it runs"
        return [Finding(well=False, text=str(error), advice=advice)], None
    except SchemaTooNew as error:
        return [Finding(well=False, text=str(error))], None
    except Exception as error:  # noqa: BLE001 - whatever keeps a ledger from being read is the finding
        return [_damaged(f"it cannot be read: {error}")], None


def _checked(ledger: Ledger) -> tuple[list[Finding], Facts | None]:
    guard = ledger.guard()
    if guard.is_loss:
        what = f"at least {guard.unread_commits:,} acknowledged commits in its log cannot be read"
        return [_damaged(what)], None
    if problems := ledger.check():
        return [_damaged("; ".join(problems[:PROBLEMS_SHOWN]))], None
    facts = Facts(ledger.identity, ledger.count(), ledger.last_seq(), ledger.last_received())
    text = f"the ledger is sound: {facts.events:,} events, {facts.seq:,} changes"
    return [Finding(well=True, text=text), _guarded(guard)], facts


def _guarded(guard: Guard) -> Finding:
    text = "every page has its checksum" if guard.has_checksums else "its pages have no checksums"
    advice = "" if guard.has_checksums else "the server adds them when it starts"
    if guard.unread_frames:
        text += f"; its log ends with {guard.unread_frames:,} pages of a commit that was cut off"
        advice = advice or "none: nobody was told that it is stored"
    return Finding(well=True, text=text, advice=advice)


def _damaged(what: str) -> Finding:
    advice = f"{RESTORE}; the columns are left as they are"
    return Finding(well=False, text=f"the ledger is damaged: {what}", advice=advice)


def _knows_more(config: Config, ledger: Facts) -> bool:
    """Do the columns know of changes that the ledger has lost? They alone can tell: they stay."""
    found = look(columns_url(config), ledger.identity)
    return found.state is State.OURS and found.applied > ledger.seq


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
    if found.applied > ledger.seq:
        text = f"the columns know of change {found.applied:,}, the ledger ends at {ledger.seq:,}"
        return Finding(well=False, text=text, advice=f"the ledger has lost something; {RESTORE}")
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
