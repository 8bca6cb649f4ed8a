"""Lists of results and records: what to ask, pages, and rows as they travel."""

from __future__ import annotations

from typing import Any, NamedTuple

from starlette.datastructures import QueryParams

from runwell.filter import And, Call, Compare, Constant, Expression, Field, Filter, Or, Sort
from runwell.filter.cel import Environment
from runwell.model import Event, Kind
from runwell.model.event import key_of
from runwell.protocols.base import Services
from runwell.protocols.tekton import paging
from runwell.protocols.tekton.names import ANY, ResultName
from runwell.protocols.tekton.paging import Order, PageToken
from runwell.protocols.tekton.parameters import parameter
from runwell.protocols.tekton.translate import SOURCE
from runwell.protocols.tekton.vocabulary import read_filter
from runwell.query import Order as By
from runwell.query import Select

# The canonical fields behind the names of an order.
COLUMNS = {
    "create_time": "recorded",
    "update_time": "updated",
    "summary.start_time": "started",
    "summary.end_time": "finished",
}
ALWAYS_THERE = ("recorded", "updated")
UID = Field("uid")
LOG_TYPES = ("results.tekton.dev/v1alpha2.Log", "results.tekton.dev/v1alpha3.Log")
# What a page needs to go on; what it shows is read from the ledger, by keys.
FIELDS = ("scope", "id", "uid", *COLUMNS.values())
IS_OURS = Compare(Field("source"), "==", SOURCE)
IS_RESULT = Compare(Field("kind"), "==", Kind.RESULT)
IS_RECORD = Compare(Field("kind"), "!=", Kind.RESULT)


class Page(NamedTuple):
    """One page of a list: its question and how it goes on."""

    select: Select
    size: int
    parent: str
    filter: str
    order: Order | None

    def token_after(self, row: dict[str, Any]) -> str:
        """The token of the page that begins behind this row."""
        value = row[COLUMNS[self.order.field]] if self.order else None
        return paging.to_text(PageToken(self.parent, self.filter, self.order, value, row["uid"]))


async def read_events(services: Services, page: Page) -> tuple[list[Event], str]:
    """The events of a page and the token of the next one.

    Payloads are large, and the ledger finds 50 of them in a fraction of the time in which columns
    do. What was deleted since the question is left out; a page of very large records is shorter.
    """
    rows = (await services.run(page.select)).dicts()
    keys = [key_of(SOURCE, row["scope"], row["id"]) for row in rows[: page.size]]
    found = await services.find_each(keys)
    token = page.token_after(rows[len(found) - 1]) if len(found) < len(rows) else ""
    return [event for event in found if event is not None], token


def records_under(name: ResultName) -> list[Filter]:
    """All records of a parent and a result, each of which may be any."""
    parts: list[Filter] = [IS_OURS, IS_RECORD]
    if name.parent != ANY:
        parts.append(Compare(Field("scope"), "==", name.parent))
    if name.result != ANY:
        parts.append(Compare(Field("chain"), "==", name.result))
    return parts


def results_under(parent: str) -> list[Filter]:
    """All results of a parent, which may be any."""
    parts: list[Filter] = [IS_OURS, IS_RESULT]
    if parent != ANY:
        parts.append(Compare(Field("scope"), "==", parent))
    return parts


def read_page(
    query: QueryParams,
    parent: str,
    where: list[Filter],
    environment: Environment,
    orders: tuple[str, ...],
) -> Page:
    """The page that a query asks for, of what `where` leaves.

    Raises:
        InvalidArgument
    """
    text = parameter(query, "filter") or ""
    size = paging.read_page_size(parameter(query, "page_size"))
    order = paging.read_order(parameter(query, "order_by"), orders)
    condition = read_filter(environment, text)
    token = paging.read_token(parameter(query, "page_token"), parent, text, order)
    parts = [*where, *([condition] if condition is not None else [])]
    if token is not None:
        parts.append(behind(token))
    orders_ = _orders(order, token)
    select = Select(tuple(map(Field, FIELDS)), And(tuple(parts)), orders_, limit=size + 1)
    return Page(select, size, parent, text, order)


def _orders(order: Order | None, token: PageToken | None) -> tuple[By, ...]:
    """As PostgreSQL orders: what is missing comes first if it descends, else last."""
    if order is None:
        return (By(UID),)
    column, descending = COLUMNS[order.field], order.is_descending
    if column in ALWAYS_THERE:
        by = By(Field(column), descending, start=token.value if token else None)
    else:
        by = By(Field(column), descending, missing_first=descending)
    return by, By(UID, descending)


def behind(token: PageToken) -> Filter:
    """The rows behind the last one of a page."""
    if token.order is None:
        return Compare(UID, ">", token.uid)
    column = Field(COLUMNS[token.order.field])
    descending = token.order.is_descending
    further = Compare(UID, "<" if descending else ">", token.uid)
    missing = Call("is_null", (column,))
    if token.value is None:
        same = And((missing, further))
        return Or((same, Call("not", (missing,)))) if descending else same
    beyond = Compare(column, "<" if descending else ">", token.value)
    same = And((Compare(column, "==", token.value), further))
    return Or((beyond, same)) if descending else Or((beyond, same, missing))


def is_log() -> Expression:
    """Records that tell of a log."""
    return Call("one_of", (Field("event_type"), Constant(LOG_TYPES, Sort.TEXTS)))
