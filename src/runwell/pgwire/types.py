"""Values <-> bytes of PostgreSQL's types, as text and binary. Pure.

Which of the engine's types goes as which of PostgreSQL's stands in `store/catalog/pg_types.py`.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from runwell.errors import BadValue
from runwell.store.catalog import pg_types as pg
from runwell.store.catalog.pg_types import PgType
from runwell.store.columns.base import Typed

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(2000, 1, 1).toordinal()
MICROSECOND = timedelta(microseconds=1)
DAY_US = 86_400_000_000
CLOCKS = (pg.DATE, pg.TIME, pg.TIMESTAMP, pg.TIMESTAMPTZ)
DIGITS = 4  # numeric counts in groups of four digits
NEGATIVE, NOT_A_NUMBER = 0x4000, 0xC000


class BadParameterValue(ValueError):
    """The bytes of a parameter are no value of its type."""


Encode = Callable[[Any], bytes]


def encoder(type_: PgType, format_: int) -> Encode:
    """How values of a type become bytes, as text (0) or binary (1)."""
    if type_.element is not None:
        return _array_binary(type_) if format_ else _array_text(type_)
    encode = (BINARY if format_ else TEXT).get(type_.oid, _plain)
    return _or_text(encode, type_, format_) if type_ in CLOCKS else encode


def _or_text(encode: Encode, type_: PgType, format_: int) -> Encode:
    """What Python's calendar does not reach comes as text (the year 290000, 24:00) and stays it."""

    def some(value: Any) -> bytes:
        if type(value) is not str:
            return encode(value)
        if format_:
            raise BadValue(f"{value} does not fit in a binary {type_.shown}: ask for text")
        return value.encode()

    return some


def _plain(value: Any) -> bytes:
    return (value if isinstance(value, str) else _json(value)).encode("utf-8", "replace")


def _json(value: Any) -> str:
    if isinstance(value, dict | list | tuple):
        return json.dumps(_jsonable(value), ensure_ascii=False)
    return str(value)


def _jsonable(value: Any) -> Any:
    match value:
        case dict():
            return {str(key): _jsonable(item) for key, item in value.items()}
        case list() | tuple():
            return [_jsonable(item) for item in value]
        case float() if not math.isfinite(value):
            return None
        case Decimal():
            return float(value)
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.isoformat()
    return str(value)


def _bool_text(value: Any) -> bytes:
    return b"t" if value else b"f"


def _float_text(value: float) -> bytes:
    if math.isnan(value):
        return b"NaN"
    if math.isinf(value):
        return b"Infinity" if value > 0 else b"-Infinity"
    shown = repr(float(value))
    return shown.removesuffix(".0").encode()


def _float4_text(value: float) -> bytes:
    if not math.isfinite(value):
        return _float_text(value)
    for digits in range(6, 10):  # the shortest that is the same four bytes
        shown = f"{value:.{digits}g}"
        if struct.pack("!f", float(shown)) == struct.pack("!f", value):
            return _float_text(float(shown))
    return _float_text(value)


def _numeric_text(value: Any) -> bytes:
    return format(value, "f").encode() if isinstance(value, Decimal) else str(value).encode()


def _timestamp_text(value: datetime) -> bytes:
    return _clock(_utc(value), "").encode()


def _timestamptz_text(value: datetime) -> bytes:
    return _clock(_utc(value), "+00").encode()


def _clock(value: datetime, zone: str) -> str:
    shown = value.replace(tzinfo=None).isoformat(" ")
    return (shown.rstrip("0") if "." in shown else shown) + zone


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _time_text(value: time) -> bytes:
    return value.isoformat().encode()


def _interval_text(value: timedelta) -> bytes:
    days, rest = _days_and_rest(value)
    sign, rest = ("-" if rest < 0 else ""), abs(rest)
    seconds, fraction = divmod(rest, 1_000_000)
    clock = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if fraction:
        clock += f".{fraction:06}".rstrip("0")
    if not days:
        return clock.encode()
    shown = f"{days} day{'' if days == 1 else 's'}"
    return (f"{shown} {clock}" if rest else shown).encode()


def _days_and_rest(value: timedelta) -> tuple[int, int]:
    us = value // MICROSECOND
    days = math.trunc(us / DAY_US)
    return days, us - days * DAY_US


def _bytea_text(value: bytes) -> bytes:
    return b"\\x" + bytes(value).hex().encode()


TEXT: dict[int, Encode] = {
    pg.BOOL.oid: _bool_text,
    pg.FLOAT4.oid: _float4_text,
    pg.FLOAT8.oid: _float_text,
    pg.NUMERIC.oid: _numeric_text,
    pg.TIMESTAMP.oid: _timestamp_text,
    pg.TIMESTAMPTZ.oid: _timestamptz_text,
    pg.TIME.oid: _time_text,
    pg.INTERVAL.oid: _interval_text,
    pg.BYTEA.oid: _bytea_text,
}


