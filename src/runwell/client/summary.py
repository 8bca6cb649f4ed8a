"""Rows as a table on the screen, with a bar for each group's total. What a cell says: cells.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from runwell.client.cells import NUMBERS, bar_of, heading, show
from runwell.client.columns import Column, of_summary

Row = Mapping[str, Any]
NOT_CUT = 100_000  # wider than any table
CELL_CHARS_MAX = 120  # on a terminal


def print_table(
    console: Console, rows: Sequence[Row], title: str = "", columns: Sequence[Column] = ()
) -> None:
    """The rows with bars if they fit; a table that is wider than the screen is wrapped, not cut.

    One row that is too wide is turned, with a line for each measure.
    """
    columns = columns or of_summary(rows[0])
    table = table_of(columns, rows, title, has_bar=True)
    if width_of(table) > console.width:
        table = table_of(columns, rows, title)
    if width_of(table) > console.width and len(rows) == 1:
        table = _turned(columns, rows[0], title)
    print_whole(console, table)


def print_whole(console: Console, table: Table) -> None:
    """Print it however wide it is; on a terminal what is long, as a payload, is cut."""
    if console.is_terminal:
        for column in table.columns:
            column.max_width, column.overflow = CELL_CHARS_MAX, "ellipsis"
    if (width := width_of(table)) > console.width:
        console = Console(file=console.file, width=width)
    console.print(table)


def width_of(table: Table) -> int:
    """How many characters its lines have."""
    return Console(width=NOT_CUT).measure(table).maximum


def table_of(
    columns: Sequence[Column],
    rows: Sequence[Row],
    title: str = "",
    *,
    is_exact: bool = False,
    has_bar: bool = False,
) -> Table:
    """The rows; with a bar for each total, if there is more than one and it is asked for."""
    table = empty(title)
    most = max((row.get("total") or 0 for row in rows), default=0)
    has_bar = has_bar and len(rows) > 1 and most > 0
    for name, _ in columns:
        is_number = any(isinstance(row[name], NUMBERS) for row in rows)
        table.add_column(heading(name), justify="right" if is_number else "left", no_wrap=True)
    if has_bar:
        table.add_column("", no_wrap=True)
    for row in rows:
        cells = [Text(show(kind, row[name], is_exact=is_exact)) for name, kind in columns]
        bar = [bar_of(row["total"], most)] if has_bar else []
        table.add_row(*cells, *bar)
    return table


def _turned(columns: Sequence[Column], row: Row, title: str) -> Table:
    table = empty(title)
    table.add_column("measure", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    for name, kind in columns:
        table.add_row(heading(name), Text(show(kind, row[name])))
    return table


def empty(title: str = "") -> Table:
    """A table as all of ours look."""
    return Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
