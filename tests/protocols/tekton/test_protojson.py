"""Bodies in protojson: what is taken, what is refused, and in which words."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwell.errors import BadRequest
from runwell.protocols.tekton.protojson import (
    GivenRecord,
    GivenResult,
    GivenSummary,
    check_data,
    check_summary,
    read_record,
    read_result,
    without_form,
)

DEPTH = 64
T0 = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
SUMMARY = {"record": "m/results/a/records/x", "type": "t"}


def result_of(body: Any) -> GivenResult:
    return read_result(body if isinstance(body, bytes) else json.dumps(body).encode(), DEPTH)


def summary_of(**fields: Any) -> GivenSummary:
    summary = result_of({"name": "n", "summary": {**SUMMARY, **fields}}).summary
    assert summary is not None
    return summary


def record_of(body: Any) -> GivenRecord:
    return read_record(body if isinstance(body, bytes) else json.dumps(body).encode(), DEPTH)


def refusal(read: Any, *arguments: Any) -> str:
    with pytest.raises(BadRequest) as refused:
        read(*arguments)
    return refused.value.message


def test_a_result_says_its_name_annotations_and_summary():
    given_ = result_of(
        {
            "name": "m/results/b",
            "uid": "hack",
            "createTime": "2020-01-01T00:00:00Z",
            "etag": "zz",
            "unknownField": {"deep": [1]},
            "annotations": {"k": "v"},
            "summary": {
                **SUMMARY,
                "startTime": "2026-01-01T00:00:00+02:00",
                "end_time": "2026-01-01T00:00:00.123456789Z",
                "status": 3,
                "annotations": {"branch": "main"},
                "other": None,
            },
        }
    )
    assert given_ == GivenResult(
        "m/results/b",
        {"k": "v"},
        GivenSummary(
            record="m/results/a/records/x",
            type="t",
            start_time=T0 - 7_200_000_000,
            end_time=T0 + 123_456,
            status=3,
            annotations={"branch": "main"},
        ),
    )


@pytest.mark.parametrize("body", [b"", b" \n", b"{}", b'{"name":null,"annotations":null}'])
def test_null_and_nothing_are_an_empty_message(body: bytes):
    assert read_result(body, DEPTH) == GivenResult("", {}, None)
    assert read_record(body, DEPTH) == GivenRecord("", None, None, has_data=False)


def test_data_may_be_there_and_empty():
    assert record_of({"name": "n", "data": {}}) == GivenRecord("n", None, None, has_data=True)
    assert record_of({"data": {"type": "", "value": ""}}) == GivenRecord("", None, None, True)
    assert record_of({"data": None}).has_data is False


@pytest.mark.parametrize(
    ("status", "number"),
    [
        ("SUCCESS", 1),
        ("CANCELLED", 4),
        ("UNKNOWN", 0),
        ("success", 0),
        ("BOGUS", 0),
        ("3", 0),
        (2, 2),
        (2.0, 2),
        (99, 99),
        (-(2**31), -(2**31)),
        (None, 0),
    ],
)
def test_a_status_is_a_name_or_a_number(status: Any, number: int):
    assert summary_of(status=status).status == number


@pytest.mark.parametrize("status", [True, 1.5, 2**31, -(2**31) - 1, [], {}, 10**400])
def test_a_status_of_another_type_is_refused(status: Any):
    body = {"summary": {"status": status}}
    assert refusal(result_of, body).startswith(
        "proto:\xa0(summary.status): invalid value for enum field value: "
    )


def test_a_status_past_all_numbers_is_refused():
    assert "enum" in refusal(read_result, b'{"summary":{"status":1e999}}', DEPTH)


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("2026-01-01T00:00:00Z", T0),
        ("2026-01-01T00:00:00.1Z", T0 + 100_000),
        ("2026-01-01T00:00:00.999999999Z", T0 + 999_999),
        ("2026-01-01T00:00:00.0000009Z", T0),
        ("2026-01-01T05:30:00.5+05:30", T0 + 500_000),
        ("2025-12-31T00:01:00-23:59", T0),
        ("1969-12-31T23:59:59.9Z", -100_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_799_999_999),
        (None, None),
    ],
)
def test_a_time_is_rfc_3339_in_microseconds(text: Any, us: int | None):
    assert summary_of(start_time=text).start_time == us
    assert summary_of(endTime=text).end_time == us


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00Z",
        "2026-01-01t00:00:00z",
        "2026-01-01T00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.1234567890Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+0200",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2026-01-01T00:00:00Z\n",
        "٢٠٢٦-01-01T00:00:00Z",
        1,
        {"seconds": 1},
    ],
)
def test_what_is_no_time_is_refused_with_its_place(value: Any):
    message = refusal(result_of, {"summary": {"startTime": value}})
    assert message.startswith(
        "proto:\xa0(summary.start_time): invalid google.protobuf.Timestamp value "
    )
    assert refusal(record_of, {"createTime": value}).startswith("proto:\xa0(create_time): ")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "unexpected token ["),
        (5, "unexpected token 5"),
        (None, "unexpected token null"),
        ({"name": 5}, "(name): invalid value for string field value: 5"),
        ({"etag": True}, "(etag): invalid value for string field value: true"),
        ({"uid": {}}, "(uid): invalid value for string field value: {"),
        ({"annotations": []}, "(annotations): unexpected token ["),
        ({"annotations": {"k": 1}}, "(annotations.k): invalid value for string field value: 1"),
        (
            {"annotations": {"k": None}},
            "(annotations.k): invalid value for string field value: null",
        ),
        ({"summary": "x"}, '(summary): unexpected token "x"'),
        ({"summary": {"type": []}}, "(summary.type): invalid value for string field value: ["),
        ({"name": ["x" * 99]}, "(name): invalid value for string field value: ["),
    ],
)
def test_a_wrong_type_is_named_by_its_place(body: Any, message: str):
    assert refusal(result_of, body) == f"proto:\xa0{message}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b'{"summary":{"start_time":null,"startTime":null}}',
            '(summary.start_time): duplicate field "startTime"',
        ),
        (b'{"name":"a","name":"a"}', '(name): duplicate field "name"'),
        (b'{"annotations":{"k":"a","k":"a"}}', '(annotations): duplicate map key "k"'),
    ],
)
def test_a_field_may_come_once_in_whatever_spelling(body: bytes, message: str):
    assert refusal(read_result, body, DEPTH) == f"proto:\xa0{message}"


def test_unknown_fields_may_come_twice():
    assert read_result(b'{"x":1,"x":2,"name":"n"}', DEPTH).name == "n"


RAW = bytes(range(256)) + b"\xfb\xff"


@pytest.mark.parametrize(
    "text",
    [
        b64encode(RAW).decode(),
        b64encode(RAW).decode().rstrip("="),
        urlsafe_b64encode(RAW).decode(),
        urlsafe_b64encode(RAW).decode().rstrip("="),
        b64encode(RAW).decode()[:76] + "\r\n" + b64encode(RAW).decode()[76:],
    ],
)
def test_bytes_are_base64_of_every_kind(text: str):
    assert record_of({"data": {"value": text}}).value == RAW


@pytest.mark.parametrize(
    "text", ["***", "A", "AA=", "AA=A", "=", "+-AA", "AAAA====", "ÄAAA", "A A="]
)
def test_what_is_no_base64_is_refused(text: str):
    assert refusal(record_of, {"data": {"value": text}}) == (
        f'proto:\xa0(data.value): invalid value for bytes field value: "{text}"'
    )


@pytest.mark.parametrize(
    ("value", "shown"), [({"a": 1}, "{"), ([1], "["), (1, "1"), (False, "false")]
)
def test_bytes_are_a_text(value: Any, shown: str):
    assert refusal(record_of, {"data": {"value": value}}) == (
        f"proto:\xa0(data.value): invalid value for bytes field value: {shown}"
    )


def test_a_value_is_shown_up_to_a_bound():
    assert len(refusal(record_of, {"data": {"value": "*" * 9999}})) < 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"hello", "invalid character 'h' looking for beginning of value"),
        (b" \nhello", "invalid character 'h' looking for beginning of value"),
        (b"{", "unexpected end of JSON input"),
        (b'{"a":1,}', "trailing comma in object (byte 7)"),
        (b"{} {}", "trailing characters (byte 4)"),
        (b'{"a":NaN}', "invalid character (byte 5)"),
        (b'{"a":"\xff"}', "the body is not UTF-8 (byte 6)"),
        (b'{"a":"\\u0000"}', "a NUL character in a text (byte 6)"),
        (b'{"a":' + b"9" * 9999 + b"}", "a: Integer value out of range"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "the JSON nests deeper than 64"),
    ],
)
def test_a_body_that_is_no_json_is_refused(body: bytes, message: str):
    assert refusal(read_result, body, DEPTH).startswith(message)
    assert refusal(read_record, body, DEPTH).startswith(message)


def test_a_nesting_past_the_decoder_is_refused():
    deep = b'{"a":' + b"[" * 9_900 + b"]" * 9_900 + b"}"
    assert "recursion" in refusal(read_result, deep, 300_000)


def test_more_objects_than_a_message_can_have_are_refused_unread():
    many = b'{"unknown": [' + b"{}," * 10_000 + b"{}]}"
    assert refusal(read_record, many, DEPTH).startswith("more than 10000 objects and lists")
    in_a_text = json.dumps({"annotations": {"k": "{[" * 10_000 + '"'}}).encode()
    assert read_result(in_a_text, DEPTH).annotations["k"].startswith("{[")


def test_a_form_is_eaten():
    assert without_form("application/x-www-form-urlencoded", b"{}") == b""
    assert without_form("Application/X-WWW-Form-urlencoded; charset=utf-8", b"{}") == b""
    assert without_form("application/json", b"{}") == b"{}"
    assert without_form("", b"{}") == b"{}"


def checked(value: bytes | None, type_: str | None = "t", has_data: bool = True) -> None:
    check_data(GivenRecord("n", type_, value, has_data), DEPTH)


@pytest.mark.parametrize(
    "value", [b"{}", b"[1,2.5]", b'"x"', b" null ", b"1", b"99999999999999999999", b"true"]
)
def test_data_is_any_json_value(value: bytes):
    checked(value)
    checked(value, type_=None)


def test_no_data_is_fine():
    checked(None, None, has_data=False)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "unexpected end of JSON input"),
        (b"", "unexpected end of JSON input"),
        (b"  ", "unexpected end of JSON input"),
        (b'{"a":', "unexpected end of JSON input"),
        (b"hello", "invalid character 'h' looking for beginning of value"),
        (b"\xc3\xa4", "invalid character 'ä' looking for beginning of value"),
        (b"[1 2]", "expected ',' or ']' (byte 3)"),
        (b'"\\u0000"', "data.value: a NUL character in a text (byte 1)"),
        (b'"\\ud800"', "data.value: no JSON, or half of a surrogate pair in a text"),
        (b'"\xff"', "data.value: the body is not UTF-8 (byte 1)"),
        (b"[" * 65 + b"]" * 65, "data.value: the JSON nests deeper than 64"),
        (b'[1e400,"\\ud800"]', "data.value[0]: Number out of range"),
    ],
)
def test_data_that_no_one_can_store_is_refused(value: bytes | None, message: str):
    assert refusal(checked, value).startswith(message)


def test_a_type_has_a_bound_in_bytes():
    text = "rpc error: code = InvalidArgument desc = type must not exceed 768 characters"
    checked(b"{}", "t" * 768)
    assert refusal(checked, b"{}", "t" * 769) == text
    assert refusal(checked, b"{}", "ä" * 385) == text
    assert refusal(check_summary, summary_of(type="t" * 769)) == text


def test_a_summary_names_a_record_and_a_type():
    check_summary(None)
    check_summary(summary_of())
    needed = "record and type fields required for RecordSummary"
    assert refusal(check_summary, summary_of(record=None)) == needed
    assert refusal(check_summary, summary_of(type="")) == needed
    assert refusal(check_summary, summary_of(record="x")) == "invalid record format"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["SUCCESS", "2026-01-01T00:00:00Z", "e30="]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "data", "value", "type", "summary", "startTime", "start_time", "status"]
            )
            | st.text(max_size=3),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(JSON | st.dictionaries(st.sampled_from(["name", "data", "annotations", "summary"]), JSON))
def test_any_json_is_read_or_refused(body: Any):
    read_or_refused(json.dumps(body).encode())


@given(st.binary(max_size=40) | st.text('{}[]":,naulse1-\\', max_size=20).map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes):
    read_or_refused(body)
    with suppress(BadRequest):
        checked(body)
        json.loads(body)


def read_or_refused(body: bytes) -> None:
    for read in (read_result, read_record):
        with suppress(BadRequest):
            assert isinstance(read(body, DEPTH).name, str)
