"""`/-/api/series`: measures over time, ready for a chart, beside the window before."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from starlette.datastructures import QueryParams

from runwell.errors import BadParameter, BadTime
from runwell.http import Answer, Call, Endpoint, Parameter, json_answer
from runwell.http.shapes import Positive
from runwell.model import Bucket
from runwell.model.times import EARLIEST_US, bucket_start, now_us, parse_iso, to_iso
from runwell.protocols.base import Services
from runwell.query import FIELDS, Group, TimeBucket, Type
from runwell.query import series as asked
from runwell.query.series import Line, Series, Window
from runwell.web import asking, parameters
from runwell.web.values import rendered, show_value

LIMIT_DEFAULT = 20
GROUPS_MAX = 2
MEASURES_DEFAULT = ("total", "failure_rate", "p50(duration)", "p95(duration)")
COMPARED = ("", "previous")
AGO = re.compile(r"-([0-9]{1,5})([mhdw])")
UNITS_US = {"m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000}

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "bucket",
        f"one of {', '.join(asking.BUCKETS)}; day if not given",
        Literal["", *asking.BUCKETS],
    ),
    Parameter("time", "which time field; `time` if not given", Literal["", *asking.TIMES]),
    Parameter(
        "from",
        "RFC 3339, a date in the zone, `-7d` (m, h, d, w), or a bucket's word for the one of now: "
        "`week`; the first event if not given",
    ),
    Parameter("to", "the end, exclusive, up to a whole bucket; the last event if not given"),
    asking.ZONE,
    asking.SUMMARY,
    Parameter("group_by", "up to two fields, `tags.NAME`, `payload.a.b` or CEL expressions"),
    parameters.FILTER,
    Parameter("compare", "`previous`: beside as many buckets right before", Literal[COMPARED]),
    Parameter(
        "order_by",
        "a measure over the whole window, or `change` of the first one, then asc or desc; the "
        "first measure, highest first, if not given",
    ),
    Parameter("limit", "how many groups: the first in this order", Positive, most="page_max"),
    parameters.SHAPE,
)


class Chart(msgspec.Struct, frozen=True, omit_defaults=True):
    """One group: values by measure, one a bucket; `whole` is measured over the window at once."""

    group: dict[str, Any]
    values: dict[str, list[Any]]
    whole: dict[str, Any]
    previous: dict[str, list[Any]] | None = None
    previous_whole: dict[str, Any] | None = None
    change: dict[str, float | None] | None = None  # of `whole`, as a share of `previous_whole`


class SeriesAnswer(msgspec.Struct, frozen=True, rename={"begin": "from", "end": "to"}):
    """`times` are the starts of the buckets; `to` is where the last one ends."""

    bucket: str
    zone: str
    begin: str | None
    end: str | None
    times: list[str | None]
    series: list[Chart]


def endpoints(services: Services) -> list[Endpoint]:
    """The routes of this file."""

    async def answer_series(call: Call) -> Answer:
        parameters.refuse_unknown(call.query, PARAMETERS)
        series = _read(call.query, services.config.page_max, now_us(datetime.now(UTC)))
        compare = bool(parameters.read_choice(call.query, "compare", COMPARED))
        shape = parameters.read_choice(call.query, "shape", parameters.SHAPES)
        most = services.config.page_max
        now = await _window(services, series, most)
        found = await _ranked(services, series, now) if now.starts else []
        then: list[Line] | None = None
        if compare:
            groups = [line.group for line in found]
            before = asked.before(now, series.bucket)
            then = await _lines(services, series, before, groups) if groups else []

        def render() -> Answer:
            answer = _show(series, now, found, then)
            return json_answer(_flat(answer) if shape else answer)

        return await rendered(len(found) * len(now.starts), render)

    return [
        Endpoint(
            method="GET",
            path="/-/api/series",
            handle=answer_series,
            scope="read",
            summary="Measures by time bucket, gaps filled, ready for a chart.",
            answers={200: SeriesAnswer | list[dict[str, Any]]},
            query=PARAMETERS,
        )
    ]


def _read(query: QueryParams, most: int, now: int) -> Series:
    zone = parameters.read_zone(query)
    bucket = TimeBucket(
        asked.read_bucket(query.get("bucket") or "day"),
        asking.read_time_field(query.get("time") or "time", "time"),
        zone,
    )
    words = dict.fromkeys(parameters.read_list(query, "group_by"))
    if len(words) > GROUPS_MAX:
        raise BadParameter("group_by", f"at most {GROUPS_MAX} groups")
    groups = [asking.read_group(text) for text in words]
    for group in groups:
        if isinstance(group, TimeBucket):
            raise BadParameter("group_by", "`bucket` says which buckets: a series has one kind")
    measures = asking.read_measures(query, MEASURES_DEFAULT)
    asking.check_columns(("time", *(group.name for group in groups), *measures))
    return Series(
        measures,
        bucket,
        tuple(group for group in groups if not isinstance(group, TimeBucket)),
        parameters.read_filter(query),
        _read_time(query, "from", bucket, now),
        _read_time(query, "to", bucket, now),
        parameters.read_int(query, "limit", LIMIT_DEFAULT, most),
        _read_order(query, measures),
    )


def _read_order(query: QueryParams, measures: asking.Measures) -> tuple[str, bool] | None:
    is_compared = bool(query.get("compare"))
    orders = asking.read_orders(query, [*measures, *([asked.CHANGE] if is_compared else [])])
    if len(orders) > 1:
        raise BadParameter("order_by", "one order; ties come by the groups")
    return orders[0] if orders else None


def _read_time(query: QueryParams, name: str, bucket: TimeBucket, now: int) -> int | None:
    """A time; without a zone of its own, by the clock of the buckets."""
    text = query.get(name, "")
    if not text:
        return None
    if text in asking.BUCKETS:
        return bucket_start(now, Bucket(text), asked.zone_of(bucket))
    if ago := AGO.fullmatch(text):
        return max(EARLIEST_US, now - int(ago[1]) * UNITS_US[ago[2]])
    try:
        return parse_iso(text, asked.zone_of(bucket))
    except BadTime as error:
        raise BadParameter(name, f"{error.message}; or -7d, or week for this week") from error


async def _window(services: Services, series: Series, most: int) -> Window:
    if series.begin is not None and series.end is not None:
        return asked.window(series, None, None, most)
    first, last = (await services.run(asked.bounds(series))).rows[0]
    return asked.window(series, first, last, most)


async def _ranked(services: Services, series: Series, now: Window) -> list[Line]:
    """The lines of the groups that are shown, in their order."""
    if series.order is None or series.order[0] != asked.CHANGE:
        return await _lines(services, series, now)
    most = services.config.page_max
    every = replace(series, limit=most)
    whole = await services.run(asked.whole_query(every, now))
    before = asked.whole_query(every, asked.before(now, series.bucket))
    groups = asked.by_change(series, whole, await services.run(before))
    return await _lines(services, series, now, groups) if groups else []


async def _lines(
    services: Services, series: Series, of: Window, groups: list[tuple[Any, ...]] | None = None
) -> list[Line]:
    whole = await services.run(asked.whole_query(series, of, groups))
    wanted = [row[: len(series.groups)] for row in whole.rows] if groups is None else groups
    asked.check_size(len(wanted) * len(of.starts), services.config.page_max)
    points = await services.run(asked.points_query(series, of, wanted))
    found = asked.lines(series, of, whole, points)
    return found if groups is None else asked.matched(series, found, groups, of)


def _show(series: Series, now: Window, found: list[Line], then: list[Line] | None) -> SeriesAnswer:
    zone = asked.zone_of(series.bucket)
    charts = []
    for place, line in enumerate(found):
        chart = Chart(_group(series, line), _points(series, line), _whole(series, line))
        if then is not None:
            chart = _compared(series, chart, line, then[place])
        charts.append(chart)
    return SeriesAnswer(
        str(series.bucket.bucket),
        series.bucket.zone or "UTC",
        to_iso(now.starts[0], zone) if now.starts else None,
        to_iso(now.end, zone) if now.starts else None,
        [to_iso(start, zone) for start in now.starts],
        charts,
    )


def _compared(series: Series, chart: Chart, now: Line, then: Line) -> Chart:
    return msgspec.structs.replace(
        chart,
        previous=_points(series, then),
        previous_whole=_whole(series, then),
        change={
            name: _change(measure.type, now.whole[name], then.whole[name])
            for name, measure in series.measures.items()
        },
    )


def _change(type_: Type, now: Any, then: Any) -> float | None:
    """A time is no amount of anything."""
    return None if type_ is Type.TIME else asked.change(now, then)


def _group(series: Series, line: Line) -> dict[str, Any]:
    return {
        group.name: show_value(_type(group), value)
        for group, value in zip(series.groups, line.group, strict=True)
    }


def _type(group: Any) -> str:
    return group.type if isinstance(group, Group) else FIELDS[group.name]


def _points(series: Series, line: Line) -> dict[str, list[Any]]:
    return {
        name: [show_value(measure.type, value) for value in line.points[name]]
        for name, measure in series.measures.items()
    }


def _whole(series: Series, line: Line) -> dict[str, Any]:
    return {
        name: show_value(measure.type, line.whole[name])
        for name, measure in series.measures.items()
    }


def _flat(answer: SeriesAnswer) -> list[dict[str, Any]]:
    """One object a bucket and group."""
    rows = []
    for chart in answer.series:
        for place, time in enumerate(answer.times):
            row = {"time": time, **chart.group}
            row |= {name: values[place] for name, values in chart.values.items()}
            if chart.previous is not None:
                row |= {f"previous {n}": values[place] for n, values in chart.previous.items()}
            rows.append(row)
    return rows
