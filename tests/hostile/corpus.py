"""What nobody honest sends: each entry has a name, the bytes and, where it is not plain, why.

`Sent`: whole bodies with their headers. `Token`: JSON where a value may stand. `VALUES`: what takes
the place of any value of a valid body. `TEXTS`: what may stand in a text. All of it is made here.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

MIB = 1024 * 1024
DEEP = 100_000
HUGE = "x" * MIB
MARKER = "replaced by a token"


@dataclass(frozen=True)
class Sent:
    """A whole body. `make` gets a valid one; `statuses`: None for any refusal."""

    name: str
    make: Callable[[bytes], bytes]
    headers: dict[str, str | bytes] = field(default_factory=dict)
    statuses: tuple[int, ...] = (400, 413, 415, 422)
    why: str = ""


@dataclass(frozen=True)
class Token:
    """A piece of JSON, or of what looks like it. `is_legal`: a request may hold it."""

    name: str
    text: bytes
    why: str = ""
    is_legal: bool = False


def gzipped(make: Callable[[bytes], bytes]) -> dict[str, Any]:
    return {"make": make, "headers": {"content-encoding": "gzip"}}


@cache
def bomb(size: int = 1024 * MIB) -> bytes:
    """So many zeros, in a thousandth of the bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    begin = packer.compress(b"\0" * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    # what was packed knows nothing of what was before it, and may stand there as often as one likes
    again = packer.compress(b"\0" * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    return begin + again * (size // MIB - 2) + packer.flush()


def wrong_end(body: bytes, *, check: bool) -> bytes:
    """A gzip file whose checksum, or whose length, is another one's."""
    whole = bytearray(gzip.compress(body))
    whole[-8 if check else -4] ^= 0xFF
    return bytes(whole)


def nested(times: int) -> Callable[[bytes], bytes]:
    def make(body: bytes) -> bytes:
        for _ in range(times):
            body = gzip.compress(body)
        return body

    return make


def blanks(size: int) -> Callable[[bytes], bytes]:
    """A valid body behind so many blanks, compressed."""
    return lambda body: gzip.compress(b" " * size + body)


BOMBS = [
    Sent("a GiB of zeros", **gzipped(lambda _: bomb()), statuses=(413,)),
    Sent("65 MiB of blanks", **gzipped(blanks(65 * MIB)), statuses=(413,)),
    Sent(
        "many bombs in one", **gzipped(lambda _: gzip.compress(b"\0" * MIB) * 100), statuses=(413,)
    ),
    Sent("a bomb in a file", **gzipped(lambda _: gzip.compress(bomb(64 * MIB)))),
    Sent("gzip in gzip", **gzipped(nested(2)), why="only one of them is undone"),
    Sent("gzip in gzip in gzip", **gzipped(nested(3))),
    Sent("half a file", **gzipped(lambda body: gzip.compress(body)[: len(body) // 4])),
    Sent("no last byte", **gzipped(lambda body: gzip.compress(body)[:-1])),
    Sent("another checksum", **gzipped(lambda body: wrong_end(body, check=True))),
    Sent("another length", **gzipped(lambda body: wrong_end(body, check=False))),
    Sent("something behind", **gzipped(lambda body: gzip.compress(body) + b"more")),
    Sent("not compressed", **gzipped(lambda body: body)),
    Sent("zlib, not gzip", **gzipped(zlib.compress)),
    Sent("nothing, as gzip", **gzipped(lambda _: b"")),
    Sent("ten thousand empty members", **gzipped(lambda _: gzip.compress(b"") * 10_000)),
]
ENCODINGS = [
    Sent(f"encoding {name!r}", lambda body: body, {"content-encoding": name}, (415,))
    for name in (
        "br",
        "zstd",
        "deflate",
        "compress",
        "gzip, gzip",
        "identity, gzip",
        "x" * 999,
        "\x7f",
    )
]
SHAPES = [
    Sent("64 KiB of nothing", lambda _: b" " * 65_536),
    Sent("nothing", lambda _: b""),
    Sent("a NUL", lambda _: b"\0"),
    Sent("null", lambda _: b"null"),
    Sent("a number", lambda _: b"1"),
    Sent("a text", lambda _: b'"x"'),
    Sent("true", lambda _: b"true"),
    Sent("a list", lambda _: b"[]"),
    Sent("an empty object", lambda _: b"{}"),
    Sent("a list of itself", lambda body: b"[" + body + b"]"),
    Sent("twice", lambda body: body + body),
    Sent("half of it", lambda body: body[: len(body) // 2]),
    Sent("all but the end", lambda body: body[:-1]),
    Sent("a comma too many", lambda body: body[:-1] + b",}"),
    Sent("a byte order mark", lambda body: b"\xef\xbb\xbf" + body),
    Sent("UTF-16", lambda body: body.decode().encode("utf-16")),
    Sent("UTF-16, big end first", lambda body: body.decode().encode("utf-16-be")),
    Sent("UTF-32", lambda body: body.decode().encode("utf-32")),
    Sent("a NUL behind it", lambda body: body + b"\0"),
    Sent("invalid UTF-8 behind it", lambda body: body + b"\xff"),
    Sent("comments", lambda body: b"/* */" + body),
    Sent("single quotes", lambda body: body.replace(b'"', b"'")),
    Sent("64 KiB of opening lists", lambda _: b"[" * 65_536),
    Sent("deep lists", lambda _: b"[" * DEEP + b"]" * DEEP),
    Sent("deep objects", lambda _: b'{"a":' * DEEP + b"1" + b"}" * DEEP),
    Sent("JavaScript", lambda _: b"(function(){return 1})()"),
    Sent("XML", lambda _: b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'),
    Sent("a form", lambda _: b"a=1&b=2"),
    Sent("a pickle", lambda _: b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94."),
]


def depth(levels: int, opening: bytes, inner: bytes, closing: bytes) -> bytes:
    return opening * levels + inner + closing * levels


REFUSED_TOKENS = [
    Token("NaN", b"NaN"),
    Token("Infinity", b"Infinity"),
    Token("-Infinity", b"-Infinity"),
    Token("nan", b"nan"),
    Token("1e999", b"1e999", "a float has no such number: it would become infinite"),
    Token("-1e999", b"-1e999"),
    Token("1e400", b"1e400"),
    Token("1E+400", b"1E+400"),
    Token("1e99999999999999999999", b"1e99999999999999999999"),
    Token("10^400", b"1" + b"0" * 400),
    Token("10^5000", b"1" + b"0" * 5_000, "past what Python reads as a whole number"),
    Token("2^63", b"9223372036854775808", "one more than 64 bits with a sign hold"),
    Token("2^64", b"18446744073709551616"),
    Token("-2^63-1", b"-9223372036854775809"),
    Token("0x10", b"0x10"),
    Token("010", b"010"),
    Token("+1", b"+1"),
    Token(".5", b".5"),
    Token("half of a pair, escaped", b'"\\ud800"'),
    Token("the other half, escaped", b'"\\uDFFF"'),
    Token("both halves the wrong way", b'"\\udc00\\ud800"'),
    Token("a pair, and more", b'"\\ud83d\\ude00" x'),
    Token("half of a pair, raw", b'"\xed\xa0\x80"', "UTF-8 has no such letters"),
    Token("NUL, escaped", b'"a\\u0000b"'),
    Token("NUL, raw", b'"a\0b"'),
    Token("a line break, raw", b'"a\nb"'),
    Token("an unknown escape", b'"\\x41"'),
    Token("FF", b'"\xff"'),
    Token("an overlong NUL", b'"\xc0\x80"'),
    Token("an overlong quote", b'"\xc0\xa2"'),
    Token("a letter cut off", b'"\xf0\x9f\x98"'),
    Token("past Unicode", b'"\xf4\x90\x80\x80"'),
    Token("Latin-1", b'"caf\xe9"'),
    Token("no value", b""),
    Token("a name without quotes", b"abc"),
    Token("100 lists", depth(100, b"[", b"", b"]")),
    Token("100 objects", depth(100, b'{"a":', b"1", b"}")),
    Token("100,000 lists", depth(DEEP, b"[", b"", b"]")),
    Token("100,000 objects", depth(DEEP, b'{"a":', b"1", b"}")),
    Token("100,000 opening lists", b"[" * DEEP),
]
LEGAL_TOKENS = [
    Token("-0.0", b"-0.0", is_legal=True),
    Token("-0", b"-0", is_legal=True),
    Token("2^63-1", b"9223372036854775807", is_legal=True),
    Token("-2^63", b"-9223372036854775808", is_legal=True),
    Token("1e308", b"1e308", is_legal=True),
    Token("5e-324", b"5e-324", is_legal=True),
    Token("1e-400", b"1e-400", "it is nothing at all", is_legal=True),
    Token("0.1 to many places", b"0." + b"1" * 5_000, is_legal=True),
    Token("40 lists", depth(40, b"[", b"", b"]"), is_legal=True),
    Token("a pair, escaped", b'"\\ud83d\\ude00"', is_legal=True),
    Token("a backslash before u0000", b'"\\\\u0000"', "no NUL", is_legal=True),
    Token("the same name twice", b'{"a":1,"a":2}', is_legal=True),
    Token("an empty name", b'{"":1}', is_legal=True),
    Token("proto", b'{"__proto__":{"polluted":true},"constructor":{}}', is_legal=True),
    Token("a name of 1 MB", b'{"' + b"k" * MIB + b'":1}', is_legal=True),
    Token("a text of 1 MB", b'"' + b"v" * MIB + b'"', is_legal=True),
    Token("a list of 100,000", b"[" + b"0," * 99_999 + b"0]", is_legal=True),
]
TOKENS = [*REFUSED_TOKENS, *LEGAL_TOKENS]

# In the place of any value of a valid body, leaf or not.
VALUES: dict[str, Any] = {
    "null": None,
    "no text": "",
    "0": 0,
    "-1": -1,
    "true": True,
    "1.5": 1.5,
    "1e300": 1e300,
    "-2^63": -(2**63),
    "2^63": 2**63,
    "a list": [],
    "an object": {},
    "a list of null": [None],
    "a list of lists": [[[]]],
    "a strange object": {"": {"__proto__": [None, -1, "x"]}},
    "a text": "a text",
    "a number as a text": "12",
    "blanks": " \t ",
    "10,000 letters": "y" * 10_000,
    "1 MB": HUGE,
    "1969": "1969-12-31T23:59:59Z",
    "2201": "2201-01-01T00:00:00Z",
    "seconds": 1_767_268_800,
    "milliseconds": 1_767_268_800_000,
    "microseconds": 1_767_268_800_000_000,
    "nanoseconds": 1_767_268_800_000_000_000,
    "control letters": "\x01\x1b[2J\x7f\x85\u2028",
    "from right to left": "\u202egnp.exe",
    "a name of 1 MB": {HUGE: {HUGE: [None]}},
    "1,000 values": list(range(1_000)),
    "1,000 names": {f"k{n}": n for n in range(1_000)},
}

TIMES = [
    *("1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00+00:01", "2201-01-01T00:00:00Z"),
    *(
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ),
    *("2026-01-01T12:00:00+99:99", "2026-01-01T12:00:00+24:00", "2026-01-01T12:00:00-14:60"),
    *(
        "2026-01-01T23:59:60Z",
        "2026-06-30T23:59:60Z",
        "2026-01-01T24:00:01Z",
        "2026-01-01T12:60:00Z",
    ),
    *(
        "2026-02-29T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-00-01T12:00:00Z",
        "2026-01-32T12:00:00Z",
    ),
    *("2026-01-01T12:00:00Z\n", "2026-01-01T12:00:00Zx", "2026-01-01", "12:00", "now", "today"),
    *("٢٠٢٦-٠١-٠١T١٢:٠٠:٠٠Z", "2026-01-01T12:00:00．5Z", "２０２６-01-01T12:00:00Z"),
    *(
        "1e18",
        "1767268800",
        "1767268800000",
        "1767268800000000",
        "1767268800000000000",
        "0x7fffffff",
    ),
    *(
        "NaN",
        "Infinity",
        "-1",
        "9" * 400,
        "2026-01-01T12:00:00." + "1" * 400 + "Z",
        "2026-W01-1T12:00Z",
    ),
]

# What may stand in a text, and must come back as it was, and nothing else happens.
TEXTS = [
    *("'", '"', "\\", "\\\\", "`", "’", "＇", "\u02bc", "%27", "&#39;", "\\u0027", "\u2028\u2029"),
    *(
        "' OR '1'='1",
        "'; DROP TABLE event; --",
        '"; DROP TABLE event; --',
        "1); DELETE FROM event; (1",
    ),
    *(
        "x' UNION SELECT payload FROM event --",
        "' || (SELECT 1) || '",
        "'/**/OR/**/1=1#",
        "$1",
        "?",
        ":x",
    ),
    *(
        "%",
        "_",
        "%_%",
        "*",
        ".*",
        "(a+)+$",
        "{0}",
        "{0.__class__}",
        "%s%n",
        "${jndi:ldap://127.0.0.1:1/a}",
    ),
    *("{{7*7}}", "<%= 7*7 %>", "#{7*7}", "`id`", "$(id)", "; id", "| id", "& id"),
    *("../../etc/passwd", "..\\..\\windows", "file:///etc/passwd", "/dev/zero", "C:\\x", "\u2025/"),
    *(
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "javascript:alert(1)",
        "</title>",
    ),
    *("]]>", "<!--", "&lt;", "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=HYPERLINK(1)", '","x'),
    *("\r\nx-injected: 1", "\nset-cookie: a=b", "\x1b[31m", "\x07", "\x7f", "\x85", "a\tb"),
    *(
        "\u202e\u2066evil\u2069",
        "\ufeffx",
        "\u200b",
        "é",
        "e\u0301",
        "ｆｕｌｌ",
        "\U0001f600",
        "\ufffe\uffff",
    ),
    *(
        "__proto__",
        "constructor",
        "__class__",
        "toString",
        "NULL",
        "null",
        "None",
        "undefined",
        "true",
    ),
    *("NaN", "-0", "1e999", "0x10", "９９", "", " ", " x ", "x" * 4_000),
]


def splice(value: Any, token: bytes) -> bytes:
    """JSON with a token where MARKER stands."""
    return json.dumps(value).encode().replace(f'"{MARKER}"'.encode(), token)
