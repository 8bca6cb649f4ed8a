"""The parts of a summary, read from its query: measures, groups, conditions on groups, orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from starlette.datastructures import QueryParams

from runwell.errors import BadParameter, BadQuery
from runwell.filter import Field, Sort
from runwell.http import Parameter
from runwell.model import Bucket
from runwell.query import FIELDS, MEASURES, Group, Having, Measure, TimeBucket, Type
from runwell.query.asked import TYPES, read_value
from runwell.query.measures import read_having, read_measure, tidy
from runwell.query.nearest import nearest
from runwell.web.parameters import read_direction, read_list, read_zone

GROUPS_MAX = 4
MEASURES_MAX = 50
HAVING_MAX = 20
BUCKETS = tuple(map(str, Bucket))
TIMES = tuple(name for name, type_ in FIELDS.items() if type_ is Type.TIME)
MANY = (Type.TAGS, Type.METRICS, Type.LINKS, Type.JSON)  # more than one value
# JSON is read as a text.
GROUPED = (Sort.TEXT, Sort.INTEGER, Sort.BOOLEAN, Sort.NUMBER, Sort.DURATION, Sort.TIME)

SUMMARY = Parameter(
    "summary",
    "comma-separated measures: `total`, a status, `p95(duration)`, `avg(metrics.NAME)`, "
    "`rate(CONDITION)` ...",
)
GROUP_BY = Parameter(
    "group_by",
    "comma-separated: a field, `tags.NAME`, `payload.a.b`, any CEL expression, or a bucket: "
    f"{', '.join(BUCKETS)}, each also of another time: `day started`",
)
HAVING = Parameter("having", "comma-separated conditions on groups: `total >= 10`")
ORDER_BY = Parameter("order_by", "comma-separated measures or groups, each with asc or desc")
ZONE = Parameter("zone", "IANA time zone by whose clock buckets begin; UTC if not given")

Groups = tuple[Field | TimeBucket | Group, ...]
Measures = Mapping[str, Measure]


def read_measures(query: QueryParams, default: Iterable[str] = MEASURES) -> Measures:
    """The chosen measures by the names of their columns.

    Raises:
        BadQuery: with the nearest name.
    """
    names = dict.fromkeys(tidy(text) for text in read_list(query, "summary") or default)
    if len(names) > MEASURES_MAX:
        raise BadParameter("summary", f"at most {MEASURES_MAX} measures")
    return {name: read_measure(name) for name in names}


def read_groups(query: QueryParams) -> Groups:
    """`pipeline`, `tags.team`, `day` or `day started`.

    Raises:
        BadQuery: with the nearest name.
    """
    words = dict.fromkeys(read_list(query, "group_by"))
    if len(words) > GROUPS_MAX:
        raise BadParameter("group_by", f"at most {GROUPS_MAX} groups")
    zone = read_zone(query)
    groups = tuple(read_group(text, zone) for text in words)
    names = [group.name for group in groups]
    if len(set(names)) < len(names):
        raise BadParameter("group_by", "the same bucket of two times: there is one column for it")
    return groups


def read_group(text: str, zone: str = "") -> Field | TimeBucket | Group:
    """One group."""
    name, _, field = text.partition(" ")
    if name in BUCKETS and (not field or field.strip().isidentifier()):
        return TimeBucket(Bucket(name), read_time_field(field.strip() or "time"), zone)
    if FIELDS.get(text) in MANY:
        raise BadParameter("group_by", f"one value of it, as {text}.NAME")
    if text in FIELDS:
        return Field(text)
    if text.replace(" ", "_").isidentifier():
        close = nearest(name, BUCKETS) or nearest(text, [*FIELDS, *BUCKETS])
        raise BadParameter("group_by", f"there is no group {text[:80]!r}{close}")
    expression, sort = read_value(text, GROUPED, text, "group_by")
    return Group(text, expression, TYPES[sort])


def check_columns(names: Iterable[str]) -> None:
    """A group and a measure of one name, as `queued`, would be one column of the answer.

    Raises:
        BadParameter: there are two of a name.
    """
    found: set[str] = set()
    for name in names:
        if name in found:
            raise BadParameter(
                "group_by",
                f"there would be two columns {name!r}: group by another value, or write the "
                """measure another way, as `count(status == "queued")`""",
            )
        found.add(name)


def read_time_field(name: str, place: str = "group_by") -> str:
    """The name of a time field."""
    if name not in TIMES:
        raise BadParameter(place, f"{name[:80]!r} is not a time{nearest(name, TIMES)}")
    return name


class Conditions(NamedTuple):
    """Conditions on groups, and the measures in them."""

    having: tuple[Having, ...]
    measures: Measures


def read_conditions(query: QueryParams) -> Conditions:
    """`having`: any measures, also those that are not shown.

    Raises:
        BadQuery: not of the form, or an unknown measure.
    """
    texts = read_list(query, "having")
    if len(texts) > HAVING_MAX:
        raise BadParameter("having", f"at most {HAVING_MAX} conditions")
    asked = [read_having(text) for text in texts]
    return Conditions(
        tuple(one.having for one in asked), {one.having.measure: one.measure for one in asked}
    )


def read_orders(query: QueryParams, known: Iterable[str]) -> tuple[tuple[str, bool], ...]:
    """`order_by`: names that are asked for, and whether they descend."""
    names = list(known)
    orders = []
    for text in read_list(query, "order_by"):
        name, descending = read_direction(text)
        if tidy(name) not in names:
            raise BadQuery(
                f"order_by: {name[:80]!r} is not asked for{nearest(name, names)}",
                pointer="order_by",
            )
        orders.append((tidy(name), descending))
    return tuple(orders)
