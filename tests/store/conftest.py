"""Every test that asks for a ledger or columns runs once on each engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.store.engines import COLUMNS, LEDGERS

from runwell.store.columns import Columns
from runwell.store.ledger import Ledger


@pytest.fixture(params=sorted(LEDGERS))
def open_a_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Ledger]:
    """Opens the same ledger each time it is called."""
    return lambda: LEDGERS[request.param](tmp_path)


@pytest.fixture
def ledger(open_a_ledger: Callable[[], Ledger]) -> Iterator[Ledger]:
    opened = open_a_ledger()
    yield opened
    opened.close()


@pytest.fixture(params=sorted(COLUMNS))
def open_some_columns(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Columns]:
    """Opens the same columns each time it is called."""
    return lambda identity="ledger": COLUMNS[request.param](tmp_path, identity)


@pytest.fixture
def columns(open_some_columns: Callable[..., Columns]) -> Iterator[Columns]:
    opened = open_some_columns()
    yield opened
    opened.close()
