"""The routes below `/apis/results.tekton.dev`, and `/healthz`."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

from runwell.filter import Filter
from runwell.http import Answer, Call, Endpoint, Parameter, json_answer
from runwell.model import Event, Write
from runwell.model.times import now_us
from runwell.protocols.base import Services
from runwell.protocols.tekton import lists, protojson, questions, rules, summary, translate, wire
from runwell.protocols.tekton.errors import RecordNotFound, UnknownService
from runwell.protocols.tekton.mask import apply, parse_fields
from runwell.protocols.tekton.names import (
    RecordName,
    ResultName,
    check_parent,
    new_record_name,
    new_result_name,
    parse_record_name,
    parse_result_name,
)
from runwell.protocols.tekton.objects import Limits
from runwell.protocols.tekton.paging import RECORD_ORDERS, RESULT_ORDERS
from runwell.protocols.tekton.parameters import parameter
from runwell.protocols.tekton.protojson import GivenRecord
from runwell.protocols.tekton.translate import Stamp
from runwell.protocols.tekton.vocabulary import RECORDS, RESULTS, read_filter

BASE = "/apis/results.tekton.dev/v1alpha2/parents"
LOGS_V3 = "/apis/results.tekton.dev/v1alpha3/parents"
HEALTHY = {"", "tekton.results.v1alpha2.Results", "tekton.results.v1alpha2.Logs"}

FIELDS = Parameter("fields", "comma-separated paths to answer, like records.name")
FILTER = Parameter("filter", "conditions in CEL")
PAGE = (
    FILTER,
    Parameter("page_size", "5 to 10000; 50 if it is 0 or not given", int),
    Parameter("page_token", "next_page_token of the page before"),
    Parameter("order_by", "create_time or update_time, then asc or desc"),
    FIELDS,
)
SUMMARY = (
    Parameter("summary", f"comma-separated, of: {', '.join(questions.MEASURES)}"),
    FILTER,
    Parameter("group_by", "minute ... year, perhaps startTime or completionTime; or a place"),
    Parameter("order_by", "one of the measures, then asc or desc"),
    FIELDS,
)
ETAG = Parameter("etag", "refuse the update unless this is the stored etag")
NAME = Parameter("name", "the name once more, as the original wants it")
Handler = Callable[[Call], Awaitable[Answer]]


def endpoints(services: Services) -> list[Endpoint]:
    """The routes of this protocol. The first that fits answers: `summary` is no record."""
    return [
        *_results(services),
        *_summaries(services),
        *_records(services),
        *_logs(services),
        _health(),
    ]


def _results(services: Services) -> list[Endpoint]:
    depth_max = services.config.depth_max

    async def create(call: Call) -> Answer:
        given = protojson.read_result(_body(call), depth_max)
        name = new_result_name(given.name, call.params["parent"])
        protojson.check_summary(given.summary)
        event = translate.to_result_event(name, given, _new_stamp(), call.client)
        (written,) = await services.accept([Write(event, rules.new_result)])
        return _answer(call, translate.to_result(translate.fields_of(written.event)))

    async def update(call: Call) -> Answer:
        given = protojson.read_result(call.body, depth_max)
        path = ResultName(call.params["parent"], call.params["result"]).text
        name = parse_result_name(call.query.get("name") or path)
        protojson.check_summary(given.summary)

        def make(_: Event, stamp: Stamp) -> Event:
            return translate.to_result_event(name, given, stamp, call.client)

        rule = rules.updated_result(call.query.get("etag", ""), _now(), make)
        (written,) = await services.accept([Write(translate.result_key(name), rule)])
        return _answer(call, translate.to_result(translate.fields_of(written.event)))

    async def get(call: Call) -> Answer:
        path = ResultName(call.params["parent"], call.params["result"]).text
        event = await services.find(translate.result_key(parse_result_name(path)).key)
        if event is None:
            raise RecordNotFound
        return _answer(call, translate.to_result(translate.fields_of(event)))

    async def delete(call: Call) -> Answer:
        name = check_parent(call.params["parent"], call.params["result"])
        gone = Write(translate.result_key(name), rules.removed, with_owned=True)
        await services.accept([gone])
        return json_answer(wire.Empty())

    async def list_results(call: Call) -> Answer:
        parent = call.params["parent"]
        where = lists.results_under(parent)
        page = lists.read_page(call.query, parent, where, RESULTS, RESULT_ORDERS)
        rows, token = page.rows((await services.run(page.select)).dicts())
        found = [translate.to_result(row) for row in rows]
        return _answer(call, wire.ListResultsResponse(found, token))

    one, path = wire.Result, f"{BASE}/{{parent}}/results"
    read = partial(Endpoint, scope="read", answers={200: one, 404: wire.Refused}, query=(FIELDS,))
    write = partial(Endpoint, scope="write", answers={200: one, 400: wire.Refused})
    return [
        write(
            method="POST",
            path=path,
            handle=create,
            summary="Create a result.",
            body=one,
            is_json_only=False,
        ),
        Endpoint(
            method="GET",
            path=path,
            handle=list_results,
            scope="read",
            summary="List results.",
            answers={200: wire.ListResultsResponse, 400: wire.Refused},
            query=PAGE,
        ),
        read(method="GET", path=f"{path}/{{result}}", handle=get, summary="Read a result."),
        write(
            method="PATCH",
            path=f"{path}/{{result}}",
            handle=update,
            summary="Replace a result's annotations and summary.",
            body=one,
            query=(NAME, ETAG),
        ),
        Endpoint(
            method="DELETE",
            path=f"{path}/{{result}}",
            handle=delete,
            scope="write",
            summary="Delete a result with its records.",
            answers={200: wire.Empty, 404: wire.Refused},
        ),
    ]


def _summaries(services: Services) -> list[Endpoint]:
    async def summarize(call: Call) -> Answer:
        query = call.query
        where = lists.records_under(_list_parent(call))
        measures = questions.read_summary(parameter(query, "summary"))
        group = questions.read_group(parameter(query, "group_by"))
        order = questions.read_order(parameter(query, "order_by"), measures) if group else None
        condition = read_filter(RECORDS, parameter(query, "filter") or "")
        where += [] if condition is None else [condition]
        found = await services.run(summary.to_query(measures, group, where))
        rows = summary.to_rows(found.dicts(), measures, group, order)
        return _answer(call, wire.RecordListSummary(rows))

    return [
        Endpoint(
            method="GET",
            path=f"{BASE}/{{parent}}/results/{{result}}/records/summary",
            aliases=(f"{BASE}/{{list}}/records/summary",),
            handle=summarize,
            scope="read",
            summary="Summarize records: counts by reason, durations, in groups.",
            answers={200: wire.RecordListSummary, 400: wire.Refused},
            query=SUMMARY,
        )
    ]


def _records(services: Services) -> list[Endpoint]:
    config = services.config
    limits = Limits(config.tags_per_event_max, config.tag_key_chars_max, config.tag_value_bytes_max)

    async def create(call: Call) -> Answer:
        given = protojson.read_record(_body(call), config.depth_max)
        name = new_record_name(given.name, call.params["parent"], call.params["result"])
        protojson.check_data(given, config.depth_max)
        event = translate.to_record_event(name, given, _new_stamp(), limits, call.client)
        result = translate.result_key(ResultName(name.parent, name.result))
        written = await services.accept(
            [Write(result, rules.must_exist), Write(event, rules.new_record)]
        )
        return _answer(call, translate.to_record(translate.fields_of(written[1].event)))

    async def update(call: Call) -> Answer:
        given = protojson.read_record(call.body, config.depth_max)
        name = _record_name(call)

        def make(stored: Event, stamp: Stamp) -> Event:
            merged = _merged(stored, given)
            protojson.check_data(merged, config.depth_max)
            return translate.to_record_event(name, merged, stamp, limits, call.client)

        rule = rules.updated_record(call.query.get("etag", ""), _now(), make)
        (written,) = await services.accept([Write(translate.record_key(name), rule)])
        return _answer(call, translate.to_record(translate.fields_of(written.event)))

    async def get(call: Call) -> Answer:
        event = await services.find(translate.record_key(_record_name(call)).key)
        if event is None:
            raise RecordNotFound
        return _answer(call, translate.to_record(translate.fields_of(event)))

    async def delete(call: Call) -> Answer:
        gone = Write(translate.record_key(_record_name(call)), rules.removed)
        await services.accept([gone])
        return json_answer(wire.Empty())

    async def list_records(call: Call) -> Answer:
        rows, token = await _page(services, call, [])
        found = [translate.to_record(row) for row in rows]
        return _answer(call, wire.ListRecordsResponse(found, token))

    one, path = wire.Record, f"{BASE}/{{parent}}/results/{{result}}/records"
    return [
        Endpoint(
            method="POST",
            path=path,
            handle=create,
            scope="write",
            summary="Create a record.",
            body=one,
            is_json_only=False,
            answers={200: one, 400: wire.Refused},
        ),
        Endpoint(
            method="GET",
            path=path,
            aliases=(f"{BASE}/{{list}}/records",),
            handle=list_records,
            scope="read",
            summary="List records of one result or many.",
            answers={200: wire.ListRecordsResponse, 400: wire.Refused},
            query=PAGE,
        ),
        Endpoint(
            method="GET",
            path=f"{path}/{{record}}",
            handle=get,
            scope="read",
            summary="Read a record.",
            answers={200: one, 404: wire.Refused},
            query=(FIELDS,),
        ),
        Endpoint(
            method="PATCH",
            path=f"{path}/{{record}}",
            handle=update,
            scope="write",
            summary="Merge into a record.",
            body=one,
            answers={200: one, 400: wire.Refused},
            query=(ETAG,),
        ),
        Endpoint(
            method="DELETE",
            path=f"{path}/{{record}}",
            handle=delete,
            scope="write",
            summary="Delete a record.",
            answers={200: wire.Empty, 404: wire.Refused},
        ),
    ]


def _merged(stored: Event, given: GivenRecord) -> GivenRecord:
    """What is stored with what was sent: type and value each stay unless they are given."""
    value = given.value or stored.payload.encode() or None
    type_ = given.type or stored.event_type or None
    return GivenRecord("", type_, value, value is not None or given.has_data)


def _logs(services: Services) -> list[Endpoint]:
    async def list_logs(call: Call) -> Answer:
        rows, token = await _page(services, call, [lists.is_log()])
        if not rows:
            raise RecordNotFound
        found = [translate.to_record(row, "logs") for row in rows]
        return _answer(call, wire.ListRecordsResponse(found, token))

    async def find(call: Call) -> Event:
        event = await services.find(translate.record_key(_record_name(call)).key)
        if event is None or event.event_type not in lists.LOG_TYPES:
            raise RecordNotFound
        return event

    async def get(call: Call) -> Answer:
        return Answer(200, (await find(call)).payload.encode())

    async def delete(call: Call) -> Answer:
        event = await find(call)
        await services.accept([Write(event, rules.removed)])
        return json_answer(wire.Empty())

    paths = [f"{base}/{{parent}}/results/{{result}}/logs" for base in (BASE, LOGS_V3)]
    route = partial(Endpoint, aliases=(paths[1],))
    one = partial(Endpoint, path=f"{paths[0]}/{{record}}", aliases=(f"{paths[1]}/{{record}}",))
    missing = {404: wire.Refused}
    return [
        route(
            method="GET",
            path=paths[0],
            handle=list_logs,
            scope="read",
            summary="List the records that tell of logs.",
            answers={200: wire.ListRecordsResponse, **missing},
            query=PAGE,
        ),
        one(
            method="GET",
            handle=get,
            scope="read",
            summary="Read what a record tells of a log.",
            answers={200: Any, **missing},
        ),
        one(
            method="DELETE",
            handle=delete,
            scope="write",
            summary="Delete the record of a log.",
            answers={200: wire.Empty, **missing},
        ),
    ]


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
        answers={200: wire.Health, 404: wire.Refused},
        query=(Parameter("service", "the gRPC service that is asked about"),),
    )


async def _page(
    services: Services, call: Call, more: list[Filter]
) -> tuple[list[dict[str, Any]], str]:
    name = _list_parent(call)
    where = [*lists.records_under(name), *more]
    page = lists.read_page(call.query, name.text, where, RECORDS, RECORD_ORDERS)
    found = (await services.run(page.select)).dicts()
    return page.rows([lists.with_text(row) for row in found])


def _list_parent(call: Call) -> ResultName:
    """Parent and result of a list; `ns%2Fresults%2F-` may be one segment."""
    if "list" in call.params:
        parent, _, result = call.params["list"].partition("/results/")
        return check_parent(parent, result)
    return check_parent(call.params["parent"], call.params["result"])


def _record_name(call: Call) -> RecordName:
    params = call.params
    return parse_record_name(RecordName(params["parent"], params["result"], params["record"]).text)


def _body(call: Call) -> bytes:
    return protojson.without_form(call.headers.get("content-type", ""), call.body)


def _answer(call: Call, answer: msgspec.Struct) -> Answer:
    """The answer, or the fields of it that were asked for."""
    sent = parameter(call.query, "fields") or call.headers.get("grpc-metadata-fields")
    mask = parse_fields(sent)
    return json_answer(apply(answer, mask) if mask else answer)


def _new_stamp() -> Stamp:
    now = _now()
    return Stamp(str(uuid.uuid4()), now, now)


def _now() -> int:
    return now_us(datetime.now(UTC))
