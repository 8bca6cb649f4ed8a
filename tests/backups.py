"""Data directories to back up, and what is in them afterwards."""

from __future__ import annotations

from pathlib import Path

from tests.builders import a_write

from runwell.config import Config
from runwell.store.ledger import open_ledger
from runwell.tokens import Tokens


def quiet(*_: object) -> None:
    """No bar."""


def config_of(data: Path) -> Config:
    return Config(data=str(data))


def facts_of(data: Path) -> tuple[str, int, int]:
    ledger = open_ledger(f"sqlite:///{data}/ledger.sqlite")
    facts = ledger.identity, ledger.count(), ledger.last_seq()
    ledger.close()
    return facts


def some_data(data: Path, count: int = 50, *, token: bool = True) -> Path:
    ledger = open_ledger(f"sqlite:///{data}/ledger.sqlite")
    for number in range(count):
        ledger.commit([[a_write(f"e{number}", payload="x" * 2_000)]], 1_000_000 + number)
    ledger.close()
    if token:
        Tokens(data).create("ci", ["read"])
    return data
