"""One protocol over a dictionary: what a handler gets without a store, a socket or a token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import Headers, QueryParams

from runwell.config import Config
from runwell.errors import Error
from runwell.filter import Field, Operand, Tag, matches
from runwell.filter.match import values
from runwell.http import Answer, Call
from runwell.http.router import Router
from runwell.ingest import check_writes
from runwell.model import Event, Write, Written
from runwell.model.event import key_of
from runwell.observe import Counters
from runwell.protocols.base import Protocol, Services
from runwell.query import FIELDS, Column, Count, Query, Rows, Select
from runwell.store.ledger.fold import fold, keys_of
from runwell.streams import Streams


class FakeServer:
    """Routes, handles and words errors as the gate does; keeps events in the order of arrival."""

    def __init__(self, protocol: Protocol, **settings: Any) -> None:
        self.protocol = protocol
        self.config = Config(**settings)
        self.events: dict[bytes, Event] = {}
        self.endpoints = protocol.endpoints(
            Services(
                self.config,
                self.accept,
                self.run,
                self.find,
                self.find_each,
                Streams(self.config, Counters(), 0),
            )
        )
        self.router = Router(self.endpoints)

    def ask(
        self, method: str, address: str, body: Any = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """One request; a body that is not bytes is sent as JSON."""
        path, _, query = address.partition("?")
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            endpoint, params = self.router.find(method, path)
            call = Call(path, params, QueryParams(query), Headers(headers), content)
            return asyncio.run(endpoint.handle(call))
        except Error as error:
            return self.protocol.render_error(error)

    async def accept(self, writes: Sequence[Write]) -> list[Written]:
        """Apply the rules to all writes or to none."""
        check_writes(writes, self.config)
        keys = keys_of([writes])
        folded = fold([writes], keys, self.events, self._owned())
        (answer,) = folded.answers
        if isinstance(answer, Error):
            raise answer
        for key, event in folded.changed.items():
            if event is None:
                del self.events[key]
            else:
                self.events[key] = event
        return answer

    def _owned(self) -> dict[bytes, list[bytes]]:
        owned: dict[bytes, list[bytes]] = {}
        for key, event in self.events.items():
            if event.owner:
                owner = key_of(event.source, event.scope, event.owner)
                owned.setdefault(owner, []).append(key)
        return owned

    async def find_each(self, keys: Sequence[bytes]) -> list[Event | None]:
        """Point reads."""
        return [self.events.get(key) for key in keys]

    async def find(self, key: bytes) -> Event | None:
        """A dictionary lookup."""
        return self.events.get(key)

    async def run(self, query: Query) -> Rows:
        """Lists and counts."""
        if isinstance(query, Count):
            return Rows((Column("count", "integer"),), [(len(self._rows(query.of)),)])
        assert isinstance(query, Select), "summaries are not faked"
        end = None if query.limit is None else query.offset + query.limit
        names = [getattr(operand, "name", "") for operand in query.fields]
        columns = tuple(Column(name, FIELDS.get(name, "")) for name in names)
        return Rows(columns, self._rows(query)[query.offset : end])

    def _rows(self, select: Select) -> list[tuple[Any, ...]]:
        everything = list(self.events.values())
        found = [
            event
            for event in everything
            if select.where is None or matches(select.where, event, everything)
        ]
        arrival = {event.key: number for number, event in enumerate(everything)}
        for order in reversed(select.order):

            def sort_values(event: Event, by: Operand = order.by) -> list[Any]:
                return [arrival[event.key]] if by == Field("arrival") else values(by, event)

            there = [event for event in found if sort_values(event)]
            there.sort(key=sort_values, reverse=order.descending)
            found = there + [event for event in found if not sort_values(event)]
        rows = [tuple(_cell(operand, event) for operand in select.fields) for event in found]
        return _once_each(rows) if select.distinct else rows


def _cell(operand: Operand, event: Event) -> Any:
    if operand == Field("arrival"):
        return 0
    if operand == Field("time"):
        return event.started or event.created or 0
    found = values(operand, event)
    return found if isinstance(operand, Tag) else next(iter(found), None)


def _once_each(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row for index, row in enumerate(rows) if row not in rows[:index]]
