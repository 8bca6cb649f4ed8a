"""The ledger: the durable truth. `open_ledger` picks the engine by URL."""

from runwell.store.ledger.base import Change, Ledger
from runwell.store.ledger.open import ledger_exists, open_ledger

__all__ = ["Change", "Ledger", "ledger_exists", "open_ledger"]
