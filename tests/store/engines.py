"""The engines that the contract suites run on: a second engine of a kind is one more line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from runwell.store.columns import Columns, open_columns
from runwell.store.ledger import Ledger, open_ledger

LEDGERS: dict[str, Callable[[Path], Ledger]] = {
    "sqlite": lambda folder: open_ledger(f"sqlite:///{folder}/ledger.sqlite"),
}
COLUMNS: dict[str, Callable[[Path, str], Columns]] = {
    "duckdb": lambda folder, identity: open_columns(
        f"duckdb:///{folder}/columns.duckdb", identity, threads=1
    ),
}
