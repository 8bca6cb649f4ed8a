"""Summaries: measures over events, grouped by fields and time buckets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from runwell.filter import Compare, Expression, Field, Filter
from runwell.model import Bucket, Status
from runwell.query.fields import Type

Aggregate = Literal["count", "avg", "min", "max", "sum", "quantile"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number about a group of events; `where` narrows it, `q` is the quantile's share.

    Quantiles interpolate between neighbours (type 7, as PostgreSQL's percentile_cont does). A count
    without `of` counts events, else those in which `of` has a value.
    """

    aggregate: Aggregate
    of: Expression | None = None
    where: Filter | None = None
    q: float = 0.0
    type: Type = Type.INTEGER


DURATION = Field("duration")


def _of_status(status: Status) -> Measure:
    return Measure("count", where=Compare(Field("status"), "==", status))


MEASURES: dict[str, Measure] = {
    "total": Measure("count"),
    **{str(status): _of_status(status) for status in Status},
    "avg_duration": Measure("avg", DURATION, type=Type.DURATION),
    "min_duration": Measure("min", DURATION, type=Type.DURATION),
    "max_duration": Measure("max", DURATION, type=Type.DURATION),
    "total_duration": Measure("sum", DURATION, type=Type.DURATION),
    "p50_duration": Measure("quantile", DURATION, q=0.50, type=Type.DURATION),
    "p80_duration": Measure("quantile", DURATION, q=0.80, type=Type.DURATION),
    "p95_duration": Measure("quantile", DURATION, q=0.95, type=Type.DURATION),
    "last_run": Measure("max", Field("time"), type=Type.TIME),
}


@dataclass(frozen=True, slots=True)
class TimeBucket:
    """Group by the bucket that a time field falls into; see `time` in fields.py."""

    bucket: Bucket
    field: str = "time"

    @property
    def name(self) -> str:
        """What its column is called, as a field's name is for a field."""
        return str(self.bucket)


@dataclass(frozen=True, slots=True)
class Group:
    """Group by what an expression gives; `name` is what its column is called."""

    name: str
    by: Expression
    type: Type = Type.TEXT


@dataclass(frozen=True, slots=True)
class Summary:
    """Measures by group: one row a group, the group's values first; one row in all without groups.

    Rows come in the order of their groups, or by `order_by` (a measure or the place of a group).
    `defined` says what those measures are that MEASURES does not have.
    """

    measures: tuple[str, ...]
    group_by: tuple[Field | TimeBucket | Group, ...] = ()
    where: Filter | None = None
    order_by: str = ""
    descending: bool = False
    limit: int | None = None
    defined: Mapping[str, Measure] = field(default_factory=dict)
