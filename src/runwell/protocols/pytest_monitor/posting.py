"""The three posts: the hottest routes. One decode, one translation, one commit."""

from __future__ import annotations

from runwell.errors import Conflict
from runwell.http import Answer, Call, Endpoint, json_answer
from runwell.http.call import Handler
from runwell.model import Event
from runwell.protocols.base import Services
from runwell.protocols.pytest_monitor import translate, wire
from runwell.protocols.pytest_monitor.decode import CONTEXTS, METRICS, SESSIONS

CREATED = 201


def endpoints(services: Services) -> list[Endpoint]:
    """The routes of this file."""
    zone = services.config.zone

    async def post_metric(call: Call) -> Answer:
        metric = METRICS.read(call.body)
        write = translate.metric_write(metric, call.body.decode(), zone, call.client)
        (written,) = await services.accept([write])
        if written.event is not write.event:  # a repeat: answer what is stored
            metric = translate.read_metric(*_stored(written.event))
        return json_answer(metric, CREATED)

    async def post_context(call: Call) -> Answer:
        context = CONTEXTS.read(call.body)
        write = translate.context_write(context, call.body.decode(), call.client)
        (written,) = await services.accept([write])
        return json_answer(translate.read_context(*_stored(written.event)), CREATED)

    async def post_session(call: Call) -> Answer:
        # a hash in the path serves where the body has none
        given = {"session_h": call.params["prefix"]} if call.params else {}
        session = SESSIONS.read(call.body, given)
        write = translate.session_write(session, call.body.decode(), zone, call.client)
        (written,) = await services.accept([write])
        return json_answer(translate.read_session(*_stored(written.event)), CREATED)

    return [
        _post("/api/v1/metrics/", post_metric, "Store a metric.", wire.MetricBody, wire.Metric),
        _post(
            "/api/v1/contexts/", post_context, "Store a context.", wire.Context, wire.ContextAnswer
        ),
        _post(
            "/api/v1/contexts/{prefix}",
            post_context,
            "Store a context; the path means nothing.",
            wire.Context,
            wire.ContextAnswer,
        ),
        _post(
            "/api/v1/sessions/",
            post_session,
            "Store a session.",
            wire.SessionBody,
            wire.SessionAnswer,
        ),
        _post(
            "/api/v1/sessions/{prefix}",
            post_session,
            "Store a session under the path's hash if the body has none.",
            wire.SessionBody,
            wire.SessionAnswer,
        ),
    ]


def _stored(event: Event) -> tuple[str, str]:
    return event.payload, event.chain


def _post(path: str, handle: Handler, summary: str, body: type, answer: type) -> Endpoint:
    return Endpoint(
        method="POST",
        path=path,
        handle=handle,
        scope="write",
        summary=summary,
        body=body,
        answers={CREATED: answer},
        refuses=(Conflict(),),
    )
