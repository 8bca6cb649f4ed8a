"""One measured figure beside its reference, and the table of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    unit: str
    reference: str = ""
    reference_value: float | None = None
    ratio: float | None = None
    target: str = ""
    met: bool | None = None
    note: str = ""


def median(work: Callable[[], float], runs: int) -> float:
    return statistics.median(work() for _ in range(runs))


def show(figures: list[Figure]) -> None:
    table = Table("figure", "runwell", "reference", "", "ratio", "target", "", "note")
    for f in figures:
        met = {True: "[green]met", False: "[red]missed", None: ""}[f.met]
        reference = "" if f.reference_value is None else f"{f.reference_value:,.1f}"
        ratio = "" if f.ratio is None else f"{f.ratio:,.2f} x"
        table.add_row(
            f.name, f"{f.value:,.1f} {f.unit}", reference, f.reference, ratio, f.target, met, f.note
        )
    Console(width=170).print(table)
