"""Lists of events and their counts."""

from __future__ import annotations

from dataclasses import dataclass

from runwell.filter import Field, Filter, Operand
from runwell.query.summary import Group


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by one operand; events that lack it come last either way, unless first is asked for.

    `start`: what comes before this value in the order is not asked for.
    """

    by: Operand
    descending: bool = False
    missing_first: bool = False
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Select:
    """Some columns of the events where `where` holds; a Group is what an expression gives.

    Without an order: the order of arrival. With `distinct`: each different row once, in the order
    in which it arrived first.
    """

    fields: tuple[Operand | Group, ...]
    where: Filter | None = None
    order: tuple[Order, ...] = ()
    distinct: bool = False
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows a list would have without its limit and offset."""

    of: Select


def count_events(where: Filter | None) -> Count:
    """How many events there are where `where` holds."""
    return Count(Select((Field("arrival"),), where))
