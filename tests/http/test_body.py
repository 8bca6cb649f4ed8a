"""Bodies: whole, in time, inflated within bounds, not too deep."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from runwell.config import Config
from runwell.errors import BadBody, TooLarge, TooSlow, UnsupportedEncoding
from runwell.http.body import (
    ClientGone,
    check_json,
    check_texts,
    depth_exceeds,
    inflate,
    read_body,
)
from runwell.http.load import Held, Load

MIB = 1024 * 1024


def read(*chunks: bytes, headers: dict[str, str] | None = None, **settings: Any) -> bytes:
    messages = [
        {"type": "http.request", "body": chunk, "more_body": place < len(chunks) - 1}
        for place, chunk in enumerate(chunks)
    ]

    async def receive():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    config = dataclasses.replace(Config(), **settings)
    held = Held(Load(config), {})
    return asyncio.run(read_body(Headers(headers or {}), receive, held))


def test_a_body_is_put_together_from_its_pieces():
    assert read(b"abc") == b"abc"
    assert read(b"a", b"", b"bc") == b"abc"


def test_a_body_that_announces_too_much_is_refused_before_it_is_read():
    async def receive():
        raise AssertionError("nothing may be read")

    headers = Headers({"content-length": "11"})
    with pytest.raises(TooLarge, match="the body is 11 bytes; 10 is the most"):
        asyncio.run(read_body(headers, receive, Held(Load(Config(body_bytes_max=10)), {})))


def test_a_body_that_turns_out_too_large_is_refused():
    assert read(b"12345", b"67890", body_bytes_max=10) == b"1234567890"
    with pytest.raises(TooLarge, match="larger than 10 bytes"):
        read(b"12345", b"678901", body_bytes_max=10)


def test_a_client_that_leaves_half_way_is_gone():
    async def receive():
        return {"type": "http.disconnect"}

    with pytest.raises(ClientGone):
        asyncio.run(read_body(Headers(), receive, Held(Load(Config()), {})))


def test_a_body_that_stalls_is_too_slow():
    async def receive():
        await asyncio.sleep(3600)

    with pytest.raises(TooSlow):
        config = dataclasses.replace(Config(), body_seconds_max=0.01)
        asyncio.run(read_body(Headers(), receive, Held(Load(config), {})))


def test_a_slow_body_that_keeps_the_rate_is_read():
    pieces = [b"x" * 1000] * 5 + [b""]

    async def receive():
        await asyncio.sleep(0.002)
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    config = dataclasses.replace(Config(), body_seconds_max=0.5, body_rate_min=1)
    assert len(asyncio.run(read_body(Headers(), receive, Held(Load(config), {})))) == 5000


@pytest.mark.parametrize("name", ["gzip", "x-gzip", "GZIP"])
def test_a_gzip_body_is_inflated(name: str):
    assert read(gzip.compress(b"abc"), headers={"content-encoding": name}) == b"abc"


def test_another_encoding_is_refused():
    assert read(b"abc", headers={"content-encoding": "identity"}) == b"abc"
    with pytest.raises(UnsupportedEncoding):
        read(b"abc", headers={"content-encoding": "br"})


@given(st.lists(st.binary(max_size=2000), min_size=1, max_size=4))
def test_inflating_undoes_gzip_member_by_member(parts: list[bytes]):
    assert inflate(b"".join(map(gzip.compress, parts)), MIB) == b"".join(parts)


def test_inflating_stops_at_the_bound():
    body = gzip.compress(json.dumps(list(range(400_000))).encode())
    with pytest.raises(TooLarge, match="the inflated body is larger than 1048576 bytes"):
        inflate(body, MIB)


def test_a_bomb_is_recognised_by_its_ratio():
    with pytest.raises(TooLarge, match="more than 200 times its size"):
        inflate(gzip.compress(bytes(64 * MIB)), 1024 * MIB)


@pytest.mark.parametrize(
    "body",
    [
        b"not gzip",
        gzip.compress(b"abc" * 1000, mtime=0)[:-12],
        gzip.compress(b"a", mtime=0) + b"rest",
    ],
)
def test_a_broken_gzip_body_is_refused(body: bytes):
    with pytest.raises(BadBody, match="the gzip body"):
        inflate(body, MIB)


JSON = st.recursive(
    st.none() | st.integers() | st.text(alphabet='ab"\\[]{}é'),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='"\\[{'), inner, max_size=3)
    ),
    max_leaves=20,
)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(JSON, st.integers(0, 6), st.booleans())
def test_depth_is_counted_outside_of_strings(value: Any, limit: int, ascii_only: bool):
    text = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert depth_exceeds(text, limit) == (depth(value) > limit)


def test_deep_json_is_refused_and_wide_json_is_not():
    check_json(b"[" * 64 + b"]" * 64, 64)
    check_json(b"[" + b",".join([b"{}"] * 1000) + b"]", 64)
    with pytest.raises(BadBody, match="deeper than 64"):
        check_json(b"[" * 65 + b"]" * 65, 64)


@pytest.mark.parametrize("body", [rb'"\u0000"', rb'"a\\\u0000"', rb'["x", "\\\\\u0000"]'])
def test_a_nul_character_is_refused(body: bytes):
    with pytest.raises(BadBody, match="a NUL character in a text"):
        check_json(body, 64)


@pytest.mark.parametrize("body", [rb'"\\u0000"', rb'"\\\\u0000"', rb'"\u0001"'])
def test_what_only_looks_like_a_nul_is_fine(body: bytes):
    check_json(body, 64)


HALVES = [rb'"\ud800"', rb'{"a": ["\uD83Dx"]}', rb'"\udc00\ud800"', rb'"\ude00"']


@pytest.mark.parametrize("body", HALVES)
def test_half_of_a_surrogate_pair_is_refused(body: bytes):
    with pytest.raises(BadBody, match="half of a surrogate pair"):
        check_json(body, 64)


@pytest.mark.parametrize(
    "body", [rb'"\ud83d\ude00"', rb'"\\ud800"', rb'"\u0064"', rb'["\ud83d\ude00", 1e999]']
)
def test_what_is_whole_or_only_looks_like_a_surrogate_is_left_to_the_decoder(body: bytes):
    check_json(body, 64)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("\0", ""),
        ({"a": ["x", "\ud800"]}, "a[1]"),
        ({"a": {"k\0": 1}}, "a"),
        ({"a": {1: "\udfff"}}, "a.1"),
    ],
)
def test_texts_that_no_store_holds_are_named_by_their_place(value: Any, place: str):
    with pytest.raises(BadBody, match="a NUL or half of a surrogate pair") as refused:
        check_texts(value)
    assert refused.value.pointer == place


def test_other_values_have_no_bad_texts():
    check_texts({"a": ["é☃\U0001f600", 1, None, True, 1.5], "\\u0000": "\\ud800"})
