"""A summary as a table: durations in the unit that suits them, a bar for each group's total."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from runwell.client import MEASURES
from runwell.client.ask import ask_summary

BAR_CHARS = 12
# seconds from which a unit is used: seconds in a unit, its name
UNITS = ((3600.0, 3600.0, "h"), (60.0, 60.0, "min"), (1.0, 1.0, "s"), (0.0, 0.001, "ms"))

Row = Mapping[str, Any]


def print_summary(
    url: str, token: str, parameters: Mapping[str, str], *, as_json: bool = False
) -> None:
    """Ask `/-/api/summary` and print what it says; the measures are MEASURES unless named.

    Raises:
        NoAnswer: there is no server, or it refused.
    """
    asked = {"summary": MEASURES, **parameters}
    if asked["summary"] == "all":
        del asked["summary"]
    rows = ask_summary(url, asked, token)
    if as_json:
        print(json.dumps(rows, indent=2))  # noqa: T201 - the command's output
    elif rows:
        print_table(Console(), rows)
    else:
        print("no events yet")  # noqa: T201 - the command's output


def print_table(console: Console, rows: Sequence[Row], title: str = "") -> None:
    """The rows with bars if they fit; never cut: a table that is wider than the screen is wrapped.

    One row that is too wide is turned, with a line for each measure.
    """
    table = table_of(rows, title, with_bar=True)
    if _width(table) > console.width:
        table = table_of(rows, title)
    if _width(table) > console.width and len(rows) == 1:
        table = _turned(rows[0], title)
    if (width := _width(table)) > console.width:
        console = Console(file=console.file, width=width)
    console.print(table)


def _width(table: Table) -> int:
    return Console(width=100_000).measure(table).maximum


def table_of(rows: Sequence[Row], title: str = "", *, with_bar: bool = False) -> Table:
    """Rows of a summary, with a bar where they are groups with a total."""
    names = list(rows[0])
    most = max((row.get("total") or 0 for row in rows), default=0)
    has_bar = with_bar and len(rows) > 1 and most > 0
    table = _empty(title)
    for name in names:
        is_number = any(isinstance(row[name], int | float) for row in rows)
        table.add_column(heading(name), justify="right" if is_number else "left", no_wrap=True)
    if has_bar:
        table.add_column("", no_wrap=True)
    for row in rows:
        cells = [Text(show(name, row[name])) for name in names]
        bar = [bar_of(row["total"], most)] if has_bar else []
        table.add_row(*cells, *bar)
    return table


def _turned(row: Row, title: str) -> Table:
    table = _empty(title)
    table.add_column("measure", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    for name, value in row.items():
        table.add_row(heading(name), Text(show(name, value)))
    return table


def _empty(title: str) -> Table:
    return Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )


def heading(name: str) -> str:
    """A column's name without what every reader knows."""
    if name == "total_duration":  # not the number of events
        return "total time"
    return name.removesuffix("_duration").replace("_", " ")


def show(name: str, value: Any) -> str:
    """One cell; nothing for null, and nothing in a name that a terminal would obey."""
    if value is None:
        return ""
    if name.endswith("_duration"):
        return show_seconds(float(value))
    if name == "last_run":
        return f"{str(value)[:16]}Z"  # to the minute
    if isinstance(value, int):
        return f"{value:,}"
    return _plain(str(value).removesuffix("T00:00:00Z"))


def _plain(text: str) -> str:
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def show_seconds(seconds: float) -> str:
    """A duration in the largest unit that leaves at least one of it.

    >>> show_seconds(0.0421), show_seconds(95)
    ('42.1 ms', '1.6 min')
    """
    _, unit, word = next(row for row in UNITS if abs(seconds) >= row[0])
    return f"{seconds / unit:,.1f} {word}"


def bar_of(value: int, most: int) -> str:
    """A bar of up to BAR_CHARS characters."""
    return "█" * max(1, round(BAR_CHARS * value / most)) if value else ""
