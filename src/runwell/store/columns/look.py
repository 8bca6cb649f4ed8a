"""What stands where the columns should be, seen without changing it. Nothing is opened to write."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import duckdb

from runwell.config import BadSetting
from runwell.store.columns.duckdb import HELD, VERSION
from runwell.store.columns.open import DUCKDB

FACTS = """
SELECT
  ledger,
  version,
  applied,
  -- as many as in the ledger: a roll-up is one, its members are not
  (SELECT count(*) FILTER (WHERE rollup IS NULL) + count(DISTINCT rollup) FROM event)
FROM projection
"""


class State(StrEnum):
    """What was found."""

    MISSING = "missing"
    HELD = "held"  # another process has it open
    UNREADABLE = "unreadable"
    FOREIGN = "foreign"  # of another ledger, or of a newer version of the schema
    OLDER = "older"  # of an older version of the schema
    OURS = "ours"


class Found(NamedTuple):
    """The state; where it is OURS also how far the columns are, else the engine's words."""

    state: State
    reason: str = ""
    applied: int = 0
    events: int = 0


def look(url: str, ledger_identity: str) -> Found:
    """Look at the projection of this ledger.

    Raises:
        BadSetting: there is no engine for this URL.
    """
    if not url.startswith(DUCKDB):
        raise BadSetting(f"columns: no engine for {url.split(':', 1)[0]!r}")
    path = Path(url.removeprefix(DUCKDB))
    if not path.exists():
        return Found(State.MISSING)
    try:
        ledger, version, applied, events = _facts(path)
    except duckdb.CatalogException:
        return Found(State.FOREIGN, "it has other tables")
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        return Found(State.HELD if HELD in reason else State.UNREADABLE, reason)
    if ledger != ledger_identity or version > VERSION:
        return Found(State.FOREIGN, "it is of another ledger or version")
    if version < VERSION:
        return Found(State.OLDER)
    return Found(State.OURS, "", applied, events)


def _facts(path: Path) -> tuple[str, int, int, int]:
    with duckdb.connect(str(path), read_only=True) as connection:
        row = connection.execute(FACTS).fetchone()
    if row is None:
        raise duckdb.CatalogException("its projection has no row")
    return row
