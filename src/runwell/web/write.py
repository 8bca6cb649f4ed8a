"""`POST /-/api/events`: events of any source as our own API shows them, scripts' own included."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runwell.errors import AttemptGap, BadBody, BadEvent, Conflict, TooLarge
from runwell.http import Answer, Call, Endpoint, json_answer
from runwell.model import Outcome, Write, Written
from runwell.protocols.base import Protocol, Services
from runwell.web import parameters
from runwell.web.admission import to_writes
from runwell.web.native import NativeEvents, read_events


class WriteAnswer(msgspec.Struct, frozen=True):
    """How many events were new, were there with the same content, and were there with other."""

    created: int
    existed: int
    replaced: int


def endpoints(services: Services, protocols: Sequence[Protocol]) -> list[Endpoint]:
    """The route of this file."""
    config = services.config
    admits = {protocol.name: protocol.admit for protocol in protocols}

    async def write_events(call: Call) -> Answer:
        parameters.refuse_unknown(call.query, ())
        sent = read_events(call.body, config.depth_max)
        if len(sent) > config.events_per_request_max:
            raise TooLarge(f"{len(sent)} events; {config.events_per_request_max} is the most")
        writes = to_writes(sent, admits, config.zone, call.client)
        return json_answer(_count(await _accept(services, writes)))

    return [
        Endpoint(
            method="POST",
            path="/-/api/events",
            handle=write_events,
            scope="write",
            summary="Store events of any source, all or none; the same content changes nothing.",
            body=NativeEvents,
            is_json_only=False,  # a payload may be as deep as in its own protocol
            answers={200: WriteAnswer},
            refuses=(Conflict(),),
        )
    ]


async def _accept(services: Services, writes: Sequence[Write]) -> list[Written]:
    """Errors name the event: each write is one."""
    try:
        return await services.accept(writes)
    except BadEvent as error:
        place = f"events[{error.place}].{error.pointer}"
        raise BadBody(f"{place}: {error.problem}", pointer=place) from error
    except AttemptGap as error:
        raise error.at(f"events[{error.place}].attempt") from error


def _count(written: Sequence[Written]) -> WriteAnswer:
    outcomes = [one.outcome for one in written]
    created, existed = outcomes.count(Outcome.CREATED), outcomes.count(Outcome.EXISTED)
    return WriteAnswer(created, existed, len(outcomes) - created - existed)
