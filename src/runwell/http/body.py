"""Read a request body within its bounds: size, time, inflation, nesting."""

from __future__ import annotations

import asyncio
import re
import time
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from itertools import accumulate
from typing import Any

import msgspec
from starlette.datastructures import Headers

from runwell.errors import BadBody, Busy, TooLarge, TooSlow, UnsupportedEncoding
from runwell.http.load import LARGE, Held

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

STEP = 256 * 1024
WINDOW = 64 * 1024  # what is left of it is copied at each step
MEMBERS_MAX = 1024  # files that were compressed one by one and then joined
GZIP = 31  # zlib's word for "a gzip header, the largest window"
RATIO_MAX = 200  # beyond RATIO_FROM bytes, nothing honest is compressed better
RATIO_FROM = 1024 * 1024
STRINGS = re.compile(rb'"[^"]*+"')
NOT_STRUCTURE = bytes(set(range(256)) - set(b'"[]{}'))
STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1, ord('"'): 0}
# \u0000 with an even number of backslashes before it, that is: a real NUL and not the text "\u0000"
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
# each escape in its turn: a whole pair, half of one (the group), any other
ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", re.DOTALL)
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


decode_anything = msgspec.json.Decoder().decode


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


async def read_body(headers: Headers, receive: Receive, held: Held) -> bytes:
    """The whole body, inflated.

    Raises:
        TooLarge, TooSlow, UnsupportedEncoding, BadBody, ClientGone, Overloaded
    """
    body = await _receive_all(headers, receive, held)
    held.check_turn()
    match headers.get("content-encoding", "identity").strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return await _inflate(body, held)
    raise UnsupportedEncoding


async def _receive_all(headers: Headers, receive: Receive, held: Held) -> bytes:
    config = held.config
    announced = headers.get("content-length", "")[:20]  # no body is longer, and int() has its limit
    if announced.isdecimal():
        if int(announced) > config.body_bytes_max:
            raise TooLarge(f"the body is {announced} bytes; {config.body_bytes_max} is the most")
        held.check_room(int(announced))
    chunks: list[bytes] = []
    received, began = 0, time.monotonic()
    while True:
        allowed = max(config.body_seconds_max, received / config.body_rate_min)
        message = await _receive(held, receive, began + allowed - time.monotonic())
        chunk = message.get("body", b"")
        received += len(chunk)
        if received > config.body_bytes_max:
            raise TooLarge(f"the body is larger than {config.body_bytes_max} bytes")
        held.hold(received)
        if not message.get("more_body", False):
            return b"".join([*chunks, chunk]) if chunks else chunk
        chunks.append(chunk)


async def _receive(held: Held, receive: Receive, seconds: float) -> MutableMapping[str, Any]:
    held.load.waiting += 1
    try:
        async with asyncio.timeout(seconds):
            message = await receive()
    except TimeoutError as error:
        raise TooSlow from error
    finally:
        held.load.waiting -= 1
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message


async def _inflate(body: bytes, held: Held) -> bytes:
    """Undo gzip: a large body in a thread, while others are answered."""
    bytes_max = held.config.inflated_bytes_max
    if len(body) <= LARGE:
        inflated = inflate(body, bytes_max)
    else:
        await _wait_to_inflate(held)
        try:
            inflated = await asyncio.to_thread(inflate, body, bytes_max)
        finally:
            held.load.inflating.release()
    held.hold(len(body) + len(inflated))
    return inflated


async def _wait_to_inflate(held: Held) -> None:
    try:
        async with asyncio.timeout(held.config.wait_ms_max / 1000):
            await held.load.inflating.acquire()
    except TimeoutError as error:
        raise Busy from error


def inflate(body: bytes, bytes_max: int) -> bytes:
    """Undo gzip step by step; stops at the bound instead of at the end of memory."""
    pieces: list[bytes] = []
    size = at = 0
    try:
        for _ in range(MEMBERS_MAX):
            member = zlib.decompressobj(GZIP)
            while not member.eof:
                window = body[at : at + WINDOW]
                piece = member.decompress(window, STEP)
                # at the end of a member both may hold the same rest
                rest = member.unused_data if member.eof else member.unconsumed_tail
                at += len(window) - len(rest)
                size += len(piece)
                _check_inflated(size, len(body), bytes_max)
                if not piece and not window:
                    raise BadBody("the gzip body ends early")
                pieces.append(piece)
            if at == len(body):
                return b"".join(pieces)
    except zlib.error as error:
        raise BadBody(f"the gzip body is broken: {error}") from error
    raise BadBody(f"the gzip body has more than {MEMBERS_MAX} members")


def _check_inflated(size: int, wire: int, bytes_max: int) -> None:
    if size > bytes_max:
        raise TooLarge(f"the inflated body is larger than {bytes_max} bytes")
    if size > RATIO_FROM and size > wire * RATIO_MAX:
        raise TooLarge(f"the body inflates to more than {RATIO_MAX} times its size")


def check_json(body: bytes, depth_max: int) -> None:
    """Refuse deep nesting, NUL characters, broken UTF-8 and halves of surrogate pairs.

    A decoder does not look into the texts that it skips, but they are kept all the same.
    """
    if body.count(b"[") + body.count(b"{") > depth_max and depth_exceeds(body, depth_max):
        raise BadBody(f"the JSON nests deeper than {depth_max}")
    if b"\\u0000" in body and (found := NUL.search(body)):
        raise BadBody(f"a NUL character in a text (byte {found.end() - 6})")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise BadBody(f"the body is not UTF-8 (byte {error.start})") from error
    if SURROGATE.search(body):
        _check_surrogates(body)


def check_texts(value: Any, path: str = "") -> None:
    """Refuse NUL characters and halves of surrogate pairs in any text of a decoded value.

    Raises:
        BadBody: names the place.
    """
    match value:
        case str():
            if "\0" in value or not _is_whole(value):
                raise BadBody(f"{path}: a NUL or half of a surrogate pair in a text", pointer=path)
        case dict():
            for name, item in value.items():
                check_texts(name, path)
                check_texts(item, f"{path}.{name}" if path else str(name))
        case list():
            for index, item in enumerate(value):
                check_texts(item, f"{path}[{index}]")


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_surrogates(body: bytes) -> None:
    try:
        decode_anything(body)
    except msgspec.ValidationError:  # JSON all the same: a number beyond all bounds
        return
    except msgspec.DecodeError as error:
        half = next((found.start() for found in ESCAPE.finditer(body) if found[1]), None)
        where = error if half is None else f"byte {half}"
        raise BadBody(f"no JSON, or half of a surrogate pair in a text ({where})") from error


def depth_exceeds(body: bytes, depth_max: int) -> bool:
    """Does JSON nest deeper? Escapes go first, then all but quotes and brackets, then strings."""
    unescaped = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = STRINGS.sub(b"", unescaped.translate(None, NOT_STRUCTURE))
    return max(accumulate(map(STEPS.__getitem__, brackets)), default=0) > depth_max
