"""Values as text and binary, held against psycopg's own reading and writing of them."""

from __future__ import annotations

import math
import struct
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import adapt, postgres, pq

from runwell.errors import BadValue
from runwell.pgwire.types import BadParameterValue, decode, encoder
from runwell.store.catalog import pg_types as pg
from runwell.store.columns.base import Typed

TEXT, BINARY = 0, 1
SPAN = {"min_value": datetime(1, 1, 2), "max_value": datetime(9999, 12, 30)}
VALUES = {
    pg.BOOL: st.booleans(),
    pg.INT2: st.integers(-(2**15), 2**15 - 1),
    pg.INT4: st.integers(-(2**31), 2**31 - 1),
    pg.INT8: st.integers(-(2**63), 2**63 - 1),
    pg.OID: st.integers(0, 2**32 - 1),
    pg.FLOAT4: st.floats(width=32, allow_nan=False),
    pg.FLOAT8: st.floats(allow_nan=False),
    pg.NUMERIC: st.decimals(allow_nan=False, allow_infinity=False, places=6)
    | st.integers(-(10**38), 10**38),
    pg.TEXT: st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    pg.DATE: st.dates(),
    pg.TIME: st.times(),
    pg.TIMESTAMP: st.datetimes(**SPAN),
    pg.TIMESTAMPTZ: st.datetimes(**SPAN, timezones=st.just(UTC)),
    pg.INTERVAL: st.timedeltas(timedelta(days=-99_999), timedelta(days=99_999)),
    pg.UUID: st.uuids(),
    pg.BYTEA: st.binary(),
}
TRANSFORMER = adapt.Transformer()


def loaded(raw: bytes, oid: int, format_: int) -> Any:
    return TRANSFORMER.get_loader(oid, pq.Format(format_)).load(raw)


@pytest.mark.parametrize("format_", [TEXT, BINARY])
@pytest.mark.parametrize("type_", VALUES, ids=lambda type_: type_.name)
def test_what_is_sent_is_read_as_the_same_value(type_: pg.PgType, format_: int):
    @given(VALUES[type_])
    def check(value: Any) -> None:
        found = loaded(encoder(type_, format_)(value), type_.oid, format_)
        if type_ is pg.FLOAT4:  # text has the shortest digits that are the same four bytes
            found = struct.unpack("!f", struct.pack("!f", found))[0]
        assert found == value

    check()


@pytest.mark.parametrize("format_", [TEXT, BINARY])
def test_lists_are_arrays(format_: int):
    hard = ["a", None, "", "NULL", 'q"\\', "a,b", "{}", " x", "ü"]
    for element, values in (
        (pg.TEXT, hard),
        (pg.INT8, [1, None, -3]),
        (pg.FLOAT8, [0.5]),
        (pg.TEXT, []),
    ):
        type_ = pg.ARRAYS[element.oid]
        assert loaded(encoder(type_, format_)(values), type_.oid, format_) == values


def test_numbers_that_are_none_are_called_as_postgresql_does():
    shown = [
        encoder(pg.FLOAT8, TEXT)(value) for value in (math.nan, math.inf, -math.inf, 1.0, 1e20)
    ]
    assert shown == [b"NaN", b"Infinity", b"-Infinity", b"1", b"1e+20"]
    assert encoder(pg.FLOAT4, TEXT)(struct.unpack("!f", struct.pack("!f", 0.1))[0]) == b"0.1"
    assert math.isnan(loaded(encoder(pg.NUMERIC, BINARY)(Decimal("NaN")), pg.NUMERIC.oid, BINARY))


@pytest.mark.parametrize(
    ("type_", "value"),
    [(pg.TIMESTAMP, "290000-01-01 00:00:00"), (pg.TIME, "24:00:00"), (pg.DATE, "5000-01-01 (BC)")],
)
def test_times_beyond_pythons_are_text_and_never_binary(type_: pg.PgType, value: str):
    assert encoder(type_, TEXT)(value) == value.encode()
    with pytest.raises(BadValue, match="ask for text"):
        encoder(type_, BINARY)(value)


def test_a_binary_number_keeps_all_its_digits():
    number = Decimal("-123456789012345678901234567890.12345")
    assert decode(encoder(pg.NUMERIC, BINARY)(number), pg.NUMERIC.oid, BINARY) == number


def test_intervals_look_as_postgresql_prints_them():
    show = encoder(pg.INTERVAL, TEXT)
    assert show(timedelta(0)) == b"00:00:00"
    assert show(timedelta(days=1, hours=2, microseconds=5000)) == b"1 day 02:00:00.005"
    assert show(timedelta(days=-3)) == b"-3 days"
    assert show(-timedelta(seconds=1)) == b"-00:00:01"


