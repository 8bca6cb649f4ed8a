"""Numbers as the original's PostgreSQL took them: text that is a number, and fractions rounded."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from runwell.protocols.pipeline_metrics.errors import BadField

INT4 = 2**31
INT8 = 2**63
TEXT_CHARS_MAX = 40


def read_seconds(field: str, value: float | str | None) -> int | None:
    """An int4 number of seconds; null stays null.

    >>> read_seconds("duration", "97"), read_seconds("duration", 97.5)
    (97, 98)
    """
    return None if value is None else _read(field, value, INT4)


def read_id(field: str, value: int | str) -> int:
    """An int8 number (the original had int4)."""
    return _read(field, value, INT8)


def _read(field: str, value: float | str, bound: int) -> int:
    if isinstance(value, str) and len(value) > TEXT_CHARS_MAX:
        raise BadField(field, "not a number")
    try:
        exact = Decimal(str(value).strip())
        # numeric -> integer rounds half away from zero (PostgreSQL 15, 8.1.2)
        number = (
            int(exact.to_integral_value(ROUND_HALF_UP))
            if exact.adjusted() < TEXT_CHARS_MAX
            else bound
        )
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise BadField(field, f"not a number: {str(value)[:TEXT_CHARS_MAX]!r}") from error
    if not -bound <= number < bound:
        raise BadField(field, f"out of range: {str(value)[:TEXT_CHARS_MAX]}")
    return number
