"""The one route."""

from __future__ import annotations

from runwell.errors import BadBody, NotCaughtUp, QueryTooLong
from runwell.filter import And, Compare, Field
from runwell.http import Answer, Call, Endpoint
from runwell.http.numbers import check_numbers
from runwell.protocols.base import Services
from runwell.protocols.pipeline_metrics import wire
from runwell.protocols.pipeline_metrics.decode import read_head, read_report
from runwell.protocols.pipeline_metrics.errors import AlreadyReported
from runwell.protocols.pipeline_metrics.translate import SOURCE, Rules, identify, to_writes
from runwell.query import count_events

STORED = Answer(200, content_type="")


def endpoints(services: Services) -> list[Endpoint]:
    """The route of this protocol."""
    config = services.config
    rules = Rules(config.pipeline_metrics_key == "project", config.main_ref_names)

    async def save_metrics(call: Call) -> Answer:
        try:
            report = read_report(call.body)
            writes = to_writes(report, call.body.decode(), rules, call.client)
            check_numbers(call.body)
        except BadBody:
            await refuse_if_stored(call)
            raise
        await services.accept(writes)
        return STORED

    async def refuse_if_stored(call: Call) -> None:
        """A repeat is known by two fields, as the original did: the rest of it may be broken."""
        scope, id_, _ = identify(read_head(call.body), rules)
        key = {"source": SOURCE, "scope": scope, "id": id_}
        same = And(tuple(Compare(Field(name), "==", value) for name, value in key.items()))
        if (await services.run(count_events(same))).scalar():
            raise AlreadyReported

    return [
        Endpoint(
            method="POST",
            path="/save_metrics",
            handle=save_metrics,
            scope="write",
            summary="Store the metrics of a pipeline: 200, or 208 if it was stored before.",
            body=(wire.ReportBody, wire.OldReportBody),
            answers={200: None, 208: None},
            refuses=(NotCaughtUp(), QueryTooLong()),
        )
    ]
