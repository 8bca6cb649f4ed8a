"""The summary of records: eleven measures, groups by time or place, PostgreSQL's texts.

Source: the Summary and Aggregation API of Tekton Results and the SQL that its server makes of it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from runwell.filter import And, Call, Constant, Expression, Field, Filter, Payload, Sort
from runwell.model import Bucket
from runwell.protocols.tekton import intervals
from runwell.protocols.tekton.intervals import DAY_US, SECOND_US, Interval
from runwell.protocols.tekton.questions import Group, Measure, SummaryOrder
from runwell.protocols.tekton.vocabulary import NAMESPACE, PIPELINE, REASON, REPOSITORY
from runwell.query import Group as GroupBy
from runwell.query import Measure as Aggregate
from runwell.query import Summary, TimeBucket, Type

GROUPS_MAX = 100_000  # the original has no bound, and no memory for so many either
GROUP_VALUE = "group_value"
NAMESPACE_PART, WITHIN_PART = "namespace", "within"
REASON_TEXT = Payload(REASON, "text")
DURATION = Field("duration")
DAY = Constant(DAY_US, Sort.INTEGER)
TIMES = {
    "creationTimestamp": "created",
    "startTime": "started",
    "completionTime": "finished",
}
WITHIN = {"pipeline": PIPELINE, "repository": REPOSITORY}  # groups that lie within a namespace

Row = dict[str, Any]


def _reason(*reasons: str) -> Aggregate:
    """How many records have one of these reasons."""
    if len(reasons) == 1:
        is_it: Expression = Call("eq", (REASON_TEXT, Constant(reasons[0], Sort.TEXT)))
    else:
        is_it = Call("one_of", (REASON_TEXT, Constant(reasons, Sort.TEXTS)))
    return Aggregate("count", where=is_it)


# What the store is asked. A sum of durations adds days and times apart, hence both; `others` are
# those with a reason that is none of the rest.
AGGREGATES: dict[str, Aggregate] = {
    "total": Aggregate("count"),
    "succeeded": _reason("Succeeded", "Completed"),
    "failed": _reason("Failed"),
    "cancelled": _reason("Cancelled"),
    "running": _reason("Running"),
    "with_reason": Aggregate("count", REASON_TEXT),
    "last_runtime": Aggregate("max", Field("started"), type=Type.TIME),
    "min_duration": Aggregate("min", DURATION, type=Type.DURATION),
    "max_duration": Aggregate("max", DURATION, type=Type.DURATION),
    "with_duration": Aggregate("count", DURATION),
    "days": Aggregate("sum", Call("divide", (DURATION, DAY))),
    "rest": Aggregate("sum", Call("modulo", (DURATION, DAY)), type=Type.DURATION),
}
NAMED = ("succeeded", "failed", "cancelled", "running")
NEEDED: dict[str, tuple[str, ...]] = {
    "others": ("with_reason", *NAMED),
    "avg_duration": ("with_duration", "days", "rest"),
    "total_duration": ("with_duration", "days", "rest"),
}


def to_query(measures: tuple[Measure, ...], group: Group | None, where: list[Filter]) -> Summary:
    """The question behind a summary."""
    needed = [name for measure in measures for name in NEEDED.get(measure, (measure,))]
    groups = _groups(group) if group else ()
    return Summary(
        tuple(dict.fromkeys(needed)),
        groups,
        And(tuple(where)),
        limit=GROUPS_MAX + 1,
        defined=AGGREGATES,
    )


def _groups(group: Group) -> tuple[TimeBucket | GroupBy, ...]:
    if group.field is not None:
        return (TimeBucket(Bucket(group.unit), TIMES[group.field]),)
    namespace = Payload(NAMESPACE, "text")
    if group.unit == "namespace":
        return (GroupBy(GROUP_VALUE, namespace),)
    # PostgreSQL's CONCAT takes what is missing for an empty text. The parts are grouped apart and
    # joined later: an engine finds few different texts quicker than it makes a new one a row.
    within = Payload(WITHIN[group.unit], "text")
    return GroupBy(NAMESPACE_PART, _or_empty(namespace)), GroupBy(WITHIN_PART, _or_empty(within))


def _or_empty(expression: Expression) -> Expression:
    return Call("text_or_empty", (expression,))


def _joined(found: list[Row]) -> list[Row]:
    """Rows by namespace/name; parts that come to the same text are one group."""
    rows: dict[str, Row] = {}
    for row in found:
        text = f"{row[NAMESPACE_PART]}/{row[WITHIN_PART]}"
        known = rows.get(text)
        rows[text] = row | {GROUP_VALUE: text} if known is None else _merged(known, row)
    return [rows[text] for text in sorted(rows)]


def _merged(one: Row, other: Row) -> Row:
    """Two groups as one: the least, the most, or the sum of what both have."""
    merged = dict(one)
    for name in other.keys() & AGGREGATES.keys():
        join = {"min": min, "max": max}.get(AGGREGATES[name].aggregate, operator.add)
        both = [found for found in (one[name], other[name]) if found is not None]
        merged[name] = join(*both) if len(both) > 1 else next(iter(both), None)
    return merged


def to_rows(
    found: list[Row], measures: tuple[Measure, ...], group: Group | None, order: SummaryOrder | None
) -> list[Row]:
    """The rows as they travel, in the order that was asked for, else in that of the groups."""
    if group is not None and group.unit in WITHIN:
        found = _joined(found)
    if order is not None:
        found = _ordered(found, order)
    shows: dict[str, Callable[[Row], Any]] = {
        name: SHOWN.get(name, _itself(name)) for name in measures
    }
    if group is not None:
        shows[GROUP_VALUE] = _bucket(group.unit) if group.field else _itself(GROUP_VALUE)
    return [{name: show(row) for name, show in shows.items()} for row in found]


def _bucket(unit: str) -> Callable[[Row], float | None]:
    return lambda row: _seconds(row[unit])


def _itself(name: str) -> Callable[[Row], Any]:
    return itemgetter(name)


def _seconds(us: int | None) -> float | None:
    """Unix seconds: a whole number unless there is a fraction."""
    if us is None:
        return None
    return us / SECOND_US if us % SECOND_US else us // SECOND_US


def _others(row: Row) -> int:
    named = row["succeeded"] + row["failed"] + row["cancelled"] + row["running"]
    return int(row["with_reason"] - named)


def _total(row: Row) -> Interval | None:
    return Interval(int(row["days"]), int(row["rest"])) if row["with_duration"] else None


def _average(row: Row) -> Interval | None:
    if not row["with_duration"]:
        return None
    return intervals.average(int(row["days"]), int(row["rest"]), row["with_duration"])


def _difference(name: str) -> Callable[[Row], Interval | None]:
    return lambda row: None if row[name] is None else intervals.of_difference(row[name])


INTERVALS: dict[str, Callable[[Row], Interval | None]] = {
    "avg_duration": _average,
    "min_duration": _difference("min_duration"),
    "max_duration": _difference("max_duration"),
    "total_duration": _total,
}


def _text(interval_of: Callable[[Row], Interval | None]) -> Callable[[Row], str | None]:
    def text(row: Row) -> str | None:
        interval = interval_of(row)
        return None if interval is None else intervals.to_text(interval)

    return text


SHOWN: dict[str, Callable[[Row], Any]] = {
    "others": _others,
    "last_runtime": lambda row: _seconds(row["last_runtime"]),
    **{name: _text(interval_of) for name, interval_of in INTERVALS.items()},
}


def _ordered(found: list[Row], order: SummaryOrder) -> list[Row]:
    """As PostgreSQL orders: what is missing comes last, or first if it descends."""
    keyed = [(_sort_value(row, order.measure), row) for row in found]
    there = [(value, row) for value, row in keyed if value is not None]
    missing = [row for value, row in keyed if value is None]
    there.sort(key=lambda pair: pair[0], reverse=order.is_descending)
    rows = [row for _, row in there]
    return missing + rows if order.is_descending else rows + missing


def _sort_value(row: Row, name: str) -> Any:
    if name in INTERVALS:
        interval = INTERVALS[name](row)
        return None if interval is None else intervals.compare_key(interval)
    return _others(row) if name == "others" else row[name]
