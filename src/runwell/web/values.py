"""Row values as our own API shows them: RFC 3339 times, durations in seconds, payloads as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from runwell.http import Answer
from runwell.model.times import to_iso
from runwell.query import Column, Rows, Type

MICROSECONDS = 1_000_000
INT64 = 2**63
ROWS_AT_ONCE = 200  # about a millisecond


async def rendered(rows: int, render: Callable[[], Answer]) -> Answer:
    """An answer made of so many rows; of many in a thread, since other requests would wait."""
    if rows < ROWS_AT_ONCE:
        return render()
    return await asyncio.to_thread(render)


def show_rows(rows: Rows, zone: str = "", buckets: Collection[str] = ()) -> list[dict[str, Any]]:
    """Each row as an object by column names; `buckets` are shown by the clock of the zone."""
    names = [column.name for column in rows.columns]
    shows = [_show_of(column) for column in rows.columns]
    if zone:
        shows = [
            in_zone(zone) if name in buckets else show
            for name, show in zip(names, shows, strict=True)
        ]
    return [
        {name: show(value) for name, show, value in zip(names, shows, row, strict=True)}
        for row in rows.rows
    ]


def show_value(type_: str, value: Any) -> Any:
    """One value of this type."""
    return _show_of(Column("", type_))(value)


def in_zone(zone: str) -> Callable[[int | None], str | None]:
    """Shows instants with the offset that the zone has then."""
    clock = ZoneInfo(zone)
    return lambda us: to_iso(us, clock)


def _show_of(column: Column) -> Any:
    match column.type:
        case Type.TIME:
            return to_iso
        case Type.DURATION:
            return seconds
        case Type.JSON:
            return embedded
        case Type.INTEGER:
            return whole
        case _:
            return lambda value: value


def seconds(us: float | None) -> float | None:
    """Microseconds as seconds."""
    return None if us is None else us / MICROSECONDS


def whole(number: float | None) -> float | None:
    """A whole number as JSON's readers have it: past 64 bits as a float."""
    if isinstance(number, int) and not -INT64 <= number < INT64:
        return float(number)
    return number


def embedded(text: str | None) -> msgspec.Raw | None:
    """JSON text as part of a larger JSON text, as it stands."""
    return None if text is None else msgspec.Raw(text.encode())


def show_sql_rows(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Rows of an SQL answer with values that JSON has."""
    return [[plain(value) for value in row] for row in rows]


def plain(value: Any) -> Any:  # noqa: PLR0911 - a case for each kind of value
    """Any value of an engine as JSON has it; what JSON cannot say becomes text."""
    match value:
        case None | bool() | str() | float():
            return value
        case int():
            return value if -INT64 <= value < INT64 else str(value)
        case datetime():
            return (
                (value if value.tzinfo else value.replace(tzinfo=UTC))
                .isoformat()
                .replace("+00:00", "Z")
            )
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return float(value)
        case bytes():
            return value.hex()
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return str(value)