def test_what_postgresql_lacks_is_json_or_text():
    nested = {"a": [1.5, math.nan, None], "b": {"c": Decimal("1.5")}, "d": datetime(2026, 1, 2)}
    assert pg.pg_type("MAP(VARCHAR, DOUBLE)") is pg.pg_type("INTEGER[][]") is pg.JSON
    assert encoder(pg.JSON, TEXT)(nested) == (
        b'{"a": [1.5, null, null], "b": {"c": 1.5}, "d": "2026-01-02T00:00:00"}'
    )
    assert pg.pg_type("ENUM('a')") is pg.TEXT
    assert pg.pg_type("ENUM('a')[]") is pg.JSON
    assert pg.pg_type("DECIMAL(18,3)[]") is pg.ARRAYS[pg.NUMERIC.oid]
    assert encoder(pg.TEXT, BINARY)(5) == b"5"
    assert (
        encoder(pg.JSON, BINARY)({"u": UUID(int=1)})
        == b'{"u": "00000000-0000-0000-0000-000000000001"}'
    )


PARAMETERS = [
    True,
    -5,
    2**40,
    1.5,
    Decimal("-12345.678"),
    Decimal(0),
    "text",
    date(2026, 1, 2),
    time(1, 2, 3),
    datetime(2026, 1, 2, 3, 4, 5, 6),
    UUID(int=5),
    b"\0\xff",
]


@pytest.mark.parametrize("format_", [TEXT, BINARY])
@pytest.mark.parametrize("value", PARAMETERS, ids=repr)
def test_parameters_arrive_as_they_were_sent(value: Any, format_: int):
    if value == PARAMETERS[-1] and format_ == TEXT:
        assert decode(b"\\x00ff", pg.BYTEA.oid, TEXT) == Typed(value, "BLOB")
        return
    asked = adapt.PyFormat.BINARY if format_ else adapt.PyFormat.TEXT
    dumper = TRANSFORMER.get_dumper(value, asked)
    found = decode(bytes(dumper.dump(value)), dumper.oid, format_)
    plain = found.value if isinstance(found, Typed) else found
    if isinstance(value, UUID):
        assert UUID(plain) == value
    elif isinstance(plain, str) and not isinstance(value, str):  # the engine reads it
        assert plain in (str(value), value.isoformat() if hasattr(value, "isoformat") else "t")
    else:
        assert plain == value


def test_binary_intervals_and_instants_become_what_the_engine_reads():
    interval = struct.pack("!qii", 5, 2, 1)
    assert decode(interval, pg.INTERVAL.oid, BINARY) == Typed(
        "1 months 2 days 5 microseconds", "INTERVAL"
    )
    instant = struct.pack("!q", 0)
    assert decode(instant, pg.TIMESTAMPTZ.oid, BINARY).value == "2000-01-01T00:00:00Z"
    assert decode(b"\1{}", pg.JSONB.oid, BINARY) == Typed("{}", "JSON")
    assert decode(None, pg.INT4.oid, TEXT) is None
    assert math.isnan(decode(b"NaN", pg.NUMERIC.oid, TEXT))
    assert math.isnan(decode(struct.pack("!hhHh", 0, 0, 0xC000, 0), pg.NUMERIC.oid, BINARY))


@pytest.mark.parametrize("raw", [b'{a,"b c",NULL,"NULL","q\\"\\\\"}', None])
def test_arrays_are_lists_of_the_engine(raw: bytes | None):
    values = ["a", "b c", None, "NULL", 'q"\\']
    type_ = pg.ARRAYS[pg.TEXT.oid]
    given_ = raw or encoder(type_, BINARY)(values)
    assert decode(given_, type_.oid, TEXT if raw else BINARY) == Typed(values, "VARCHAR[]")
    assert decode(b"{}", type_.oid, TEXT).value == decode(bytes(12), type_.oid, BINARY).value == []


@pytest.mark.parametrize(
    ("raw", "type_", "format_"),
    [
        (b"x", pg.INT4, TEXT),
        (b"\0", pg.INT4, BINARY),
        (b"\xff", pg.TEXT, TEXT),
        (b"1.x", pg.NUMERIC, TEXT),
        (b"a", pg.ARRAYS[pg.TEXT.oid], TEXT),
        (struct.pack("!iiI", 2, 0, 25), pg.ARRAYS[pg.TEXT.oid], BINARY),
        (struct.pack("!iiIiii", 1, 0, 25, 9, 1, 5), pg.ARRAYS[pg.TEXT.oid], BINARY),
        (struct.pack("!q", 2**62), pg.TIMESTAMP, BINARY),
    ],
)
def test_what_is_no_value_of_its_type_is_told(raw: bytes, type_: pg.PgType, format_: int):
    with pytest.raises(BadParameterValue):
        decode(raw, type_.oid, format_)


@given(
    raw=st.binary(max_size=60),
    oid=st.sampled_from(sorted(pg.BY_OID)),
    format_=st.sampled_from([0, 1]),
)
def test_any_bytes_are_a_value_or_a_bad_one(raw: bytes, oid: int, format_: int):
    try:
        decode(raw, oid, format_)
    except BadParameterValue as error:
        assert str(error)  # noqa: PT017 - or it is a value


def test_every_type_has_postgresqls_number():
    known = {info.name: (info.oid, info.array_oid) for info in postgres.types}
    for type_ in pg.SCALARS:
        assert known.get(type_.name, (705, 0)) == (type_.oid, type_.array_oid), type_.name
