"""Read the query parameters of our own API; each mistake names its parameter.

What may stand in a summary (measures, groups, orders) is read in asking.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from msgspec import Meta
from starlette.datastructures import QueryParams

from runwell.errors import BadParameter
from runwell.filter import And, Compare, Field, Filter
from runwell.http import Parameter
from runwell.http.shapes import Positive
from runwell.model import Kind
from runwell.query import FIELDS, Group, vocabulary
from runwell.query.asked import read_shown
from runwell.query.nearest import nearest

LISTS = ("fields", "group_by", "summary", "having", "order_by")  # may be given more than once
FIELDS_MAX = 100
LISTED = tuple(name for name in FIELDS if name != "payload")  # unless `fields` is given
SHAPES = ("", "objects")
WORDS = re.compile(r"[\w.]+(\(.*\))?(\s+\w+)+", re.DOTALL)
OPEN, CLOSED, QUOTES = "([{", ")]}", "\"'"
ATTEMPT_MAX = 2**31 - 1
Attempt = Annotated[int, Meta(ge=1, le=ATTEMPT_MAX)]

# A sequence is the name of what runs again and again, a result tells once more of events that are
# there: neither is an event, and nothing lists or counts them.
NO_EVENTS = (Kind.SEQUENCE, Kind.RESULT)
EVENTS = And(tuple(Compare(Field("kind"), "!=", kind) for kind in NO_EVENTS))
FILTER = Parameter("filter", "conditions in CEL over canonical fields, tags, metrics and payload")
KINDS = Parameter(
    "kinds",
    "`all`: also sequences and results, which lists leave out; to move everything",
    Literal["", "all"],
)
LIMIT = Parameter("limit", "most rows to answer", Positive, most="page_max")
SHAPE = Parameter(
    "shape",
    "`objects`: a plain list of flat objects, as Grafana's Infinity reads it",
    Literal["", "objects"],
)


def refuse_unknown(query: QueryParams, known: Iterable[Parameter]) -> None:
    """A parameter that is not there must not be ignored: it would change the answer."""
    names = [parameter.name for parameter in known]
    for name in query:
        if name not in names:
            raise BadParameter(name, f"there is no such parameter{nearest(name, names)}")
        if name not in LISTS and len(query.getlist(name)) > 1:
            raise BadParameter(name, "given more than once")


def read_filter(query: QueryParams) -> Filter:
    """All events, or those that the filter leaves; with `kinds=all` sequences and results too.

    Raises:
        BadExpression: with the place in the filter.
    """
    condition = vocabulary.EVENTS.parse(query.get("filter", ""))
    kinds = And(()) if query.get("kinds") == "all" else EVENTS
    return kinds if condition is None else And((kinds, condition))


def read_int(query: QueryParams, name: str, default: int, most: int) -> int:
    """A whole number from 1 to `most`."""
    text = query.get(name, "")
    if not text:
        return min(default, most)
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not is_number or not 1 <= int(text) <= most:
        raise BadParameter(name, f"a whole number from 1 to {most}, not {text[:40]!r}")
    return int(text)


def read_attempt(query: QueryParams) -> int | None:
    """The number of an attempt, if one was given."""
    return read_int(query, "attempt", 1, ATTEMPT_MAX) if query.get("attempt") else None


def read_list(query: QueryParams, name: str) -> list[str]:
    """Comma-separated and repeated values together; a comma in brackets or quotes parts nothing."""
    return [part for text in query.getlist(name) for part in split_list(text)]


def split_list(text: str) -> list[str]:
    """The parts of a list, without the blanks around them and without empty ones.

    >>> split_list('p95(duration), count(name in ["a", "b"])')
    ['p95(duration)', 'count(name in ["a", "b"])']
    """
    parts, begin, depth, quote = [], 0, 0, ""
    place = 0
    while place < len(text):
        letter = text[place]
        if quote:
            if letter == "\\":
                place += 1
            elif letter == quote:
                quote = ""
        elif letter in QUOTES:
            quote = letter
        elif letter in OPEN:
            depth += 1
        elif letter in CLOSED:
            depth -= 1
        elif letter == "," and depth <= 0:
            parts.append(text[begin:place])
            begin = place + 1
        place += 1
    return [part.strip() for part in (*parts, text[begin:]) if part.strip()]


def read_fields(query: QueryParams, default: Iterable[str]) -> tuple[Field | Group, ...]:
    """The chosen columns of a list: canonical fields, or any value that a filter may name.

    Raises:
        BadQuery: with the nearest name.
    """
    names = dict.fromkeys(read_list(query, "fields") or default)
    if len(names) > FIELDS_MAX:
        raise BadParameter("fields", f"at most {FIELDS_MAX} fields")
    return tuple(read_shown(name, "fields") for name in names)


def read_direction(text: str) -> tuple[str, bool]:
    """`name`, `name asc` or `name desc`: the name, and whether it descends."""
    name, _, last = text.rpartition(" ")
    if last.lower() in ("asc", "desc") and name.strip():
        return name.strip(), last.lower() == "desc"
    if WORDS.fullmatch(text):
        raise BadParameter("order_by", f"a name, then asc or desc, not {text[:80]!r}")
    return text.strip(), False


def read_choice(query: QueryParams, name: str, choices: Sequence[str]) -> str:
    """One of these words, or "" if it is not given and may be missing."""
    text = query.get(name, "")
    if text not in choices:
        listed = ", ".join(repr(choice) for choice in choices if choice)
        raise BadParameter(name, f"takes {listed}, not {text[:40]!r}{nearest(text, choices)}")
    return text


def read_zone(query: QueryParams) -> str:
    """The IANA name of a time zone; "" is UTC."""
    name = query.get("zone", "")
    if name in ("", "UTC"):
        return ""
    known = zone_names()
    if name not in known:
        close = nearest(name, known) or "; it takes an IANA name, as Europe/Berlin"
        raise BadParameter("zone", f"there is no time zone {name[:40]!r}{close}")
    return name


@cache
def zone_names() -> frozenset[str]:
    """Every zone that this machine knows; the engine knows the same but for its own."""
    return frozenset(available_timezones() - {"localtime"})
