"""A summary as a table: durations in the unit that suits them, a bar for each group's total."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from runwell.client.ask import ask

BAR_CHARS = 12
WIDE_CHARS = 100  # a terminal with room for bars
# seconds from which a unit is used: seconds in a unit, its name
UNITS = ((3600.0, 3600.0, "h"), (60.0, 60.0, "min"), (1.0, 1.0, "s"), (0.0, 0.001, "ms"))


def print_summary(
    url: str, token: str, parameters: Mapping[str, str], *, as_json: bool = False
) -> None:
    """Ask `/-/api/summary` and print what it says. Raises NoAnswer."""
    rows = ask(url, "/-/api/summary", parameters, token)["summary"]
    if as_json:
        print(json.dumps(rows, indent=2))  # noqa: T201 - the command's output
        return
    console = Console()
    with_bar = console.width >= WIDE_CHARS
    console.print(table_of(rows, with_bar=with_bar) if rows else "no events yet")


def table_of(
    rows: Sequence[Mapping[str, Any]], title: str = "", *, with_bar: bool = False
) -> Table:
    """Rows of a summary, with a bar where they are groups with a total."""
    names = list(rows[0])
    most = max((row.get("total") or 0 for row in rows), default=0)
    has_bar = with_bar and len(rows) > 1 and most > 0
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for name in names:
        is_number = any(isinstance(row[name], int | float) for row in rows)
        table.add_column(heading(name), justify="right" if is_number else "left", no_wrap=True)
    if has_bar:
        table.add_column("")
    for row in rows:
        cells = [show(name, row[name]) for name in names]
        bar = [bar_of(row["total"], most)] if has_bar else []
        table.add_row(*cells, *bar)
    return table


def heading(name: str) -> str:
    """A column's name without what every reader knows."""
    return name.removesuffix("_duration").replace("_", " ")


def show(name: str, value: Any) -> str:
    """One cell; nothing for null."""
    if value is None:
        return ""
    if name.endswith("_duration"):
        return show_seconds(float(value))
    if name == "last_run":
        return str(value)[:16].replace("T", " ")
    return f"{value:,}" if isinstance(value, int) else str(value).removesuffix("T00:00:00Z")


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
