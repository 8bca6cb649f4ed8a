"""Bytes <-> messages of PostgreSQL's protocol 3. Pure: no socket, no engine.

Layouts: PostgreSQL's documentation, "Frontend/Backend Protocol", "Message Formats".
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

PROTOCOL = 3 << 16
CANCEL_CODE, SSL_CODE, GSSENC_CODE = 80877102, 80877103, 80877104
NULL = -1


class BadMessage(Exception):
    """These bytes are no message of the protocol."""


@dataclass(frozen=True, slots=True)
class Startup:
    """The first message: the protocol's minor version, and who wants what."""

    minor: int
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EncryptionRequest:
    """SSLRequest or GSSENCRequest."""


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """End what that other connection asks."""

    process: int
    secret: int


@dataclass(frozen=True, slots=True)
class Password:
    """The password, in the clear."""

    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """Statements to run at once."""

    text: str


@dataclass(frozen=True, slots=True)
class Parse:
    """Make a prepared statement."""

    name: str
    text: str
    types: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bind:
    """Give a prepared statement its values: a portal."""

    portal: str
    statement: str
    formats: tuple[int, ...]
    values: tuple[bytes | None, ...]
    result_formats: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Describe:
    """Tell what a statement (S) or a portal (P) takes and answers."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Execute:
    """Run a portal for so many rows; 0: all."""

    portal: str
    rows_max: int


@dataclass(frozen=True, slots=True)
class Close:
    """Forget a statement (S) or a portal (P)."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Sync:
    """The end of a series; the place where an error stops to count."""


@dataclass(frozen=True, slots=True)
class Flush:
    """Send what there is."""


@dataclass(frozen=True, slots=True)
class Terminate:
    """Goodbye."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Part of a COPY that there is not."""


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """The old way to call a function."""


Message = (
    Password
    | Query
    | Parse
    | Bind
    | Describe
    | Execute
    | Close
    | Sync
    | Flush
    | Terminate
    | Ignored
    | FunctionCall
)
FirstMessage = Startup | EncryptionRequest | CancelRequest


class _Reader:
    """Takes a body apart; whatever does not fit is a BadMessage."""

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def take(self, size: int) -> bytes:
        if size < 0 or self._at + size > len(self._body):
            raise BadMessage("a message ends before it is complete")
        self._at += size
        return self._body[self._at - size : self._at]

    def int16(self) -> int:
        return int(struct.unpack("!h", self.take(2))[0])

    def int32(self) -> int:
        return int(struct.unpack("!i", self.take(4))[0])

    def text(self) -> str:
        end = self._body.find(b"\0", self._at)
        if end < 0:
            raise BadMessage("a text has no end")
        raw = self.take(end - self._at)
        self._at += 1
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise BadMessage("a text is not UTF-8") from error

    def count(self) -> int:
        number = struct.unpack("!H", self.take(2))[0]
        return int(number)

    def end(self) -> None:
        if self._at != len(self._body):
            raise BadMessage("a message goes on after its end")


def read_first(body: bytes) -> FirstMessage:
    """What a connection begins with; it has no type byte."""
    reader = _Reader(body)
    code = reader.int32()
    match code:
        case _ if code in (SSL_CODE, GSSENC_CODE):
            reader.end()
            return EncryptionRequest()
        case _ if code == CANCEL_CODE:
            process, secret = reader.int32(), reader.int32()
            return CancelRequest(process, secret)
        case _ if code >> 16 == PROTOCOL >> 16:
            return Startup(code & 0xFFFF, _parameters(reader))
    raise BadMessage(f"unsupported frontend protocol {code >> 16 & 0xFFFF}.{code & 0xFFFF}")


def _parameters(reader: _Reader) -> dict[str, str]:
    found: dict[str, str] = {}
    while name := reader.text():
        found[name] = reader.text()
    reader.end()
    return found


def read_message(kind: bytes, body: bytes) -> Message:
    """A message of a connection that is under way."""
    read = READERS.get(kind)
    if read is None:
        raise BadMessage(f"invalid frontend message type {kind[0]}")
    reader = _Reader(body)
    message = read(reader)
    if not isinstance(message, Ignored | FunctionCall):
        reader.end()
    return message


def _read_parse(reader: _Reader) -> Parse:
    name, text = reader.text(), reader.text()
    return Parse(name, text, tuple(reader.int32() & 0xFFFFFFFF for _ in range(reader.count())))


def _read_bind(reader: _Reader) -> Bind:
    portal, statement = reader.text(), reader.text()
    formats = _formats(reader)
    values = []
    for _ in range(reader.count()):
        size = reader.int32()
        values.append(None if size == NULL else reader.take(size))
    return Bind(portal, statement, formats, tuple(values), _formats(reader))


