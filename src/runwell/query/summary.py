"""Summaries: measures over events, grouped by fields and time buckets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from runwell.filter import Call, Compare, Constant, Expression, Field, Filter, OneOf, Sort
from runwell.model import Bucket, Status
from runwell.query.fields import Type

Aggregate = Literal["count", "avg", "min", "max", "sum", "quantile", "distinct", "rate"]
Comparison = Literal[">", ">=", "<", "<=", "==", "!="]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number about a group of events; `where` narrows it, `q` is the quantile's share.

    Quantiles interpolate between neighbours (type 7, as PostgreSQL's percentile_cont does). A count
    without `of` counts events, else those in which `of` has a value. A rate is the share of events
    for which `of` is true among those for which it is true or false.
    """

    aggregate: Aggregate
    of: Expression | None = None
    where: Filter | None = None
    q: float = 0.0
    type: Type = Type.INTEGER


DURATION = Field("duration")


def _of_status(status: Status) -> Measure:
    return Measure("count", where=Compare(Field("status"), "==", status))


ENDED = OneOf(Field("status"), (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT))


def _share_of(*statuses: Status) -> Measure:
    """Of those that came to an end of their own."""
    texts = Constant(tuple(map(str, statuses)), Sort.TEXTS)
    is_it = Call("one_of", (Field("status"), texts))
    return Measure("rate", is_it, where=ENDED, type=Type.NUMBER)


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
    "success_rate": _share_of(Status.SUCCEEDED),
    "failure_rate": _share_of(Status.FAILED, Status.TIMED_OUT),
    "first_run": Measure("min", Field("time"), type=Type.TIME),
    "last_run": Measure("max", Field("time"), type=Type.TIME),
}


@dataclass(frozen=True, slots=True)
class TimeBucket:
    """Group by the bucket that a time field falls into, by the clock of a zone (an IANA name)."""

    bucket: Bucket
    field: str = "time"
    zone: str = ""  # UTC

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
class Having:
    """Only groups whose measure compares like this: microseconds for durations and times."""

    measure: str
    comparison: Comparison
    bound: float | str


@dataclass(frozen=True, slots=True)
class Summary:
    """Measures by group: one row a group, the group's values first; one row in all without groups.

    Rows come by `order`, names of measures or groups and whether they descend, then in the order of
    their groups. `defined` says what those measures are that MEASURES does not have.
    """

    measures: tuple[str, ...]
    group_by: tuple[Field | TimeBucket | Group, ...] = ()
    where: Filter | None = None
    order: tuple[tuple[str, bool], ...] = ()
    limit: int | None = None
    defined: Mapping[str, Measure] = field(default_factory=dict)
    having: tuple[Having, ...] = ()
