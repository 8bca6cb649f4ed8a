"""The columns: a projection of the ledger that answers questions. `open_columns` picks the engine by URL."""

from runwell.store.columns.base import Columns, Stopper
from runwell.store.columns.open import open_columns

__all__ = ["Columns", "Stopper", "open_columns"]
