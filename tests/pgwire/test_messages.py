"""The bytes of the protocol."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwell.pgwire import messages as wire


def test_the_first_message_says_what_is_wanted():
    assert wire.read_first(struct.pack("!i", 80877103)) == wire.EncryptionRequest()
    assert wire.read_first(struct.pack("!iii", 80877102, 7, -9)) == wire.CancelRequest(7, -9)
    startup = struct.pack("!i", 3 << 16) + b"user\0me\0database\0d\0\0"
    assert wire.read_first(startup) == wire.Startup(0, {"user": "me", "database": "d"})
    with pytest.raises(wire.BadMessage, match=r"unsupported frontend protocol 2\.0"):
        wire.read_first(struct.pack("!i", 2 << 16))


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        (b"Q", b"SELECT 1\0", wire.Query("SELECT 1")),
        (b"P", b"s\0SELECT $1\0\0\1\0\0\0\x17", wire.Parse("s", "SELECT $1", (23,))),
        (
            b"B",
            b"p\0s\0\0\1\0\1\0\2\0\0\0\1x\xff\xff\xff\xff\0\0",
            wire.Bind("p", "s", (1,), (b"x", None), ()),
        ),
        (b"D", b"Sname\0", wire.Describe("S", "name")),
        (b"E", b"\0\0\0\0\5", wire.Execute("", 5)),
        (b"C", b"Pname\0", wire.Close("P", "name")),
        (b"S", b"", wire.Sync()),
        (b"H", b"", wire.Flush()),
        (b"X", b"", wire.Terminate()),
        (b"p", b"secret\0", wire.Password("secret")),
        (b"d", b"anything", wire.Ignored()),
        (b"F", b"anything", wire.FunctionCall()),
    ],
)
def test_a_message_is_read_as_documented(kind: bytes, body: bytes, message: wire.Message):
    assert wire.read_message(kind, body) == message


@pytest.mark.parametrize(
    ("kind", "body", "problem"),
    [
        (b"Q", b"SELECT 1", "no end"),
        (b"Q", b"a\0b", "goes on"),
        (b"Q", b"\xff\0", "not UTF-8"),
        (b"E", b"\0\0\0", "before it is complete"),
        (b"B", b"\0\0\0\0\0\1\0\0\0\xff", "before it is complete"),
        (b"B", b"\0\0\0\0\0\1\xff\xff\xff\xfe", "before it is complete"),
        (b"B", b"\0\0\0\1\0\2\0\0\0\0", "text or 1 for binary"),
        (b"D", b"Xname\0", "neither a statement nor a portal"),
        (b"!", b"", "invalid frontend message type 33"),
    ],
)
def test_what_is_no_message_is_told(kind: bytes, body: bytes, problem: str):
    with pytest.raises(wire.BadMessage, match=problem):
        wire.read_message(kind, body)


@given(kind=st.sampled_from(sorted(wire.READERS)), body=st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_bad_one(kind: bytes, body: bytes):
    try:
        wire.read_message(kind, body)
    except wire.BadMessage as error:
        assert str(error)  # noqa: PT017 - or it is a message


@given(body=st.binary(min_size=4, max_size=100))
def test_any_first_bytes_are_a_message_or_a_bad_one(body: bytes):
    try:
        wire.read_first(body)
    except wire.BadMessage as error:
        assert str(error)  # noqa: PT017 - or it is a message


def test_what_is_sent_has_its_length_and_ends_its_texts():
    assert wire.ready("I") == b"Z\0\0\0\5I"
    assert wire.complete("SELECT 2") == b"C\0\0\0\x0dSELECT 2\0"
    assert wire.data_row([b"ab", None]) == b"D\0\0\0\x10\0\2\0\0\0\2ab\xff\xff\xff\xff"
    assert wire.parameters([23]) == b"t\0\0\0\x0a\0\1\0\0\0\x17"
    fields = wire.row_description([wire.Field("a", 20, 8, 1)])
    assert fields[7:9] == b"a\0"
    assert struct.unpack("!ihihih", fields[9:]) == (0, 0, 20, 8, -1, 1)


def test_an_error_tells_its_code_its_place_and_what_may_help():
    body = wire.error(wire.Complaint("42601", "wrong\0here", position=7, hint="look"))[5:]
    assert set(body.split(b"\0")) == {
        b"SERROR",
        b"VERROR",
        b"C42601",
        b"Mwrong here",
        b"Hlook",
        b"P7",
        b"",
    }
    assert wire.notice(wire.Complaint("01000", "x"))[:1] == b"N"
