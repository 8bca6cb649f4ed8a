"""Of a stopped server: what retention would take out, and giving the disk space back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from runwell.app import manners_of
from runwell.config import BadSetting, Config
from runwell.datadir import DataLock, Store, holds_ledger, ledger_url
from runwell.model.times import now_us
from runwell.protocols.base import discover
from runwell.query import Query, Rows
from runwell.retention import Action, due
from runwell.store.columns import Stopper
from runwell.store.ledger.compact import compact
from runwell.store.ledger.open import ledger_file

MIB = 1024 * 1024


def show_due(config: Config) -> None:
    """Print what would go if the server looked now, by source and kind; nothing is changed.

    Raises:
        BadSetting: a rule, or a directory without a ledger.
        InUse: a server uses the directory.
    """
    _check(config)
    protocols = discover()
    store = Store(config, protocols)

    async def run(query: Query) -> Rows:
        return store.columns.run(query, Stopper())

    try:
        while store.projector.step():
            pass
        found = asyncio.run(due(run, manners_of(protocols), config, now_us(datetime.now(UTC))))
    finally:
        store.close()
    table = Table("source", "kind", "events", "what becomes of them")
    for line in found:
        becomes = "dropped" if line.action is Action.DROP else "rolled up"
        table.add_row(escape(line.source), line.kind, f"{line.events:,}", becomes)
    console = Console()
    console.print(table if found else "nothing is at the end of its time")


def give_back(config: Config) -> None:
    """Write the ledger anew without its free pages, and print what that came to.

    Raises:
        BadSetting: a directory without a ledger.
        InUse, LedgerBusy: another process uses it, or there is no room for a second copy.
    """
    _check(config)
    lock = DataLock(config.data_dir)
    try:
        before, after = compact(ledger_file(ledger_url(config)))
    finally:
        lock.release()
    Console(highlight=False).print(
        f"the ledger had {before / MIB:,.1f} MiB, now {after / MIB:,.1f}"
    )


def _check(config: Config) -> None:
    if not holds_ledger(config):
        raise BadSetting(f"{config.data} holds no ledger; name the server's directory with --data")
