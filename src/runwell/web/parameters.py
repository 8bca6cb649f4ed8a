"""Read the query parameters of our own API; each mistake names its parameter."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from starlette.datastructures import QueryParams

from runwell.errors import BadParameter
from runwell.filter import And, Compare, Field, Filter
from runwell.http import Parameter
from runwell.model import Bucket, Kind
from runwell.query import FIELDS, MEASURES, TimeBucket, Type, vocabulary

GROUPS_MAX = 4
LISTS = ("fields", "group_by", "summary")  # may be given more than once
ATTEMPT_MAX = 2**31 - 1

# A sequence is the name of what runs again and again, a result tells once more of events that are
# there: neither is an event, and nothing lists or counts them.
NO_EVENTS = (Kind.SEQUENCE, Kind.RESULT)
EVENTS = And(tuple(Compare(Field("kind"), "!=", kind) for kind in NO_EVENTS))
FILTER = Parameter("filter", "conditions in CEL over canonical fields, tags, metrics and payload")
LIMIT = Parameter("limit", "most rows to answer", int)


def refuse_unknown(query: QueryParams, known: Iterable[Parameter]) -> None:
    """A parameter that is not there must not be ignored: it would change the answer."""
    names = [parameter.name for parameter in known]
    for name in query:
        if name not in names:
            raise BadParameter(name, f"there is no such parameter{nearest(name, names)}")
        if name not in LISTS and len(query.getlist(name)) > 1:
            raise BadParameter(name, "given more than once")


def read_filter(query: QueryParams) -> Filter:
    """All events, or those that the filter leaves.

    Raises:
        BadExpression: with the place in the filter.
    """
    condition = vocabulary.EVENTS.parse(query.get("filter", ""))
    return EVENTS if condition is None else And((EVENTS, condition))


def nearest(name: str, names: Iterable[str]) -> str:
    """`; did you mean ...?` if some name is close."""
    close = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


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
    """Comma-separated and repeated values together."""
    return [
        part.strip() for text in query.getlist(name) for part in text.split(",") if part.strip()
    ]


def read_fields(query: QueryParams, default: Iterable[str]) -> tuple[Field, ...]:
    """The chosen columns of a list."""
    names = read_list(query, "fields") or list(default)
    for name in names:
        if name not in FIELDS:
            raise BadParameter("fields", f"there is no field {name[:80]!r}{nearest(name, FIELDS)}")
    return tuple(map(Field, dict.fromkeys(names)))


def read_measures(query: QueryParams) -> tuple[str, ...]:
    """The chosen measures; all of them if none is."""
    names = read_list(query, "summary") or list(MEASURES)
    for name in names:
        if name not in MEASURES:
            raise BadParameter(
                "summary", f"there is no measure {name[:80]!r}{nearest(name, MEASURES)}"
            )
    return tuple(dict.fromkeys(names))


def read_groups(query: QueryParams) -> tuple[Field | TimeBucket, ...]:
    """`pipeline`, `day` or `day started`."""
    words = read_list(query, "group_by")
    if len(words) > GROUPS_MAX:
        raise BadParameter("group_by", f"at most {GROUPS_MAX} groups")
    groups = tuple(_group(text) for text in dict.fromkeys(words))
    buckets = [group.bucket for group in groups if isinstance(group, TimeBucket)]
    if len(set(buckets)) < len(buckets):
        raise BadParameter("group_by", "the same bucket of two times: there is one column for it")
    return groups


def _group(text: str) -> Field | TimeBucket:
    name, _, field = text.partition(" ")
    if name in set(Bucket):
        return TimeBucket(Bucket(name), _time_field(field.strip() or "time"))
    if name in FIELDS and not field:
        return Field(name)
    raise BadParameter(
        "group_by", f"there is no group {text[:80]!r}{nearest(name, [*FIELDS, *map(str, Bucket)])}"
    )


def _time_field(name: str) -> str:
    times = [field for field, type_ in FIELDS.items() if type_ is Type.TIME]
    if name not in times:
        raise BadParameter("group_by", f"{name[:80]!r} is not a time{nearest(name, times)}")
    return name


def read_order(query: QueryParams) -> tuple[str, bool]:
    """`name`, `name asc` or `name desc`: the name ("" if not given) and whether it descends."""
    words = query.get("order_by", "").split()
    if not words:
        return "", False
    direction = words[1].lower() if len(words) == 2 else "asc"  # noqa: PLR2004 - a name and a direction
    if len(words) > 2 or direction not in ("asc", "desc"):  # noqa: PLR2004
        raise BadParameter("order_by", "a name, then asc or desc")
    return words[0], direction == "desc"
