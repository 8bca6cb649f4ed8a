"""Counts and pages as answers: what every list route of this API does once its filter is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from runwell.filter import Field, Filter, Operand
from runwell.http import Answer, Call, json_answer
from runwell.protocols.base import Services
from runwell.protocols.pytest_monitor import wire
from runwell.protocols.pytest_monitor.pages import Page, find_page, neighbours, page_size
from runwell.protocols.pytest_monitor.translate import read_context, read_metric, read_session
from runwell.query import Count, Order, Rows, Select, count_events

STORED = (Field("payload"), Field("chain"))
NOTHING = Answer(204)


class Lists:
    """The list routes' common work, over the services."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def count(self, where: Filter) -> Answer:
        """`{"count": n}`."""
        rows = await self._services.run(count_events(where))
        return json_answer(wire.CountAnswer(rows.scalar()))

    async def count_distinct(self, field: str, where: Filter) -> Answer:
        """`{"count": n}` of different values."""
        rows = await self._services.run(Count(Select((Field(field),), where, distinct=True)))
        return json_answer(wire.CountAnswer(rows.scalar()))

    async def metrics(self, call: Call, where: Filter) -> Answer:
        """A page of metrics."""
        return await self._page(call, Select(STORED, where), wire.MetricPage, metrics_of)

    async def contexts(self, call: Call, where: Filter) -> Answer:
        """A page of contexts."""
        return await self._page(call, Select(STORED, where), wire.ContextPage, contexts_of)

    async def sessions(self, call: Call, where: Filter) -> Answer:
        """A page of sessions."""
        return await self._page(call, Select(STORED, where), wire.SessionPage, sessions_of)

    async def components(self, call: Call, where: Filter) -> Answer:
        """A page of component names."""
        select = Select((Field("component"),), where, distinct=True)
        return await self._page(call, select, wire.ComponentPage, Rows.first)

    async def _page(
        self,
        call: Call,
        select: Select,
        shape: Callable[..., Any],
        read: Callable[[Rows], list[Any]],
    ) -> Answer:
        """A page in its envelope; an empty list is 204 without a body."""
        page, rows = await self._read(call, select)
        if page is None:
            return NOTHING
        before, after = neighbours(call, page)
        return json_answer(shape(read(rows), page.of, before, after))

    async def named(
        self,
        call: Call,
        select: Select,
        name: str,
        read: Callable[[Rows], list[Any]],
        *,
        empty: Answer | None = None,
    ) -> Answer:
        """A page of the pipeline family: holds the path's names; absent addresses are null."""
        page, rows = await self._read(call, select)
        if page is None and empty is not None:
            return empty
        before, after = neighbours(call, page) if page else (None, None)
        pages = page.of if page else 0
        fields: dict[str, Any] = {**call.params, name: read(rows)}
        return json_answer(wire.PipelinePage(before, after, pages, **fields))

    async def _read(self, call: Call, select: Select) -> tuple[Page | None, Rows]:
        config = self._services.config
        size = page_size(call, config.pytest_monitor_page, config.page_max)
        total = (await self._services.run(Count(select))).scalar()
        if not total:
            return None, Rows((), [])
        page = find_page(call.query.get("page"), total, size)
        return page, await self._services.run(_window(select, page))

    async def extremes(self, where: Filter, by: Operand, count: int, *, largest: bool) -> Answer:
        """The `count` metrics with the largest or smallest value, not paged."""
        select = Select(STORED, where, (Order(by, descending=largest),), limit=count)
        rows = await self._services.run(select)
        if not rows.rows:
            return NOTHING
        return json_answer(wire.PipelinePage(None, None, 1, metrics=metrics_of(rows)))


def _window(select: Select, page: Page) -> Select:
    return dataclasses.replace(select, limit=page.size, offset=page.offset)


def metrics_of(rows: Rows) -> list[wire.Metric]:
    """Stored metrics as they are answered."""
    return [read_metric(*row) for row in rows.rows]


def contexts_of(rows: Rows) -> list[wire.ContextAnswer]:
    """Stored contexts as they are answered."""
    return [read_context(*row) for row in rows.rows]


def sessions_of(rows: Rows) -> list[wire.SessionAnswer]:
    """Stored sessions as they are answered."""
    return [read_session(*row) for row in rows.rows]


def tag_values_of(rows: Rows) -> list[str]:
    """The single value of a tag in each row."""
    return [values[0] for values in rows.first()]