def _packed(layout: str) -> Encode:
    return struct.Struct(layout).pack


def _timestamp_binary(value: datetime) -> bytes:
    return struct.pack("!q", (_utc(value) - EPOCH) // MICROSECOND)


def _time_binary(value: time) -> bytes:
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return struct.pack("!q", seconds * 1_000_000 + value.microsecond)


def _interval_binary(value: timedelta) -> bytes:
    days, rest = _days_and_rest(value)
    return struct.pack("!qii", rest, days, 0)


def _numeric_binary(value: Any) -> bytes:
    number = value if isinstance(value, Decimal) else Decimal(value)
    if not number.is_finite():
        return struct.pack("!hhHh", 0, 0, NOT_A_NUMBER, 0)
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    scale = max(-exponent, 0)
    text = ("".join(map(str, digits)) + "0" * max(exponent, 0)).rjust(scale, "0")
    whole, fraction = text[: len(text) - scale], text[len(text) - scale :]
    whole = whole.rjust(-(-len(whole) // DIGITS) * DIGITS, "0")
    fraction = fraction.ljust(-(-len(fraction) // DIGITS) * DIGITS, "0")
    groups = [int(part) for part in _in_fours(whole + fraction)]
    weight = len(whole) // DIGITS - 1
    while groups and groups[0] == 0:
        groups, weight = groups[1:], weight - 1
    while groups and groups[-1] == 0:
        groups.pop()
    head = (len(groups), weight if groups else 0, NEGATIVE if sign and groups else 0, scale)
    return struct.pack(f"!hhHh{len(groups)}h", *head, *groups)


def _in_fours(text: str) -> list[str]:
    return [text[start : start + DIGITS] for start in range(0, len(text), DIGITS)]


BINARY: dict[int, Encode] = {
    pg.BOOL.oid: _packed("!?"),
    pg.INT2.oid: _packed("!h"),
    pg.INT4.oid: _packed("!i"),
    pg.INT8.oid: _packed("!q"),
    pg.OID.oid: _packed("!I"),
    pg.FLOAT4.oid: _packed("!f"),
    pg.FLOAT8.oid: _packed("!d"),
    pg.NUMERIC.oid: _numeric_binary,
    pg.DATE.oid: lambda value: struct.pack("!i", value.toordinal() - EPOCH_DAY),
    pg.TIME.oid: _time_binary,
    pg.TIMESTAMP.oid: _timestamp_binary,
    pg.TIMESTAMPTZ.oid: _timestamp_binary,
    pg.INTERVAL.oid: _interval_binary,
    pg.UUID.oid: lambda value: bytes(value.bytes),
    pg.BYTEA.oid: bytes,
}


def _array_text(type_: PgType) -> Encode:
    assert type_.element is not None
    encode = encoder(type_.element, 0)

    def array(values: Sequence[Any]) -> bytes:
        shown = (b"NULL" if value is None else _quoted(encode(value)) for value in values)
        return b"{" + b",".join(shown) + b"}"

    return array


def _quoted(value: bytes) -> bytes:
    is_plain = value and not any(byte in b'{},"\\ \t\n\r\v\f' for byte in value)
    if is_plain and value.upper() != b"NULL":
        return value
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def _array_binary(type_: PgType) -> Encode:
    element = type_.element
    assert element is not None
    encode = encoder(element, 1)

    def array(values: Sequence[Any]) -> bytes:
        if not values:
            return struct.pack("!iiI", 0, 0, element.oid)
        parts = [struct.pack("!iiIii", 1, int(None in values), element.oid, len(values), 1)]
        for value in values:
            raw = None if value is None else encode(value)
            parts.append(
                struct.pack("!i", -1) if raw is None else struct.pack("!i", len(raw)) + raw
            )
        return b"".join(parts)

    return array


def decode(raw: bytes | None, oid: int, format_: int) -> Any:
    """A parameter's value for the engine. Raises BadParameterValue."""
    if raw is None:
        return None
    type_ = pg.BY_OID.get(oid, pg.TEXT)
    try:
        if type_.element is not None:
            return _array(raw, type_.element, format_)
        if format_ == 0:
            return _text_parameter(raw.decode(), type_)
        return _typed(BINARY_PARAMETERS.get(type_.oid, bytes.decode)(raw), type_)
    except (ValueError, OverflowError, ArithmeticError, struct.error) as error:
        raise BadParameterValue(f"no value of the type {type_.shown}: {raw[:40]!r}") from error


def _typed(value: Any, type_: PgType) -> Any:
    name = pg.PARAMETERS.get(type_.oid)
    if name is None or type_ is pg.NUMERIC:
        return value
    return Typed(value, name)


def _text_parameter(text: str, type_: PgType) -> Any:
    match type_:
        case pg.NUMERIC:
            number = Decimal(text)
            return number if number.is_finite() else float(number)
        case pg.BYTEA:
            return Typed(bytes.fromhex(text.removeprefix("\\x")), "BLOB")
        case pg.INT2 | pg.INT4 | pg.INT8 | pg.OID:
            return _typed(int(text), type_)
    return _typed(text, type_)  # the engine reads it as it reads a cast


def _numeric(raw: bytes) -> Decimal | float:
    count, weight, sign, _scale = struct.unpack_from("!hhHh", raw)
    if sign not in (0, NEGATIVE):
        return math.nan
    groups = struct.unpack(f"!{count}h", raw[8:])
    digits = "".join(f"{group:04}" for group in groups) or "0"
    exponent = (weight - count + 1) * DIGITS if groups else 0
    return Decimal(f"{'-' if sign else ''}{digits}E{exponent}")  # exact, whatever the context


def _unpacked(layout: str) -> Callable[[bytes], Any]:
    unpack = struct.Struct(layout).unpack
    return lambda raw: unpack(raw)[0]


def _timestamp(raw: bytes) -> datetime:
    (us,) = struct.unpack("!q", raw)
    return (EPOCH + timedelta(microseconds=us)).replace(tzinfo=None)


def _time(raw: bytes) -> time:
    (us,) = struct.unpack("!q", raw)
    return (EPOCH + timedelta(microseconds=us)).time()


def _interval(raw: bytes) -> str:
    us, days, months = struct.unpack("!qii", raw)
    return f"{months} months {days} days {us} microseconds"


BINARY_PARAMETERS: dict[int, Callable[[bytes], Any]] = {
    pg.BOOL.oid: _unpacked("!?"),
    pg.INT2.oid: _unpacked("!h"),
    pg.INT4.oid: _unpacked("!i"),
    pg.INT8.oid: _unpacked("!q"),
    pg.OID.oid: _unpacked("!I"),
    pg.FLOAT4.oid: _unpacked("!f"),
    pg.FLOAT8.oid: _unpacked("!d"),
    pg.NUMERIC.oid: _numeric,
    pg.DATE.oid: lambda raw: date.fromordinal(EPOCH_DAY + struct.unpack("!i", raw)[0]),
    pg.TIME.oid: _time,
    pg.TIMESTAMP.oid: _timestamp,
    pg.TIMESTAMPTZ.oid: lambda raw: _timestamp(raw).isoformat() + "Z",
    pg.INTERVAL.oid: _interval,
    pg.UUID.oid: lambda raw: str(UUID(bytes=raw)),
    pg.BYTEA.oid: bytes,
    pg.JSONB.oid: lambda raw: raw[1:].decode(),  # its first byte is a version
}


def _array(raw: bytes, element: PgType, format_: int) -> Typed:
    items = _array_items(raw) if format_ else _array_words(raw.decode())
    values = [decode(item, element.oid, format_) for item in items]
    plain = [value.value if type(value) is Typed else value for value in values]
    name = pg.PARAMETERS.get(element.oid, "VARCHAR")
    return Typed(plain, f"{name}[]")


def _array_items(raw: bytes) -> list[bytes | None]:
    dimensions, _has_null, _oid = struct.unpack_from("!iiI", raw)
    if dimensions == 0:
        return []
    if dimensions != 1:
        raise BadParameterValue("only arrays of one dimension")
    (count,) = struct.unpack_from("!i", raw, 12)
    items: list[bytes | None] = []
    at = 20
    while len(items) < count:
        (size,) = struct.unpack_from("!i", raw, at)
        items.append(None if size < 0 else raw[at + 4 : at + 4 + size])
        at += 4 + max(size, 0)
    return items


def _array_words(text: str) -> list[bytes | None]:
    """`{a,"b c",NULL}` -> its members."""
    if not (text.startswith("{") and text.endswith("}")):
        raise BadParameterValue("an array stands in braces")
    words: list[bytes | None] = []
    word, is_quoted, inside = "", False, False
    characters = iter(text[1:-1] + ("," if len(text) > 2 else ""))  # noqa: PLR2004 - {}
    for character in characters:
        if character == "\\":
            word += next(characters, "")
        elif character == '"':
            inside, is_quoted = not inside, True
        elif character == "," and not inside:
            words.append(None if word.upper() == "NULL" and not is_quoted else word.encode())
            word, is_quoted = "", False
        else:
            word += character
    return words
