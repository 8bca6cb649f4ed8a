"""A short list in the order of a time or number: looked for among the first rows of that order.

"The newest 50 that ..." is mostly found among the newest few ten thousand, whose place the engine
knows from the borders of its row groups. Only if too few are there all rows are looked through: the
answer is the same either way.
"""

from __future__ import annotations

from dataclasses import replace

from runwell.filter import And, Compare, Field
from runwell.filter.tree import Operator
from runwell.query import FIELDS, Order, Query, Select, Type

ROWS = 40_000  # among which a short list is looked for first
LIMIT_MAX = 1_000
WORTHWHILE = 4 * ROWS  # with fewer rows everything is as quick


def first_order(query: Query, rows: int) -> Order | None:
    """The order whose first rows are worth a look, if this is a short list of many rows."""
    if not isinstance(query, Select) or not query.order or query.distinct or query.offset:
        return None
    order = query.order[0]
    is_plain = isinstance(order.by, Field) and _is_spread(order.by.name)
    if query.limit is None or query.limit > LIMIT_MAX or rows < WORTHWHILE:
        return None
    return order if is_plain and not order.missing_first else None


def _is_spread(name: str) -> bool:
    """Whether its values are many and mostly in the order of the rows."""
    return FIELDS.get(name) is Type.TIME or name in ("seq", "arrival")


def edge_query(order: Order) -> Select:
    """Asks for the value at which the first ROWS rows of this order end."""
    assert isinstance(order.by, Field)
    return Select((order.by,), None, (order,), limit=1, offset=ROWS)


def among_first(query: Select, order: Order, edge: int) -> Select:
    """The same list of the rows up to this value of its order."""
    assert isinstance(order.by, Field)
    compare: Operator = ">=" if order.descending else "<="
    near = Compare(order.by, compare, edge)
    return replace(query, where=near if query.where is None else And((near, query.where)))
