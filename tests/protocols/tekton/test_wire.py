"""Answers as they are printed: the order of the fields, and what is left out."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwell.protocols.tekton import protojson, wire


def encoded(answer: object) -> str:
    return msgspec.json.encode(answer).decode()


def test_a_record_has_its_fields_in_order_and_its_value_in_padded_base64():
    record = wire.Record(
        name="m/results/r/records/n",
        id="u",
        uid="u",
        data=wire.Data("t", b'{"a":"\xc3\xbf\xc3\xbf>"}'),
        etag="e",
        created_time="1",
        create_time="1",
        updated_time="2",
        update_time="2",
    )
    assert encoded(record) == (
        '{"name":"m/results/r/records/n","id":"u","uid":"u",'
        '"data":{"type":"t","value":"eyJhIjoiw7/Dvz4ifQ=="},"etag":"e",'
        '"created_time":"1","create_time":"1","updated_time":"2","update_time":"2"}'
    )


def test_a_result_has_its_fields_in_order():
    result = wire.Result(
        name="m/results/r",
        id="u",
        uid="u",
        created_time="1",
        create_time="1",
        updated_time="2",
        update_time="2",
        annotations={"k": "v"},
        etag="e",
        summary=wire.RecordSummary("r", "t", "3", "4", "SUCCESS", {"b": "c"}),
    )
    assert encoded(result) == (
        '{"name":"m/results/r","id":"u","uid":"u","created_time":"1","create_time":"1",'
        '"updated_time":"2","update_time":"2","annotations":{"k":"v"},"etag":"e",'
        '"summary":{"record":"r","type":"t","start_time":"3","end_time":"4","status":"SUCCESS",'
        '"annotations":{"b":"c"}}}'
    )


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (wire.Record(name="n", data=wire.Data()), '{"name":"n","data":{}}'),
        (wire.Result(annotations={}, summary=wire.RecordSummary()), '{"summary":{}}'),
        (wire.ListRecordsResponse([]), '{"records":[]}'),
        (wire.ListResultsResponse([]), '{"results":[]}'),
        (wire.ListResultsResponse([], "t"), '{"results":[],"next_page_token":"t"}'),
        (wire.RecordListSummary([]), '{"summary":[]}'),
        (wire.RecordListSummary([{"total": 0, "a": None}]), '{"summary":[{"total":0,"a":null}]}'),
        (wire.Empty(), "{}"),
        (wire.Health("SERVING"), '{"status":"SERVING"}'),
    ],
)
def test_nothing_is_left_out_and_lists_are_always_there(answer: object, text: str):
    assert encoded(answer) == text


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (None, ""),
        (0, "1970-01-01T00:00:00Z"),
        (1_600_000_000_000_000, "2020-09-13T12:26:40Z"),
        (1_600_000_000_250_000, "2020-09-13T12:26:40.250Z"),
        (1_600_000_000_000_001, "2020-09-13T12:26:40.000001Z"),
        (1_600_000_000_100_100, "2020-09-13T12:26:40.100100Z"),
        (-1_000, "1969-12-31T23:59:59.999Z"),
        (protojson.FIRST_US, "0001-01-01T00:00:00Z"),
        (protojson.LAST_US, "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_a_time_has_as_many_groups_of_digits_as_it_needs(us: int | None, text: str):
    assert wire.to_timestamp(us) == text


@given(st.integers(protojson.FIRST_US, protojson.LAST_US))
def test_a_time_that_is_printed_is_read_as_the_same(us: int):
    sent = {"name": "n", "summary": {"start_time": wire.to_timestamp(us)}}
    summary = protojson.read_result(msgspec.json.encode(sent), 64).summary
    assert summary is not None
    assert summary.start_time == us


@pytest.mark.parametrize(
    ("number", "text"), [(0, ""), (1, "SUCCESS"), (4, "CANCELLED"), (5, 5), (-1, -1)]
)
def test_a_status_is_its_name_if_it_has_one(number: int, text: str | int):
    assert wire.to_status(number) == text
