"""`/-/api/summary`: measures over all events, by time bucket or field."""

from __future__ import annotations

from typing import Any

import msgspec

from runwell.errors import BadParameter
from runwell.http import Answer, Call, Endpoint, Parameter, json_answer
from runwell.protocols.base import Services
from runwell.query import MEASURES, Summary
from runwell.web import parameters
from runwell.web.values import show_rows

PARAMETERS = (
    Parameter("summary", f"comma-separated measures of: {', '.join(MEASURES)}; all if not given"),
    Parameter(
        "group_by", "fields or minute, hour, day, week, month, year, each also as `day started`"
    ),
    parameters.FILTER,
    Parameter("order_by", "a group or measure, then asc or desc; by the groups if not given"),
    parameters.LIMIT,
)


class SummaryAnswer(msgspec.Struct, frozen=True):
    """One object a group: groups, then measures. Durations in seconds, times RFC 3339."""

    summary: list[dict[str, Any]]


def endpoints(services: Services) -> list[Endpoint]:
    """The routes of this file."""

    async def summarize(call: Call) -> Answer:
        query = _read(call, services.config.page_max)
        rows = await services.run(query)
        return json_answer(SummaryAnswer(show_rows(rows)))

    return [
        Endpoint(
            method="GET",
            path="/-/api/summary",
            handle=summarize,
            scope="read",
            summary="Summarize all events: counts by status, durations, percentiles, last run.",
            answers={200: SummaryAnswer},
            query=PARAMETERS,
        )
    ]


def _read(call: Call, page_max: int) -> Summary:
    parameters.refuse_unknown(call.query, PARAMETERS)
    measures = parameters.read_measures(call.query)
    groups = parameters.read_groups(call.query)
    order_by, descending = parameters.read_order(call.query)
    known = [*measures, *(group.name for group in groups)]
    if order_by and order_by not in known:
        problem = f"{order_by[:80]!r} is not asked for{parameters.nearest(order_by, known)}"
        raise BadParameter("order_by", problem)
    limit = parameters.read_int(call.query, "limit", page_max, page_max)
    where = parameters.read_filter(call.query)
    return Summary(measures, groups, where, order_by, descending, limit)
