"""Pick a column engine by the scheme of its URL."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from runwell.config import BadSetting
from runwell.store.columns.base import Additions, Columns
from runwell.store.columns.duckdb import MIB, DuckDBColumns, delete_files
from runwell.store.columns.mending import MendingColumns

DUCKDB = "duckdb:///"
NOTHING = Additions()


def open_columns(
    url: str,
    ledger_identity: str,
    *,
    added: Additions = NOTHING,
    memory_mib: int = 1024,
    threads: int = 2,
    answer_bytes_max: int = 64 * MIB,
) -> Columns:
    """Open the projection of this ledger; made anew if it is missing or another ledger's."""
    if url.startswith(DUCKDB):
        path = Path(url.removeprefix(DUCKDB))
        make = partial(
            DuckDBColumns,
            path,
            ledger_identity,
            added=added,
            memory_mib=memory_mib,
            threads=threads,
            answer_bytes_max=answer_bytes_max,
        )
        return MendingColumns(make, partial(delete_files, path))
    raise BadSetting(
        f"columns: no engine for {url.split(':', 1)[0]!r}; this version has duckdb:///FILE"
    )


def columns_bytes(url: str) -> int:
    """How much room the projection takes on the disk; 0 for one that is elsewhere."""
    if not url.startswith(DUCKDB):
        return 0
    path = Path(url.removeprefix(DUCKDB))
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*") if file.is_file())


def delete_columns(url: str) -> None:
    """Remove the projection; it is made anew when it is opened."""
    if not url.startswith(DUCKDB):
        raise BadSetting(f"columns: nothing to delete at {url.split(':', 1)[0]!r}")
    delete_files(Path(url.removeprefix(DUCKDB)))
