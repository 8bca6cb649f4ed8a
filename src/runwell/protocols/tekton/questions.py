"""What a summary asks for: measures, groups and their order, read from its query. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple, cast, get_args

from runwell.protocols.tekton.errors import InvalidArgument

Measure = Literal[
    "total",
    "succeeded",
    "failed",
    "cancelled",
    "running",
    "others",
    "last_runtime",
    "avg_duration",
    "min_duration",
    "max_duration",
    "total_duration",
]
TimeUnit = Literal["minute", "hour", "day", "week", "month", "year"]
Place = Literal["namespace", "pipeline", "repository"]
TimeField = Literal["creationTimestamp", "startTime", "completionTime"]

MEASURES: tuple[Measure, ...] = get_args(Measure)
TIME_UNITS: tuple[TimeUnit, ...] = get_args(TimeUnit)
PLACES: tuple[Place, ...] = get_args(Place)
# The default, creationTimestamp, cannot be named.
NAMED_FIELDS: tuple[TimeField, ...] = ("startTime", "completionTime")
DIRECTIONS = ("ASC", "asc", "DESC", "desc")


class Group(NamedTuple):
    """Groups by the unit that a time falls into, or by a text: `ns`, `ns/pipeline`, `ns/repo`.

    `field`: which of the object's times; None for a text.
    """

    unit: TimeUnit | Place
    field: TimeField | None


class SummaryOrder(NamedTuple):
    """The measure that orders the groups."""

    measure: Measure
    is_descending: bool


def read_summary(text: str | None) -> tuple[Measure, ...]:
    """The measures, each once, as asked for; `total` if there are none.

    Raises:
        InvalidArgument: names the first that is none; a blank after a comma belongs to it.
    """
    asked = (text or "").strip()
    names = asked.split(",") if asked else ["total"]
    for name in names:
        if name not in MEASURES:
            raise InvalidArgument(f"invalid aggregate query: {name}", pointer="summary")
    return tuple(cast("Measure", name) for name in dict.fromkeys(names))


def read_group(text: str | None) -> Group | None:
    """What to group by: `day`, `day startTime`, `pipeline`; None if nothing was given.

    Raises:
        InvalidArgument: names the second word if only that is wrong, else the whole.
    """
    asked = (text or "").strip()
    match asked.split(" "):
        case [""]:
            return None
        case [place] if place in PLACES:
            return Group(place, None)
        case [unit] if unit in TIME_UNITS:
            return Group(unit, "creationTimestamp")
        case [unit, field] if unit in TIME_UNITS:
            if field not in NAMED_FIELDS:
                raise _unknown_group(field)
            return Group(unit, field)
    raise _unknown_group(asked)


def read_order(text: str | None, measures: tuple[Measure, ...]) -> SummaryOrder | None:
    """A measure of the summary and a direction, in either order; None if nothing was given.

    The documentation has `DESC total`, the original takes only `total DESC`; both are one here.
    It is read only where there are groups; without them the original does not look at it.

    Raises:
        InvalidArgument
    """
    asked = (text or "").strip()
    match asked.split(" "):
        case [""]:
            return None
        case [name, direction] if direction in DIRECTIONS:
            pass
        case [direction, name] if direction in DIRECTIONS:
            pass
        case _:
            raise InvalidArgument(f"order_by does not recognize {asked}", pointer="order_by")
    if name not in measures:
        problem = f"field name {name} is not allowed, must be one of summary"
        raise InvalidArgument(problem, pointer="order_by")
    return SummaryOrder(name, is_descending=direction.upper() == "DESC")


def _unknown_group(text: str) -> InvalidArgument:
    return InvalidArgument(f"group_by does not recognize {text}", pointer="group_by")
