"""Measures over time: which buckets there are, gaps filled, beside the window before. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from runwell.errors import BadQuery, TooLarge
from runwell.filter import And, Call, Compare, Constant, Expression, Field, Filter, Or
from runwell.model import Bucket
from runwell.model.times import bucket_start, bucket_starts, next_bucket
from runwell.query.asked import TYPES
from runwell.query.fields import FIELDS, Type
from runwell.query.nearest import nearest
from runwell.query.rows import Rows
from runwell.query.summary import Group, Measure, Summary, TimeBucket

SORTS = {type_: sort for sort, type_ in TYPES.items()}
HALF_DAY_US = 12 * 3_600_000_000
COUNTED = ("count", "distinct")  # 0 where there is no event; every other measure is missing there

CHANGE = "change"  # an order: by what became of the first measure

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """Measures by bucket and group, for `limit` groups: the first in `order`, or the highest.

    `order` is a measure or `CHANGE`, and whether it descends; None: the first measure, descending.
    `begin` and `end` are microseconds, the end exclusive; None: from the first or to the last
    bucket that has an event.
    """

    measures: Mapping[str, Measure]
    bucket: TimeBucket
    groups: tuple[Field | Group, ...] = ()
    where: Filter | None = None
    begin: int | None = None
    end: int | None = None
    limit: int = 20
    order: tuple[str, bool] | None = None


class Window(NamedTuple):
    """The starts of its buckets in order, and where the last one ends."""

    starts: tuple[int, ...]
    end: int


class Line(NamedTuple):
    """One group: a value a bucket for each measure, and its measures over the whole window."""

    group: Key
    points: Mapping[str, list[Any]]
    whole: Mapping[str, Any]


def bounds(series: Series) -> Summary:
    """Asks for the first and the last time of what is asked for."""
    time = Field(series.bucket.field)
    ends = {
        "first": Measure("min", time, type=Type.TIME),
        "last": Measure("max", time, type=Type.TIME),
    }
    return Summary(tuple(ends), where=series.where, defined=ends)


def window(series: Series, first: int | None, last: int | None, most: int) -> Window:
    """The buckets of a series; `first` and `last` are what `bounds` found.

    Raises:
        BadQuery: it ends before it begins.
        TooLarge: more than `most` buckets.
    """
    begin = first if series.begin is None else series.begin
    end = (None if last is None else last + 1) if series.end is None else series.end
    if begin is None or end is None:
        return Window((), 0)
    if end <= begin:
        if None in (series.begin, series.end):
            return Window((), 0)
        raise BadQuery("to: must be later than `from`", pointer="to")
    return _window(begin, end, series.bucket, most)


def before(of: Window, bucket: TimeBucket) -> Window:
    """As many buckets, right before."""
    if not of.starts:
        return of
    starts: list[int] = []
    start = of.starts[0]
    while len(starts) < len(of.starts):
        start = bucket_start(start - 1, bucket.bucket, zone_of(bucket))
        starts.append(start)
    return Window(tuple(reversed(starts)), of.starts[0])


def _window(begin: int, end: int, bucket: TimeBucket, most: int) -> Window:
    starts: list[int] = []
    zone = zone_of(bucket)
    for start in bucket_starts(begin, end, bucket.bucket, zone):
        starts.append(start)
        if len(starts) > most:
            raise TooLarge(
                f"more than {most} buckets: choose a larger bucket than {bucket.bucket}, or a "
                "shorter time",
                pointer="bucket",
            )
    after = next_bucket(starts[-1], bucket.bucket, zone)
    return Window(tuple(starts), after)


def check_size(points: int, most: int) -> None:
    """Refuse more points than a client can draw.

    Raises:
        TooLarge: with what to do.
    """
    if points > most:
        raise TooLarge(
            f"{points} points; {most} is the most: choose a larger bucket, a shorter time or a "
            "lower limit",
            pointer="bucket",
        )


def zone_of(bucket: TimeBucket) -> Any:
    """The clock of its buckets."""
    return ZoneInfo(bucket.zone) if bucket.zone else UTC


def whole_query(series: Series, of: Window, groups: Sequence[Key] | None = None) -> Summary:
    """Asks for the measures over a window; `groups`: of these alone, else of the highest."""
    names = tuple(series.measures)
    return Summary(
        names,
        series.groups,
        _inside(series, of, groups),
        (_sql_order(series),) if groups is None else (),
        series.limit if groups is None else None,
        series.measures,
    )


def _sql_order(series: Series) -> tuple[str, bool]:
    first = (next(iter(series.measures)), True)
    return series.order if series.order and series.order[0] != CHANGE else first


def by_change(series: Series, now: Rows, then: Rows) -> list[Key]:
    """The `limit` groups whose first measure changed most, or least; those with no change last.

    `now` and `then` are the wholes of two windows.
    """
    width, first = len(series.groups), next(iter(series.measures.values()))
    old = {_key(row[:width]): row[width] for row in then.rows}
    changes = [
        (change(row[width], old.get(_key(row[:width]))), row[:width])
        for row in now.rows
        if first.type is not Type.TIME
    ]
    known = [(found, key) for found, key in changes if found is not None]
    known.sort(key=lambda one: one[0], reverse=bool(series.order and series.order[1]))
    ranked = [key for _, key in known]
    seen = {_key(key) for key in ranked}
    rest = [row[:width] for row in now.rows if _key(row[:width]) not in seen]
    return [*ranked, *rest][: series.limit]


def points_query(series: Series, of: Window, groups: Sequence[Key]) -> Summary:
    """Asks for the measures of these groups by bucket."""
    return replace(whole_query(series, of, groups), group_by=(series.bucket, *series.groups))


def _inside(series: Series, of: Window, groups: Sequence[Key] | None) -> Filter:
    time = Field(series.bucket.field)
    parts: list[Filter] = [Compare(time, ">=", of.starts[0]), Compare(time, "<", of.end)]
    if series.where is not None:
        parts.append(series.where)
    if groups is not None and series.groups:
        parts.append(Or(tuple(_is_group(series, key) for key in groups)))
    return And(tuple(parts))


def _is_group(series: Series, key: Key) -> Filter:
    return And(
        tuple(_is_value(group, value) for group, value in zip(series.groups, key, strict=True))
    )


def _is_value(group: Field | Group, value: Any) -> Expression:
    by, type_ = (group.by, group.type) if isinstance(group, Group) else (group, FIELDS[group.name])
    if value is None:
        return Call("is_null", (by,))
    return Call("eq", (by, Constant(value, SORTS[type_])))


def lines(series: Series, of: Window, whole: Rows, points: Rows) -> list[Line]:
    """Every group of `whole` in its order, with a value for each bucket of the window."""
    width = len(series.groups)
    found = {
        (_key(row[1 : width + 1]), _start_of(series.bucket.bucket, of, row[0])): row[width + 1 :]
        for row in points.rows
    }
    nothing = _nothing(series)
    return [
        Line(
            row[:width],
            _columns(
                series, [found.get((_key(row[:width]), start), nothing) for start in of.starts]
            ),
            dict(zip(series.measures, row[width:], strict=True)),
        )
        for row in whole.rows
    ]


def _start_of(bucket: Bucket, of: Window, start: int) -> int:
    """Where the bucket begins that an engine has begin here.

    An engine has zones of its own: where these are newer or older than ours and a government has
    changed its clocks between the two, its midnight is an hour off.
    """
    if bucket in (Bucket.MINUTE, Bucket.HOUR):
        return start
    place = bisect_right(of.starts, start + HALF_DAY_US) - 1
    is_near = place >= 0 and start - of.starts[place] <= HALF_DAY_US
    return of.starts[place] if is_near else start


def _key(group: Key) -> Key:
    """A group as it is looked up: not-a-number equals itself."""
    return tuple("NaN" if isinstance(one, float) and math.isnan(one) else one for one in group)


def _columns(series: Series, rows: Sequence[Key]) -> dict[str, list[Any]]:
    return {name: [row[place] for row in rows] for place, name in enumerate(series.measures)}


def _nothing(series: Series) -> Key:
    return tuple(
        0 if measure.aggregate in COUNTED else None for measure in series.measures.values()
    )


def matched(series: Series, found: Iterable[Line], wanted: Sequence[Key], of: Window) -> list[Line]:
    """The lines of these groups in this order; those without an event are empty."""
    by_group = {_key(line.group): line for line in found}
    nothing = _nothing(series)
    empty = _columns(series, [nothing] * len(of.starts))
    whole = dict(zip(series.measures, nothing, strict=True))
    return [by_group.get(_key(key), Line(key, empty, whole)) for key in wanted]


def change(now: Any, then: Any) -> float | None:
    """What became of a measure, as a share of what it was; None where that says nothing.

    >>> change(150, 100)
    0.5
    """
    if isinstance(now, str) or isinstance(then, str) or now is None or not then:
        return None
    return float((now - then) / abs(then))


def read_bucket(text: str) -> Bucket:
    """The bucket of this name.

    Raises:
        BadQuery: there is none.
    """
    try:
        return Bucket(text)
    except ValueError as error:
        names = ", ".join(Bucket)
        raise BadQuery(
            f"bucket: takes {names}, not {text[:40]!r}{nearest(text, Bucket)}", pointer="bucket"
        ) from error
