"""Pick a ledger engine by the scheme of its URL."""

from __future__ import annotations

from runwell.config import BadSetting
from runwell.store.ledger.base import Ledger
from runwell.store.ledger.sqlite import SQLiteLedger

SQLITE = "sqlite:///"


def open_ledger(url: str) -> Ledger:
    """Open the ledger, making it if it is not there and bringing its schema up to date."""
    if url.startswith(SQLITE):
        return SQLiteLedger(url.removeprefix(SQLITE))
    raise BadSetting(
        f"ledger: no engine for {url.split(':', 1)[0]!r}; this version has sqlite:///FILE"
    )
