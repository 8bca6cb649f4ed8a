"""Pick a column engine by the scheme of its URL."""

from __future__ import annotations

from pathlib import Path

from runwell.config import BadSetting
from runwell.store.columns.base import Additions, Columns
from runwell.store.columns.duckdb import MIB, DuckDBColumns, delete_files

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
        return DuckDBColumns(
            path,
            ledger_identity,
            added=added,
            memory_mib=memory_mib,
            threads=threads,
            answer_bytes_max=answer_bytes_max,
        )
    raise BadSetting(
        f"columns: no engine for {url.split(':', 1)[0]!r}; this version has duckdb:///FILE"
    )


def delete_columns(url: str) -> None:
    """Remove the projection; it is made anew when it is opened."""
    if not url.startswith(DUCKDB):
        raise BadSetting(f"columns: nothing to delete at {url.split(':', 1)[0]!r}")
    delete_files(Path(url.removeprefix(DUCKDB)))
