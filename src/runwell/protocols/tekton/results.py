"""The routes of results."""

from __future__ import annotations

from functools import partial

from runwell.http import Answer, Call, Endpoint, Parameter, json_answer
from runwell.model import Event, Write
from runwell.protocols.base import Services
from runwell.protocols.tekton import calls, lists, protojson, rules, translate, wire
from runwell.protocols.tekton.errors import AlreadyExists, InvalidArgument, RecordNotFound
from runwell.protocols.tekton.names import check_parent, new_result_name, parse_result_name
from runwell.protocols.tekton.paging import RESULT_ORDERS
from runwell.protocols.tekton.translate import Stamp
from runwell.protocols.tekton.vocabulary import RESULTS

NAME = Parameter("name", "the name once more, as the original wants it")


class Results:
    """What can be done with results."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._depth_max = services.config.depth_max

    async def create(self, call: Call) -> Answer:
        """A new one, under its own name."""
        given = protojson.read_result(calls.body_of(call), self._depth_max)
        name = new_result_name(given.name, call.params["parent"])
        protojson.check_summary(given.summary)
        event = translate.to_result_event(name, given, calls.new_stamp(), call.client)
        (written,) = await self._services.accept([Write(event, rules.new_result)])
        return calls.answer(call, translate.to_result(written.event))

    async def update(self, call: Call) -> Answer:
        """Annotations and summary are replaced, also by nothing."""
        given = protojson.read_result(call.body, self._depth_max)
        path = calls.result_path(call)
        name = parse_result_name(path)
        if call.query.get("name", path) != path:
            raise InvalidArgument("requested parent does not match resource name", pointer="name")
        protojson.check_summary(given.summary)

        def make(_: Event, stamp: Stamp) -> Event:
            return translate.to_result_event(name, given, stamp, call.client)

        rule = rules.updated_result(call.query.get("etag", ""), calls.now(), make)
        incoming = translate.result_key(name, call.body.decode())
        (written,) = await self._services.accept([Write(incoming, rule)])
        return calls.answer(call, translate.to_result(written.event))

    async def get(self, call: Call) -> Answer:
        """The one of this name."""
        name = parse_result_name(calls.result_path(call))
        event = await self._services.find(translate.result_key(name).key)
        if event is None:
            raise RecordNotFound
        return calls.answer(call, translate.to_result(event))

    async def delete(self, call: Call) -> Answer:
        """It goes, and its records with it."""
        name = check_parent(call.params["parent"], call.params["result"])
        gone = Write(translate.result_key(name), rules.removed, with_owned=True)
        await self._services.accept([gone])
        return json_answer(wire.Empty())

    async def list(self, call: Call) -> Answer:
        """Those of a parent, or of all, in pages."""
        parent = call.params["parent"]
        where = lists.results_under(parent)
        page = lists.read_page(call.query, parent, where, RESULTS, RESULT_ORDERS)
        events, token = await lists.read_events(self._services, page)
        found = [translate.to_result(event) for event in events]
        return calls.answer(call, wire.ListResultsResponse(found, token))


def endpoints(services: Services) -> list[Endpoint]:
    """The routes of this file."""
    results, one = Results(services), wire.Result
    write = partial(Endpoint, scope="write", body=wire.ResultBody, answers={200: one})
    path = f"{calls.RESULTS}/{{result}}"
    return [
        write(
            method="POST",
            path=calls.RESULTS,
            handle=results.create,
            summary="Create a result.",
            refuses=(AlreadyExists("results_by_name"),),
            is_json_only=False,
        ),
        Endpoint(
            method="GET",
            path=calls.RESULTS,
            handle=results.list,
            scope="read",
            summary="List results.",
            answers={200: wire.ListResultsResponse},
            query=calls.PAGE,
        ),
        Endpoint(
            method="GET",
            path=path,
            handle=results.get,
            scope="read",
            summary="Read a result.",
            answers={200: one},
            refuses=(RecordNotFound(),),
            query=(calls.FIELDS,),
        ),
        write(
            method="PATCH",
            path=path,
            handle=results.update,
            summary="Replace a result's annotations and summary.",
            refuses=(RecordNotFound(),),
            query=(NAME, calls.ETAG),
        ),
        Endpoint(
            method="DELETE",
            path=path,
            handle=results.delete,
            scope="write",
            summary="Delete a result with its records.",
            answers={200: wire.Empty},
            refuses=(RecordNotFound(),),
        ),
    ]
