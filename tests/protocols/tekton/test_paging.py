"""Page sizes, orders and tokens, and how their mistakes are told."""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwell.protocols.tekton.errors import InvalidArgument
from runwell.protocols.tekton.paging import (
    RECORD_ORDERS,
    RESULT_ORDERS,
    Order,
    PageToken,
    read_order,
    read_page_size,
    read_token,
    to_text,
)

ORDERS = st.none() | st.builds(Order, st.sampled_from(RESULT_ORDERS), st.booleans())
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TOKENS = st.builds(
    PageToken,
    TEXTS,
    TEXTS,
    ORDERS,
    st.none() | st.integers(0, 2**53),
    st.uuids().map(str),
)
TOKEN = PageToken("foo/results/-", "a == 1", Order("create_time", is_descending=True), 5, "11-22")


def refusal(read: Any, *arguments: Any) -> str:
    with pytest.raises(InvalidArgument) as refused:
        read(*arguments)
    return refused.value.message


@pytest.mark.parametrize(
    ("text", "size"),
    [(None, 50), ("0", 50), ("-0", 50), ("5", 5), ("+5", 5), ("0010", 10), ("10000", 10_000)],
)
def test_a_page_has_50_rows_or_what_is_asked_for(text: Any, size: int):
    assert read_page_size(text) == size


@pytest.mark.parametrize("number", [1, 3, 4, -1, 10_001, 2**31 - 1, -(2**31)])
def test_a_size_out_of_bounds_is_told_with_them(number: int):
    assert refusal(read_page_size, str(number)) == (
        f"invalid page size ({number}): value must be greater than 5 and less than 10000"
    )


@pytest.mark.parametrize(
    ("text", "shown", "problem"),
    [
        ("x", '"x"', "invalid syntax"),
        ("", '""', "invalid syntax"),
        (" 5", '" 5"', "invalid syntax"),
        ("1_0", '"1_0"', "invalid syntax"),
        ("5.0", '"5.0"', "invalid syntax"),
        ("٥", '"٥"', "invalid syntax"),
        ('"', '"\\""', "invalid syntax"),
        ("x" * 200, f'"{"x" * 80}"', "invalid syntax"),
        ("2147483648", '"2147483648"', "value out of range"),
        ("-2147483649", '"-2147483649"', "value out of range"),
        ("9" * 5000, f'"{"9" * 80}"', "value out of range"),
    ],
)
def test_a_size_that_is_no_integer_is_told_in_the_words_of_go(text: str, shown: str, problem: str):
    assert refusal(read_page_size, text) == (
        f'parsing field "page_size": strconv.ParseInt: parsing {shown}: {problem}'
    )


@pytest.mark.parametrize(
    ("text", "order"),
    [
        (None, None),
        ("", None),
        (" ", None),
        ("create_time", Order("create_time", is_descending=False)),
        ("create_time asc", Order("create_time", is_descending=False)),
        ("update_time DESC", Order("update_time", is_descending=True)),
        ("  summary.start_time   desc ", Order("summary.start_time", is_descending=True)),
    ],
)
def test_an_order_is_a_field_and_perhaps_a_direction(text: Any, order: Any):
    assert read_order(text, RESULT_ORDERS) == order


@pytest.mark.parametrize(
    "text", ["create_time Desc", "create_time, update_time", "create_time asc x", "a-b", "ä"]
)
def test_an_order_that_is_none_is_told_with_the_rule(text: str):
    assert refusal(read_order, text, RECORD_ORDERS) == (
        "invalid order by statement:\n"
        "the value must obey the format <create_time|update_time> [asc|desc]"
    )


@pytest.mark.parametrize(
    ("text", "field", "allowed"),
    [
        ("created_time", "created_time", RECORD_ORDERS),
        ("name", "name", RECORD_ORDERS),
        ("summary.start_time", "summary.start_time", RECORD_ORDERS),
        ("create_timedesc", "create_timedesc", RECORD_ORDERS),
        ("summary.status desc", "summary.status", RESULT_ORDERS),
    ],
)
def test_a_field_that_cannot_order_is_named(text: str, field: str, allowed: Any):
    names = {
        RECORD_ORDERS: "create_time|update_time",
        RESULT_ORDERS: "create_time|summary.end_time|summary.start_time|update_time",
    }[allowed]
    assert refusal(read_order, text, allowed) == (
        f"{field}: field is unknown or cannot be used in the order by clause\n"
        f"the value must obey the format <{names}> [asc|desc]"
    )


@given(TOKENS)
def test_a_token_is_read_as_it_was_written(token: PageToken):
    text = to_text(token)
    assert re.fullmatch("[A-Za-z0-9_-]+", text)
    assert read_token(text, token.parent, token.filter, token.order) == token


def test_the_first_page_has_no_token():
    assert read_token(None, "foo/results/-", "", None) is None
    assert read_token("", "foo/results/-", "", None) is None


def test_a_token_of_another_question_is_refused():
    text = to_text(TOKEN)
    order = TOKEN.order
    assert refusal(read_token, text, "bar/results/-", "a == 1", order) == (
        "invalid page token: provided parent (bar/results/-) differs from the parent used in the"
        " previous query (foo/results/-)"
    )
    assert refusal(read_token, text, "foo/results/-", "b", order) == (
        "invalid page token: the provided filter differs from the filter used in the previous query"
        "\nexpected: a == 1\ngot: b"
    )
    other = Order("create_time", is_descending=False)
    assert refusal(read_token, text, "foo/results/-", "a == 1", other) == (
        "invalid page token: the provided order by clause differs from the order by clause used in"
        " the previous query\nexpected: create_time DESC\ngot: create_time ASC"
    )
    assert refusal(read_token, text, "foo/results/-", "a == 1", None).endswith(
        "expected: create_time DESC\ngot: "
    )


def test_an_order_after_a_page_without_one_is_refused():
    text = to_text(PageToken("p", "", None, None, "u"))
    assert refusal(read_token, text, "p", "", TOKEN.order) == (
        "invalid page token: last_item.order_by: missing required field"
    )


# base64.RawURLEncoding.DecodeString names the first byte that is wrong
@pytest.mark.parametrize(
    ("text", "byte"),
    [("invalid token", 7), ("AAAA=", 4), ("AA+A", 2), ("AAAAA", 4), ("\n AAA", 1), ("äA", 0)],
)
def test_what_is_no_base64_is_told_with_its_byte(text: str, byte: int):
    assert refusal(read_token, text, "p", "", None) == f"illegal base64 data at input byte {byte}"


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(value)).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "text",
    [
        "AAAA",
        encoded(["p", "", None, None]),
        encoded(["p", "", None, None, "u", 1]),
        encoded(["p", "", None, 2**63, "u"]),
        encoded(["p", "", None, None, "u\n"]),
        encoded(["p", "", None, None, "u\0"]),
        encoded(["p", "", ["a"], None, "u"]),
        encoded(["p", 1, None, None, "u"]),
        encoded({"parent": "p"}),
        base64.urlsafe_b64encode(b"\x95\xa1\xff").decode(),
    ],
)
def test_a_token_that_is_none_of_ours_is_refused(text: str):
    assert refusal(read_token, text, "p", "", None) == (
        "invalid page token: it is none that this server gave"
    )


@given(st.text() | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_no_token_is_a_bug(text: str):
    with suppress(InvalidArgument):
        read_token(text, "p", "", None)
