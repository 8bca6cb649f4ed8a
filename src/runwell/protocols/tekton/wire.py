"""What travels as answers: proto names in snake case, zero values left out.

Source: the REST answers of Tekton Results v1alpha2 as its gateway prints them. The order of the
fields is theirs. `id`, `created_time` and `updated_time` are the deprecated twins of `uid`,
`create_time` and `update_time` and still travel. Times are RFC 3339 in UTC. No other field may be
added: the command line client refuses an answer with a field that it does not know.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import msgspec

from runwell.http.shapes import Time, said
from runwell.model.times import EPOCH

# A status is its place in this list; 0 is not printed.
STATUSES = ("UNKNOWN", "SUCCESS", "FAILURE", "TIMEOUT", "CANCELLED")
MILLISECOND_DIGITS = 3
RECORD_NAME = "^[a-z0-9_-]{1,63}/results/[a-z0-9_-]{1,63}/records/[a-z0-9_-]{1,63}$"


class RecordSummary(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a result says about its main record. `status`: a name, or a number without one."""

    record: str = ""
    type: str = ""
    start_time: str = ""
    end_time: str = ""
    status: str | int = ""
    annotations: dict[str, str] = {}


class Result(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A result: records that belong together."""

    name: str = ""
    id: str = ""
    uid: str = ""
    created_time: str = ""
    create_time: str = ""
    updated_time: str = ""
    update_time: str = ""
    annotations: dict[str, str] = {}
    etag: str = ""
    summary: RecordSummary | None = None


class ResultBody(msgspec.Struct, frozen=True, gc=False):
    """A result as it is sent. Everything else in it is the server's to say, but must be as there.

    Read by `protojson.py`: camel case is taken as well, and null for whatever is not given.
    """

    name: str | None = None
    id: str | None = None
    uid: str | None = None
    created_time: Time | None = None
    create_time: Time | None = None
    updated_time: Time | None = None
    update_time: Time | None = None
    annotations: dict[str, str] | None = None
    etag: str | None = None
    summary: SummaryBody | None = None


class SummaryBody(msgspec.Struct, frozen=True, gc=False):
    """What a sent result says about its main record."""

    record: Annotated[str, said(pattern=RECORD_NAME)]
    type: Annotated[str, said(minLength=1, maxLength=192)]
    start_time: Time | None = None
    end_time: Time | None = None
    status: str | Annotated[int, said(minimum=-(2**31), maximum=2**31 - 1)] | None = None
    annotations: dict[str, str] | None = None


class DataBody(msgspec.Struct, frozen=True, gc=False):
    """What a sent record holds: `value` is JSON, in base64."""

    type: Annotated[str, said(maxLength=192)] | None = None
    value: Annotated[str, said(format="json-base64")] | None = None


class RecordBody(msgspec.Struct, frozen=True, gc=False):
    """A record as it is sent; see `ResultBody`."""

    name: str | None = None
    id: str | None = None
    uid: str | None = None
    data: DataBody | None = None
    etag: str | None = None
    created_time: Time | None = None
    create_time: Time | None = None
    updated_time: Time | None = None
    update_time: Time | None = None


# Called Any in google.protobuf; `value` is JSON and travels in standard base64 with padding.
class Data(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a record holds. `type`: like tekton.dev/v1.PipelineRun; `value`: JSON, in base64."""

    type: str = ""
    value: bytes = b""


class Record(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A record: one object, as it was when it was last written."""

    name: str = ""
    id: str = ""
    uid: str = ""
    data: Data | None = None
    etag: str = ""
    created_time: str = ""
    create_time: str = ""
    updated_time: str = ""
    update_time: str = ""


class ListResultsResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page of results. The list is there even if it is empty; the token only before more.

    But `fields` may leave out either.
    """

    results: list[Result] | msgspec.UnsetType = msgspec.UNSET
    next_page_token: str = ""


class ListRecordsResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page of records. The list is there even if it is empty; the token only before more.

    But `fields` may leave out either.
    """

    records: list[Record] | msgspec.UnsetType = msgspec.UNSET
    next_page_token: str = ""


class RecordListSummary(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rows of named measures, with `group_value` if they are grouped.

    The list is always there, unless `fields` leaves it out.
    """

    summary: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET


class Empty(msgspec.Struct, frozen=True):
    """Done: `{}`."""


class Health(msgspec.Struct, frozen=True):
    """The server's state: `SERVING`."""

    status: str


class Refused(msgspec.Struct, frozen=True):
    """The body of every refusal. `code`: a gRPC code."""

    code: int
    message: str


def to_timestamp(us: int | None) -> str:
    """Microseconds UTC as RFC 3339 with 0, 3 or 6 digits of a second; none as the empty text.

    >>> to_timestamp(1600000000250000)
    '2020-09-13T12:26:40.250Z'
    """
    if us is None:
        return ""
    whole, _, digits = (
        (EPOCH + timedelta(microseconds=us)).isoformat().partition("+")[0].partition(".")
    )
    if digits.endswith("000"):
        digits = digits[:MILLISECOND_DIGITS]
    return f"{whole}.{digits}Z" if digits else f"{whole}Z"


def to_status(number: int) -> str | int:
    """The name of a status; 0 as the empty text, a number without a name as itself."""
    if number == 0:
        return ""
    return STATUSES[number] if 0 < number < len(STATUSES) else number