def _formats(reader: _Reader) -> tuple[int, ...]:
    found = tuple(reader.int16() for _ in range(reader.count()))
    if not {0, 1}.issuperset(found):
        raise BadMessage("a format is 0 for text or 1 for binary")
    return found


def _kind(reader: _Reader) -> str:
    kind = reader.take(1)
    if kind not in (b"S", b"P"):
        raise BadMessage("neither a statement nor a portal is meant")
    return kind.decode()


READERS: dict[bytes, Callable[[_Reader], Message]] = {
    b"p": lambda reader: Password(reader.text()),
    b"Q": lambda reader: Query(reader.text()),
    b"P": _read_parse,
    b"B": _read_bind,
    b"D": lambda reader: Describe(_kind(reader), reader.text()),
    b"E": lambda reader: Execute(reader.text(), reader.int32()),
    b"C": lambda reader: Close(_kind(reader), reader.text()),
    b"S": lambda _reader: Sync(),
    b"H": lambda _reader: Flush(),
    b"X": lambda _reader: Terminate(),
    b"F": lambda _reader: FunctionCall(),
    b"d": lambda _reader: Ignored(),
    b"c": lambda _reader: Ignored(),
    b"f": lambda _reader: Ignored(),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A column as RowDescription tells it."""

    name: str
    oid: int
    size: int
    format: int


def message(kind: bytes, body: bytes = b"") -> bytes:
    """Any message of ours."""
    return kind + struct.pack("!i", len(body) + 4) + body


def _text(text: str) -> bytes:
    return text.replace("\0", " ").encode("utf-8", "replace") + b"\0"


AUTHENTICATED = message(b"R", struct.pack("!i", 0))
ASK_PASSWORD = message(b"R", struct.pack("!i", 3))  # AuthenticationCleartextPassword
PARSED, BOUND, CLOSED = message(b"1"), message(b"2"), message(b"3")
NO_DATA, EMPTY, SUSPENDED = message(b"n"), message(b"I"), message(b"s")
NOT_ENCRYPTED = b"N"


def parameter_status(name: str, value: str) -> bytes:
    """ParameterStatus."""
    return message(b"S", _text(name) + _text(value))


def key_data(process: int, secret: int) -> bytes:
    """BackendKeyData: what a CancelRequest has to name."""
    return message(b"K", struct.pack("!ii", process, secret))


def negotiate(options: Sequence[str]) -> bytes:
    """NegotiateProtocolVersion: 3.0 is spoken, and none of these options is known."""
    body = struct.pack("!ii", PROTOCOL, len(options)) + b"".join(map(_text, options))
    return message(b"v", body)


def ready(status: str) -> bytes:
    """ReadyForQuery: idle (I), in a transaction (T) or in a failed one (E)."""
    return message(b"Z", status.encode())


def complete(tag: str) -> bytes:
    """CommandComplete."""
    return message(b"C", _text(tag))


def parameters(oids: Sequence[int]) -> bytes:
    """ParameterDescription."""
    return message(b"t", struct.pack(f"!H{len(oids)}I", len(oids), *oids))


def row_description(fields: Sequence[Field]) -> bytes:
    """RowDescription: no field is a column of a table that a client could look up."""
    parts = [
        _text(field.name) + struct.pack("!ihihih", 0, 0, field.oid, field.size, NULL, field.format)
        for field in fields
    ]
    return message(b"T", struct.pack("!H", len(parts)) + b"".join(parts))


def data_row(values: Sequence[bytes | None]) -> bytes:
    """DataRow."""
    parts = [
        struct.pack("!i", NULL) if value is None else struct.pack("!i", len(value)) + value
        for value in values
    ]
    return message(b"D", struct.pack("!H", len(parts)) + b"".join(parts))


@dataclass(frozen=True, slots=True)
class Complaint:
    """What ErrorResponse and NoticeResponse tell."""

    code: str
    text: str
    severity: str = "ERROR"
    position: int | None = None
    hint: str = ""


def error(complaint: Complaint) -> bytes:
    """ErrorResponse."""
    return message(b"E", _complaint(complaint))


def notice(complaint: Complaint) -> bytes:
    """NoticeResponse."""
    return message(b"N", _complaint(complaint))


def _complaint(complaint: Complaint) -> bytes:
    fields = {
        b"S": complaint.severity,
        b"V": complaint.severity,
        b"C": complaint.code,
        b"M": complaint.text,
        b"H": complaint.hint,
        b"P": str(complaint.position or ""),
    }
    return b"".join(key + _text(value) for key, value in fields.items() if value) + b"\0"
