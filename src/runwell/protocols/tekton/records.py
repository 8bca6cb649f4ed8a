"""The routes of records, and of the logs that some of them tell of."""

from __future__ import annotations

from functools import partial
from typing import Any

from runwell.filter import Filter
from runwell.http import Answer, Call, Endpoint, json_answer
from runwell.model import Event, Write
from runwell.protocols.base import Services
from runwell.protocols.tekton import calls, lists, protojson, rules, translate, wire
from runwell.protocols.tekton.errors import (
    AlreadyExists,
    InvalidArgument,
    RecordNotFound,
    ResultMissing,
)
from runwell.protocols.tekton.names import ResultName, new_record_name
from runwell.protocols.tekton.objects import Limits
from runwell.protocols.tekton.paging import RECORD_ORDERS
from runwell.protocols.tekton.parameters import parameter
from runwell.protocols.tekton.translate import Stamp
from runwell.protocols.tekton.vocabulary import RECORDS

LOGS = f"{calls.RESULTS}/{{result}}/logs"
ANY_VALUE = b"null"
LOGS_IN_ONE = calls.RECORDS_IN_ONE.replace("/records", "/logs")
NARROWING = ("filter", "page_token")  # what may leave nothing of a list that is there
LATER_LOGS = LOGS.replace("v1alpha2", "v1alpha3")


class Records:
    """What can be done with records."""

    def __init__(self, services: Services) -> None:
        self._services = services
        config = services.config
        self._depth_max = config.depth_max
        self._limits = Limits(
            config.tags_per_event_max, config.tag_key_chars_max, config.tag_value_bytes_max
        )

    async def create(self, call: Call) -> Answer:
        """A new one, under a result that is there."""
        given = protojson.read_record(calls.body_of(call), self._depth_max)
        name = new_record_name(given.name, call.params["parent"], call.params["result"])
        protojson.check_data(given, self._depth_max)
        content = translate.content_of(given, name, self._limits)
        event = translate.to_record_event(name, content, calls.new_stamp(), call.client)
        result = translate.result_key(ResultName(name.parent, name.result))
        written = await self._services.accept(
            [Write(result, rules.must_exist), Write(event, rules.new_record)]
        )
        return calls.answer(call, translate.to_record(written[1].event))

    async def update(self, call: Call) -> Answer:
        """Type and value each stay unless they are given."""
        given = protojson.read_record(call.body, self._depth_max)
        name = calls.record_name(call)
        # a type alone is looked at beside any value: whether there is one the rule will see
        known = given if given.value or not given.type else given._replace(value=ANY_VALUE)
        if known.value:
            protojson.check_data(known, self._depth_max)
        content = translate.content_of(given, name, self._limits)

        def make(stored: Event, stamp: Stamp) -> Event:
            if not stored.payload and not content.payload:
                protojson.check_data(given, self._depth_max)
            return translate.merged(stored, content, name, stamp, call.client)

        rule = rules.updated_record(call.query.get("etag", ""), calls.now(), make)
        incoming = translate.record_key(name, content.payload)
        (written,) = await self._services.accept([Write(incoming, rule)])
        return calls.answer(call, translate.to_record(written.event))

    async def _find(self, call: Call) -> Event:
        event = await self._services.find(translate.record_key(calls.record_name(call)).key)
        if event is None:
            raise RecordNotFound
        return event

    async def get(self, call: Call) -> Answer:
        """The one of this name."""
        return calls.answer(call, translate.to_record(await self._find(call)))

    async def delete(self, call: Call) -> Answer:
        """It goes."""
        gone = Write(translate.record_key(calls.record_name(call)), rules.removed)
        await self._services.accept([gone])
        return json_answer(wire.Empty())

    async def _list(self, call: Call, more: list[Filter]) -> tuple[list[Event], str]:
        name = calls.list_parent(call)
        where = [*lists.records_under(name), *more]
        page = lists.read_page(call.query, name.text, where, RECORDS, RECORD_ORDERS)
        return await lists.read_events(self._services, page)

    async def list(self, call: Call) -> Answer:
        """Those of a result, a parent, or of all, in pages."""
        events, token = await self._list(call, [])
        found = [translate.to_record(event) for event in events]
        return calls.answer(call, wire.ListRecordsResponse(found, token))

    async def list_logs(self, call: Call) -> Answer:
        """Those that tell of a log; where there are none at all there is no such list."""
        events, token = await self._list(call, [lists.is_log()])
        if not events and not any(parameter(call.query, name) for name in NARROWING):
            raise RecordNotFound
        found = [translate.to_record(event, "logs") for event in events]
        return calls.answer(call, wire.ListRecordsResponse(found, token))

    async def _find_log(self, call: Call) -> Event:
        event = await self._find(call)
        if event.event_type not in lists.LOG_TYPES:
            raise RecordNotFound
        return event

    async def get_log(self, call: Call) -> Answer:
        """What the record tells of its log, as it was sent."""
        return Answer(200, (await self._find_log(call)).payload.encode())

    async def delete_log(self, call: Call) -> Answer:
        """The record goes."""
        await self._services.accept([Write(await self._find_log(call), rules.removed)])
        return json_answer(wire.Empty())


def endpoints(services: Services) -> list[Endpoint]:
    """The routes of this file."""
    records, one, path = Records(services), wire.Record, f"{calls.RECORDS}/{{record}}"
    write = partial(Endpoint, scope="write", body=wire.RecordBody, answers={200: one})
    return [
        write(
            method="POST",
            path=calls.RECORDS,
            handle=records.create,
            summary="Create a record.",
            refuses=(ResultMissing(), AlreadyExists("records_by_name")),
            is_json_only=False,
        ),
        Endpoint(
            method="GET",
            path=calls.RECORDS,
            aliases=(calls.RECORDS_IN_ONE,),
            handle=records.list,
            scope="read",
            summary="List records of one result or many.",
            answers={200: wire.ListRecordsResponse},
            query=calls.PAGE,
        ),
        Endpoint(
            method="GET",
            path=path,
            handle=records.get,
            scope="read",
            summary="Read a record.",
            answers={200: one},
            refuses=(RecordNotFound(),),
            query=(calls.FIELDS,),
        ),
        write(
            method="PATCH",
            path=path,
            handle=records.update,
            summary="Merge into a record.",
            refuses=(RecordNotFound(),),
            query=(calls.ETAG,),
        ),
        Endpoint(
            method="DELETE",
            path=path,
            handle=records.delete,
            scope="write",
            summary="Delete a record.",
            answers={200: wire.Empty},
            refuses=(RecordNotFound(),),
        ),
        *_logs(records),
    ]


def _logs(records: Records) -> list[Endpoint]:
    one = partial(Endpoint, path=f"{LOGS}/{{record}}", aliases=(f"{LATER_LOGS}/{{record}}",))
    return [
        Endpoint(
            method="GET",
            path=LOGS,
            aliases=(LATER_LOGS, LOGS_IN_ONE),
            handle=records.list_logs,
            scope="read",
            summary="List the records that tell of logs.",
            answers={200: wire.ListRecordsResponse},
            refuses=(RecordNotFound(),),
            query=calls.PAGE,
        ),
        one(
            method="GET",
            handle=records.get_log,
            scope="read",
            summary="Read what a record tells of a log.",
            answers={200: Any},
            refuses=(InvalidArgument(), RecordNotFound()),
        ),
        one(
            method="DELETE",
            handle=records.delete_log,
            scope="write",
            summary="Delete the record of a log.",
            answers={200: wire.Empty},
            refuses=(RecordNotFound(),),
        ),
    ]
