"""Summaries: measures over events, grouped by fields and time buckets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from runwell.filter import Field, Filter
from runwell.model import Bucket, Status
from runwell.query.fields import Type

Aggregate = Literal["count", "avg", "min", "max", "sum", "quantile"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number about a group of events; `status` narrows it, `q` is the quantile's share.

    Quantiles interpolate between neighbours (type 7, as PostgreSQL's percentile_cont does).
    """

    aggregate: Aggregate
    field: str = ""
    status: Status | None = None
    q: float = 0.0
    type: Type = Type.INTEGER


MEASURES: dict[str, Measure] = {
    "total": Measure("count"),
    **{str(status): Measure("count", status=status) for status in Status},
    "avg_duration": Measure("avg", "duration", type=Type.DURATION),
    "min_duration": Measure("min", "duration", type=Type.DURATION),
    "max_duration": Measure("max", "duration", type=Type.DURATION),
    "total_duration": Measure("sum", "duration", type=Type.DURATION),
    "p50_duration": Measure("quantile", "duration", q=0.50, type=Type.DURATION),
    "p80_duration": Measure("quantile", "duration", q=0.80, type=Type.DURATION),
    "p95_duration": Measure("quantile", "duration", q=0.95, type=Type.DURATION),
    "last_run": Measure("max", "time", type=Type.TIME),
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
class Summary:
    """Measures by group: one row a group, the group's values first; one row in all without groups.

    Rows come in the order of their groups, or by `order_by` (a measure or the place of a group).
    """

    measures: tuple[str, ...]
    group_by: tuple[Field | TimeBucket, ...] = ()
    where: Filter | None = None
    order_by: str = ""
    descending: bool = False
    limit: int | None = None
