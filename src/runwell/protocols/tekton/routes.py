"""The routes below `/apis/results.tekton.dev`, and `/healthz`: summaries and health are here."""

from __future__ import annotations

from dataclasses import replace

from runwell.errors import TooLarge
from runwell.http import Answer, Call, Endpoint, Parameter, json_answer
from runwell.protocols.base import Services
from runwell.protocols.tekton import calls, lists, questions, records, results, summary, wire
from runwell.protocols.tekton.errors import UnknownService
from runwell.protocols.tekton.parameters import parameter
from runwell.protocols.tekton.vocabulary import RECORDS, read_filter

HEALTHY = {"", "tekton.results.v1alpha2.Results", "tekton.results.v1alpha2.Logs"}
SUMMARY = (
    Parameter("summary", f"comma-separated, of: {', '.join(questions.MEASURES)}"),
    calls.FILTER,
    Parameter("group_by", "minute ... year, perhaps startTime or completionTime; or a place"),
    Parameter("order_by", "one of the measures, then asc or desc"),
    calls.FIELDS,
)


def endpoints(services: Services) -> list[Endpoint]:
    """The routes of this protocol. The first that fits answers: `summary` is no record."""
    named = [*results.endpoints(services), _summary(services), *records.endpoints(services)]
    return [*(replace(one, params=calls.PATH_PARTS) for one in named), _health()]


def _summary(services: Services) -> Endpoint:
    async def summarize(call: Call) -> Answer:
        query = call.query
        where = lists.records_under(calls.list_parent(call))
        measures = questions.read_summary(parameter(query, "summary"))
        group = questions.read_group(parameter(query, "group_by"))
        order = questions.read_order(parameter(query, "order_by"), measures) if group else None
        condition = read_filter(RECORDS, parameter(query, "filter") or "")
        where += [] if condition is None else [condition]
        found = await services.run(summary.to_query(measures, group, where))
        if len(found.rows) > summary.GROUPS_MAX:
            raise TooLarge(f"more than {summary.GROUPS_MAX} groups: narrow the filter")
        rows = summary.to_rows(found.dicts(), measures, group, order)
        return calls.answer(call, wire.RecordListSummary(rows))

    return Endpoint(
        method="GET",
        path=f"{calls.RECORDS}/summary",
        aliases=(f"{calls.RECORDS_IN_ONE}/summary",),
        handle=summarize,
        scope="read",
        summary="Summarize records: counts by reason, durations, in groups.",
        answers={200: wire.RecordListSummary},
        query=SUMMARY,
    )


def _health() -> Endpoint:
    async def health(call: Call) -> Answer:
        if call.query.get("service", "") not in HEALTHY:
            raise UnknownService
        return json_answer(wire.Health("SERVING"))

    return Endpoint(
        method="GET",
        path="/healthz",
        handle=health,
        scope=None,
        summary="SERVING as long as the server answers.",
        answers={200: wire.Health},
        refuses=(UnknownService(),),
        query=(Parameter("service", "the gRPC service that is asked about"),),
    )
