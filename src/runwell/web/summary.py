"""`/-/api/summary`: measures over all events, by time bucket, field or any value."""

from __future__ import annotations

from typing import Any

import msgspec

from runwell.http import Answer, Call, Endpoint, Parameter, json_answer
from runwell.protocols.base import Services
from runwell.query import Summary, TimeBucket
from runwell.web import asking, parameters
from runwell.web.values import rendered, show_rows

PARAMETERS: tuple[Parameter, ...] = (
    asking.SUMMARY,
    asking.GROUP_BY,
    parameters.FILTER,
    asking.HAVING,
    asking.ORDER_BY,
    parameters.LIMIT,
    asking.ZONE,
    parameters.SHAPE,
)


class SummaryAnswer(msgspec.Struct, frozen=True):
    """One object a group: groups, then measures. Durations in seconds, times RFC 3339."""

    summary: list[dict[str, Any]]


def endpoints(services: Services) -> list[Endpoint]:
    """The routes of this file."""

    async def summarize(call: Call) -> Answer:
        query = _read(call, services.config.page_max)
        shape = parameters.read_choice(call.query, "shape", parameters.SHAPES)
        rows = await services.run(query)
        buckets = {group.name for group in query.group_by if isinstance(group, TimeBucket)}
        zone = parameters.read_zone(call.query)

        def render() -> Answer:
            shown = show_rows(rows, zone, buckets)
            return json_answer(shown if shape else SummaryAnswer(shown))

        return await rendered(len(rows.rows), render)

    return [
        Endpoint(
            method="GET",
            path="/-/api/summary",
            handle=summarize,
            scope="read",
            summary="Summarize all events: counts by status, durations, percentiles, last run.",
            answers={200: SummaryAnswer | list[dict[str, Any]]},
            query=PARAMETERS,
        )
    ]


def _read(call: Call, page_max: int) -> Summary:
    parameters.refuse_unknown(call.query, PARAMETERS)
    measures = asking.read_measures(call.query)
    groups = asking.read_groups(call.query)
    conditions = asking.read_conditions(call.query)
    names = (*(group.name for group in groups), *measures)
    asking.check_columns(names)
    return Summary(
        tuple(measures),
        groups,
        parameters.read_filter(call.query),
        asking.read_orders(call.query, names),
        parameters.read_int(call.query, "limit", page_max, page_max),
        {**conditions.measures, **measures},
        conditions.having,
    )
