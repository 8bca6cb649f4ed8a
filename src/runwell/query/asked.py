"""What may be asked of an event, as people write it: `name`, `tags.team`, `finished - started`."""

from __future__ import annotations

from collections.abc import Sequence

from runwell.errors import BadQuery
from runwell.filter import Expression, Field, Metric, Sort
from runwell.filter.cel import BadExpression
from runwell.query.fields import FIELDS, Type
from runwell.query.summary import Group
from runwell.query.vocabulary import EVENTS

TYPES = {
    Sort.TEXT: Type.TEXT,
    Sort.INTEGER: Type.INTEGER,
    Sort.NUMBER: Type.NUMBER,
    Sort.TIME: Type.TIME,
    Sort.DURATION: Type.DURATION,
    Sort.BOOLEAN: Type.BOOLEAN,
}
SHOWN = (Sort.TEXT, Sort.NUMBER, Sort.INTEGER, Sort.DURATION, Sort.TIME, Sort.BOOLEAN)
SORTED = (Type.TEXT, Type.INTEGER, Type.NUMBER, Type.TIME, Type.DURATION)


def read_value(text: str, sorts: Sequence[Sort], asked: str, place: str) -> tuple[Expression, Sort]:
    """A value in CEL, of one of these types; JSON is read as the first.

    Raises:
        BadQuery: with what was asked and where in it; `place` is the parameter.
    """
    try:
        return EVENTS.parse_value(text, sorts)
    except BadExpression as error:
        raise BadQuery(f"{asked[:200]}: {error.message}", pointer=place) from error


def read_shown(text: str, place: str) -> Field | Group:
    """A column of a list: a canonical field, or any value, named as it was asked for."""
    if text in FIELDS:
        return Field(text)
    expression, sort = read_value(text, SHOWN, text, place)
    return Group(text, expression, TYPES[sort])


def read_sorted(text: str, place: str) -> Field | Metric:
    """What a list may be ordered by: a canonical field with an order, or a metric.

    Raises:
        BadQuery: neither, or a map.
    """
    if text not in FIELDS:
        expression, _ = read_value(text, SHOWN, text, place)
        if not isinstance(expression, Metric):
            raise BadQuery(f"{text[:200]}: a field, or a metric as metrics.NAME", pointer=place)
        return expression
    if FIELDS[text] not in SORTED:
        raise BadQuery(f"{text}: {FIELDS[text]} has no order", pointer=place)
    return Field(text)
