"""One request as hypothesis draws it: by the schema or against it, with what is stored, oddly sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.schemas import APIOperation
from tests.fuzz.known import RECORDS, RESULTS, Known, Place

from runwell.http.numbers import beyond_int64

Operation = APIOperation
BASE = "http://test"
OTHER_TYPES = (
    "text/html",
    "application/x-yaml",
    "application/yaml",
    "text/csv",
    "*/*",
    "x;q=0",
    "",
)
# header -> values that a route looks at, or ought not to fall over
ODD: Mapping[str, st.SearchStrategy[Any]] = {
    "accept": st.sampled_from(("application/json", *OTHER_TYPES))
    | st.text(st.characters(max_codepoint=255), max_size=20),
    "content-type": st.sampled_from(("application/x-www-form-urlencoded", *OTHER_TYPES)),
    "content-encoding": st.sampled_from(("gzip", "br", "identity", "gzip, gzip", "\xff")),
    "content-length": st.sampled_from(("0", "-1", "99999999999999999999", "x", "²")),
    "last-event-id": st.sampled_from(("1", "0", "-1", "9" * 19, "9" * 30)),
    "grpc-metadata-fields": st.sampled_from(("records.name", "nothing", "a..b", ",")),
    "authorization": st.sampled_from(("Bearer x", "Basic eDp5", "Basic ===", "Digest \xe9", "")),
    "x-source": st.text(st.characters(max_codepoint=255), max_size=300),
    "user-agent": st.text(st.characters(max_codepoint=255), max_size=300),
}
# 5.0 and 5e3: integers to JSON Schema
WHOLE_FRACTION = re.compile(rb"[0-9]\.0+(?![0-9])|[0-9]e\+?[0-9]")
BYTES = st.binary(max_size=40) | st.sampled_from(
    (b"", b"null", b"[]", b"{", b'""', b"\xff", b"\x1f\x8b")
)

# Operations that may refuse what the document has no words against.
NEVER_SURE = {
    "POST /-/api/sql": "a language of its own",
    f"POST {RESULTS}": "the name has to lie under the path's parent",
    f"POST {RECORDS}": "the name has to lie under the path's result",
    "GET /-/api/series": "events that lie centuries apart: 413, too many buckets",
    "PUT /api/v1/event/": "as the original, it answers 400 if there is an event of this id",
    "DELETE /api/v1/event/{id}": "as the original, it answers 400 if there is no such event",
    "DELETE /api/v1/event/{id}/delete": "the same",
}


@dataclass(frozen=True)
class Asked:
    """A request to be sent, and the case of schemathesis that it was made of."""

    case: Case
    request: requests.PreparedRequest
    url: str
    headers: Mapping[str, str | bytes]
    body: bytes
    is_good: bool  # by the document: refused only if something else is stored, or nothing

    @property
    def method(self) -> str:
        """As it is sent."""
        return str(self.request.method)

    @property
    def label(self) -> str:
        """The operation."""
        return self.case.operation.label

    def __str__(self) -> str:
        return f"{self.method} {self.url} {self.body!r} {dict(self.headers)}"


def asked_of(operation: Operation, known: Known) -> st.SearchStrategy[Asked]:
    """Requests to this operation, by the document and against it."""
    cases = st.one_of(*map(operation.as_strategy, GenerationMode))

    # without arguments: hypothesis would write them all down
    @st.composite
    def asked(draw: st.DrawFn) -> Asked:
        case = draw(cases)
        how = draw(st.sampled_from(("as it is", "known", "odd")))
        if how == "known":
            _put_known(draw, case, known)
        request = _request(case)
        url, body = str(request.url), _bytes(request.body)
        headers = {name.lower(): text for name, text in request.headers.items()}
        if how == "known" and "{rest}" in case.path:
            url = url.replace("%2F", "/")
        if how == "odd":
            name = draw(st.sampled_from(sorted(ODD)))
            headers[name] = draw(ODD[name])
            body = draw(BYTES) if body and draw(st.booleans()) else body
        is_good = how == "as it is" and case.meta.generation.mode is GenerationMode.POSITIVE
        is_good = is_good and _is_sure(case) and "%00" not in url and _can_be_stored(case, body)
        return Asked(case, request, url, headers, body, is_good)

    return asked()


def _is_sure(case: Case) -> bool:
    """Whether all of it must be taken: nothing is in a language that the document has no words for."""
    texts = [one.name for one in case.operation.query if set(one.definition["schema"]) == {"type"}]
    return not any(name in case.query for name in texts) and case.operation.label not in NEVER_SURE


def _can_be_stored(case: Case, body: bytes) -> bool:
    """Whether it holds nothing that the document refuses for all: see its `info`."""
    is_plain = b"\\u0000" not in body and b"\\0" not in body and not WHOLE_FRACTION.search(body)
    return is_plain and beyond_int64(case.body) is None


def _put_known(draw: st.DrawFn, case: Case, known: Known) -> None:
    """In place of what was made up: something stored, a text that can be read, a body as sent."""
    tag = case.operation.definition.raw["tags"][0]
    place: Place = draw(st.sampled_from(known.places[tag])) if known.places.get(tag) else {}
    if (sent := known.bodies.get(case.path)) and case.method != "DELETE" and draw(st.booleans()):
        also, body = draw(st.sampled_from(sent))
        place = {**place, **also}
        case.media_type, case.body = "application/json", body
    for name in case.path_parameters or {}:
        if name in place:
            case.path_parameters[name] = place[name]
        elif name == "rest":
            family = case.path.split("/")[3]
            case.path_parameters[name] = draw(st.sampled_from(known.rests[family]))
    if case.query and draw(st.booleans()):  # what was made up may hide what is there
        case.query = {}
    texts = known.texts[tag]
    for parameter in case.operation.query:
        if parameter.name in texts and draw(st.booleans()):
            case.query[parameter.name] = draw(st.sampled_from(texts[parameter.name]))


def _request(case: Case) -> requests.PreparedRequest:
    given = case.as_transport_kwargs(base_url=BASE)
    taken = ("method", "url", "headers", "params", "data", "json", "cookies", "files")
    return requests.Request(**{name: given[name] for name in taken if name in given}).prepare()


def _bytes(body: Any) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return body or b""
