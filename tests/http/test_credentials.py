"""Where a token stands in a request."""

from __future__ import annotations

import base64

import pytest
from starlette.datastructures import Headers

from runwell.http import bearer_or_basic, header_token


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Bearer", None),
        ("Bearer ", None),
        (basic("ci:abc"), "abc"),
        (basic(":abc"), "abc"),
        (basic("ci:a:b"), "a:b"),
        (basic("ci:"), None),
        (basic("abc"), None),
        ("Basic ???", None),
        ("Basic " + base64.b64encode(b"\xff:\xff").decode(), None),
        ("Digest abc", None),
        ("", None),
    ],
)
def test_bearer_and_basic_carry_a_token(header: str, token: str | None):
    headers = Headers({"authorization": header} if header else {})
    assert bearer_or_basic.find(headers) == token


def test_a_header_of_its_own_carries_a_token():
    credentials = header_token("x-api-token")
    assert credentials.find(Headers({"X-API-Token": "abc"})) == "abc"
    assert credentials.find(Headers({"x-api-token": ""})) is None
    assert credentials.find(Headers({"authorization": "Bearer abc"})) is None
