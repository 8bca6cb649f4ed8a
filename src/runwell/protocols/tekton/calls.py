"""What the routes share: names in paths, bodies, stamps, answers with only the asked fields."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from runwell.http import Answer, Call, Parameter, json_answer
from runwell.http.shapes import said
from runwell.model.times import now_us
from runwell.protocols.tekton import protojson
from runwell.protocols.tekton.mask import apply, parse_fields
from runwell.protocols.tekton.names import (
    RecordName,
    ResultName,
    check_parent,
    parse_record_name,
)
from runwell.protocols.tekton.parameters import parameter
from runwell.protocols.tekton.translate import Stamp

BASE = "/apis/results.tekton.dev/v1alpha2/parents"
RESULTS = f"{BASE}/{{parent}}/results"
RECORDS = f"{RESULTS}/{{result}}/records"
RECORDS_IN_ONE = f"{BASE}/{{list}}/records"  # parent and result as one segment: ns%2Fresults%2F-

Part = Annotated[str, said(pattern="^[a-z0-9_-]{1,63}$")]
PATH_PARTS = dict.fromkeys(("parent", "result", "record"), Part)
PageSize = Annotated[int, said(anyOf=[{"const": 0}, {"minimum": 5, "maximum": 10_000}])]
FIELDS = Parameter("fields", "comma-separated paths to answer, like records.name")
FILTER = Parameter("filter", "conditions in CEL")
ETAG = Parameter("etag", "refuse the update unless this is the stored etag")
PAGE = (
    FILTER,
    Parameter("page_size", "5 to 10000; 50 if it is 0 or not given", PageSize),
    Parameter("page_token", "next_page_token of the page before"),
    Parameter("order_by", "create_time or update_time, then asc or desc"),
    FIELDS,
)


def list_parent(call: Call) -> ResultName:
    """Parent and result of a list, either of which may be `-`."""
    if "list" in call.params:
        parent, _, result = call.params["list"].partition("/results/")
        return check_parent(parent, result)
    return check_parent(call.params["parent"], call.params["result"])


def result_path(call: Call) -> str:
    """The name of the result in the path; it need not be one."""
    return ResultName(call.params["parent"], call.params["result"]).text


def record_name(call: Call) -> RecordName:
    """The record in the path."""
    params = call.params
    return parse_record_name(RecordName(params["parent"], params["result"], params["record"]).text)


def body_of(call: Call) -> bytes:
    """The body of a POST; a form is none."""
    return protojson.without_form(call.headers.get("content-type", ""), call.body)


def answer(call: Call, value: msgspec.Struct) -> Answer:
    """The value, or the fields of it that were asked for."""
    sent = parameter(call.query, "fields") or call.headers.get("grpc-metadata-fields")
    mask = parse_fields(sent)
    return json_answer(apply(value, mask) if mask else value)


def new_stamp() -> Stamp:
    """Of what is made now."""
    moment = now()
    return Stamp(str(uuid.uuid4()), moment, moment)


def now() -> int:
    """The clock."""
    return now_us(datetime.now(UTC))
