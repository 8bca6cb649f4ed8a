"""A series over time as a table: for each measure a line of blocks, its ends, its change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from runwell.client.cells import heading, show, show_time
from runwell.client.columns import Kind, of_summary
from runwell.client.summary import empty, print_whole

BLOCKS = "▁▂▃▄▅▆▇█"
SPARK_CHARS_MAX = 60
GOOD = ("succeeded", "success_rate")  # the more the better
BAD = ("failed", "failure_rate", "timed_out", "cancelled", "stale")  # as are durations

Number = float | None


def print_series(console: Console, answer: Mapping[str, Any]) -> None:
    """Print what `/-/api/series` answers: a row a series, with a line for each measure."""
    print_whole(console, _table(answer))
    console.print(Text(_window(answer)), soft_wrap=True)


def _table(answer: Mapping[str, Any]) -> Table:
    charts = answer["series"]
    groups, measures = list(charts[0]["group"]), list(charts[0]["values"])
    is_compared = "change" in charts[0]
    table = empty()
    for name in groups:
        table.add_column(heading(name), no_wrap=True)
    table.add_column("measure", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name in ("first", "last", "whole", *(["previous", "change"] if is_compared else [])):
        table.add_column(name, justify="right", no_wrap=True)
    kinds = dict(of_summary([*groups, *measures], groups))
    for chart in charts:
        for place, name in enumerate(measures):
            names = [show(kinds[group], value) for group, value in chart["group"].items()]
            cells = names if place == 0 else [""] * len(groups)
            values = chart["values"][name]
            told = [values[0], values[-1], chart["whole"][name]]
            if is_compared:
                told.append(chart["previous_whole"][name])
            table.add_row(
                *map(Text, cells),
                Text(heading(name)),
                Text(sparkline(values)),
                *(Text(show(kinds[name], value)) for value in told),
                *([_change(name, kinds[name], chart["change"][name])] if is_compared else []),
            )
    return table


def sparkline(values: Sequence[Any], width: int = SPARK_CHARS_MAX) -> str:
    """A block for each value, as high as its share of the highest; nothing where there is none.

    More values than fit are drawn as the means of neighbours.

    >>> sparkline([0, 1, None, 4, 2])
    '▁▃ █▅'
    """
    drawn = means([value if isinstance(value, int | float) else None for value in values], width)
    known = [value for value in drawn if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    return "".join(" " if value is None else _block(value - low, high - low) for value in drawn)


def _block(value: float, most: float) -> str:
    return BLOCKS[round(value / most * (len(BLOCKS) - 1)) if most else 0]


def means(values: Sequence[Number], width: int) -> list[Number]:
    """At most so many values: the mean of as many neighbours each as it takes.

    >>> means([1, 3, None, 4, 5], 3)
    [2.0, 4.0, 5.0]
    """
    size = step(len(values), width)
    return [_mean(values[place : place + size]) for place in range(0, len(values), size)]


def step(count: int, width: int) -> int:
    """How many values one character stands for."""
    return max(1, -(-count // width))


def _mean(values: Sequence[Number]) -> Number:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _change(name: str, kind: Kind | None, change: Number) -> Text:
    """`+12.0 %`; on a terminal green where that is good and red where it is bad."""
    if change is None:
        return Text("")
    text = Text(f"{change * 100:+,.1f} %")
    is_good, is_bad = name in GOOD, name in BAD or kind == "duration"
    if change and (is_good or is_bad):
        text.stylize("green" if (change > 0) is is_good else "red")
    return text


def _window(answer: Mapping[str, Any]) -> str:
    """What the lines of blocks are drawn over."""
    times, bucket = answer["times"], answer["bucket"]
    size = step(len(times), SPARK_CHARS_MAX)
    many = f"{len(times):,} {bucket}{'s' if len(times) > 1 else ''}"
    drawn = f", {size} a block" if size > 1 else ""
    begin, end = show_time(answer["from"]), show_time(answer["to"])
    return f"{begin} to {end} ({answer['zone']}), {many}{drawn}"
