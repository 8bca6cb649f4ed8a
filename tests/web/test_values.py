"""Values as JSON has them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOON_US

from runwell.query import Column, Rows, Type
from runwell.web.values import plain, show_rows, show_sql_rows


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (2**63, "9223372036854775808"),
        (-(2**63) - 1, "-9223372036854775809"),
        (datetime.fromisoformat("2026-01-01"), "2026-01-01T00:00:00Z"),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00Z"),
        (datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1))), "2026-01-01T00:00:00+01:00"),
        (date(2026, 1, 1), "2026-01-01"),
        (time(1, 2, 3, 4), "01:02:03.000004"),
        (timedelta(days=1, microseconds=1), 86400.000001),
        (Decimal("1.50"), 1.5),
        (b"\x00\xff", "00ff"),
        ({1: date(2026, 1, 1), (2,): [b"a"]}, {"1": "2026-01-01", "(2,)": ["61"]}),
        ((1, [2, (3,)]), [1, [2, [3]]]),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_a_value_is_shown_as_json_has_it(value: Any, shown: Any):
    assert plain(value) == shown
    assert show_sql_rows([(value,), (value, value)]) == [[shown], [shown, shown]]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_what_json_has_is_shown_as_it_is(value: Any):
    assert json.loads(msgspec.json.encode(plain(value))) == value


def test_rows_are_shown_in_the_units_of_the_wire():
    columns = [
        Column("t", Type.TIME),
        Column("d", Type.DURATION),
        Column("p", Type.JSON),
        Column("n", Type.NUMBER),
    ]
    rows = [(NOON_US, 1, '{"a" : 1.0}', 1.5), (None, None, None, None), (0, 0, "null", 0.0)]
    shown = msgspec.json.encode(show_rows(Rows(tuple(columns), rows))).decode()
    assert shown == (
        '[{"t":"2026-01-01T12:00:00Z","d":1e-6,"p":{"a" : 1.0},"n":1.5},'
        '{"t":null,"d":null,"p":null,"n":null},'
        '{"t":"1970-01-01T00:00:00Z","d":0.0,"p":null,"n":0.0}]'
    )
