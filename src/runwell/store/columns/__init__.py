"""The columns: a projection of the ledger for questions. `open_columns` picks the engine."""

from runwell.store.columns.base import Columns, Stopper
from runwell.store.columns.open import delete_columns, open_columns

__all__ = ["Columns", "Stopper", "delete_columns", "open_columns"]
