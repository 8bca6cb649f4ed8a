"""Which events have come to the end of their time: the question to the columns. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from runwell.filter import Among, And, Call, Compare, Field, Filter, Not, OneOf, Or
from runwell.model import Kind, Status
from runwell.query import Having, Order, Select, Summary

UNFINISHED = (Status.QUEUED, Status.RUNNING)
# What must still be true of an event when it is taken, and where its row says it.
SAME = ("kind", "status", "created", "started", "finished", "updated", "duration")
FIELDS = (*SAME, "scope", "id", "attempt", "seq", "arrival", "received", "time")
# A name or what is told once more: nothing counts it, so nothing of it needs to stay.
UNCOUNTED = (Kind.SEQUENCE, Kind.RESULT)


class Ages(NamedTuple):
    """Before which time an event is too old: one that is over, and one that is not."""

    over: int
    unfinished: int | None  # None: it stays until it is over


def pairs_query() -> Select:
    """Asks which sources and kinds there are."""
    return Select((Field("source"), Field("kind")), distinct=True)


def aged_query(
    source: str, kinds: Sequence[str], ages: Ages, needed: Filter | None, limit: int | None
) -> Select:
    """Asks for the oldest events of a source that are too old and that nothing needs.

    What an event names as the root of its chain stays as long as that event does, and so do the
    attempts of an id until the last of them is too old. `needed` is what else stays.
    """
    same = Compare(Field("source"), "==", source)
    parts: list[Filter] = [
        same,
        OneOf(Field("kind"), tuple(kinds)),
        _too_old(ages),
        Not(Among(Field("id"), Field("chain"), And((same, _names_another())))),
        Not(Among(Field("id"), Field("id"), And((same, _is_repeated(), Not(_too_old(ages)))))),
    ]
    if needed is not None:
        parts.append(Not(needed))
    order = (Order(Field("time")),)
    return Select(tuple(map(Field, FIELDS)), And(tuple(parts)), order, limit=limit)


def _names_another() -> Filter:
    return Call("ne", (Field("chain"), Field("id")))


def _is_repeated() -> Filter:
    return Compare(Field("attempt"), ">", 1)


def _too_old(ages: Ages) -> Filter:
    is_unfinished = OneOf(Field("status"), UNFINISHED)
    over = And((Not(is_unfinished), Compare(Field("time"), "<", ages.over)))
    if ages.unfinished is None:
        return over
    before = min(ages.over, ages.unfinished)
    return Or((over, And((is_unfinished, Compare(Field("time"), "<", before)))))


def repeated_query(source: str, first: int, last: int) -> Summary:
    """Asks for arrivals that count twice: an event that came again, and what was rolled up of it.

    The ledger knows a removed event by its key for a while, so that it arrives under its number.
    """
    where = And(
        (
            Compare(Field("source"), "==", source),
            Compare(Field("arrival"), ">=", first),
            Compare(Field("arrival"), "<=", last),
        )
    )
    twice = (Having("total", ">=", 2),)
    return Summary(("total",), (Field("arrival"),), where, having=twice)
