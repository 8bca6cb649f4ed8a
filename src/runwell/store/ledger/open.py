"""Pick a ledger engine by the scheme of its URL."""

from __future__ import annotations

from pathlib import Path

from runwell.config import BadSetting
from runwell.store.ledger.base import Ledger
from runwell.store.ledger.sqlite import SQLiteLedger

SQLITE = "sqlite:///"


def open_ledger(url: str, *, upgrade: bool = True) -> Ledger:
    """Open the ledger, making it if it is not there and bringing its schema up to date.

    Without `upgrade` the schema stays as it is, and the ledger is good for reading only.
    """
    return SQLiteLedger(_file(url), upgrade=upgrade)


def ledger_exists(url: str) -> bool:
    """Would `open_ledger` find a ledger, or make one?"""
    return _file(url).exists()


def _file(url: str) -> Path:
    if url.startswith(SQLITE):
        return Path(url.removeprefix(SQLITE))
    raise BadSetting(
        f"ledger: no engine for {url.split(':', 1)[0]!r}; this version has sqlite:///FILE"
    )
