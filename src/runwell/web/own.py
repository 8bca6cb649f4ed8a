"""Our own API as one more protocol for the gate; it also owns the paths that nobody claims."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from runwell.http import Answer, Call, Endpoint
from runwell.observe import Sample
from runwell.protocols.base import OWN_NAME, Protocol, Services
from runwell.web import (
    events,
    export,
    fields,
    front,
    operations,
    relations,
    series,
    sql,
    summary,
    tail,
    tree,
    write,
)
from runwell.web.operations import Readiness
from runwell.web.problem import Problem, render_problem


@dataclass(frozen=True, slots=True)
class State:
    """What our own API tells beyond events: handed over by `app.build`."""

    ask_sql: sql.AskSQL
    readiness: Callable[[], Readiness]
    samples: Callable[[], Iterable[Sample]]
    openapi: Callable[[], bytes]
    relations: relations.Relations
    protocols: Sequence[Protocol]


def own_protocol(state: State) -> Protocol:
    """Everything under `/-/`, the front page, and the answer to unknown paths."""

    def endpoints(services: Services) -> list[Endpoint]:
        return [
            *operations.endpoints(state.readiness, state.samples),
            *events.endpoints(services),
            *export.endpoints(services),
            *tail.endpoints(services),
            *write.endpoints(services, state.protocols),
            *tree.endpoints(services),
            *summary.endpoints(services),
            *series.endpoints(services),
            *fields.endpoints(services),
            *relations.endpoints(state.relations),
            *sql.endpoints(state.ask_sql, services.config),
            *front.endpoints(services, state.protocols),
            _openapi(state.openapi),
        ]

    return Protocol(
        name=OWN_NAME,
        title="runwell's own API",
        claims=("/", "/-"),
        endpoints=endpoints,
        render_error=render_problem,
        refused=Problem,
    )


def _openapi(document: Callable[[], bytes]) -> Endpoint:
    async def openapi(_: Call) -> Answer:
        return Answer(200, document())

    return Endpoint(
        method="GET",
        path="/-/openapi.json",
        handle=openapi,
        scope="read",
        summary="This document: every route of every protocol.",
        answers={200: dict},
    )
