"""What one connection has said so far, and the answer to what it says next. No socket here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from runwell.errors import BadQuery, Error, InternalError
from runwell.observe import Counters, log, told
from runwell.pgwire import messages as wire
from runwell.pgwire.commands import Commands, Done, Forgets, has_rows
from runwell.pgwire.complaints import Complained, complaint
from runwell.pgwire.messages import Complaint
from runwell.pgwire.portals import (
    Portal,
    Prepared,
    check_columns,
    describe_fields,
    fits,
    size_of,
    spread,
)
from runwell.pgwire.settings import Refused, Settings
from runwell.pgwire.statements import Kind, Statement, classify, split
from runwell.pgwire.types import BadParameterValue, decode
from runwell.query import Column, Rows
from runwell.store.catalog.pg_types import TEXT, UNKNOWN, engine_type
from runwell.store.columns.base import Described

PROTOCOL = "postgresql"  # as the metrics call it
Send = Callable[[bytes], Awaitable[None]]
T = TypeVar("T")


class Asking(Protocol):
    """How questions are asked."""

    async def ask(self, text: str, params: Sequence[Any]) -> Rows:
        """The answer. Raises Error."""

    async def describe(self, text: str, known: Sequence[str]) -> Described:
        """What a question takes and answers. Raises Error."""

    def close(self) -> None:
        """Nothing is asked any more."""


class Bounds(NamedTuple):
    """How much one connection may keep."""

    statements_max: int
    statement_bytes_max: int
    portals_max: int
    text_bytes_max: int


class Session:
    """Takes messages one after the other. `send` waits as long as the client does not read."""

    def __init__(self, asking: Asking, bounds: Bounds, send: Send, counters: Counters) -> None:
        self.settings = Settings()
        self._commands = Commands(self.settings)
        self._asking, self._bounds, self._send, self._counters = asking, bounds, send, counters
        self._prepared: dict[str, Prepared] = {}
        self._portals: dict[str, Portal] = {}
        self._skips = False  # after an error, up to the next Sync
        self._question: asyncio.Task[Any] | None = None
        self._is_canceled = False

    @property
    def is_asking(self) -> bool:
        """Does a question of this session run?"""
        return self._question is not None

    def cancel(self) -> None:
        """End the question that runs, if one does."""
        if self._question is not None:
            self._is_canceled = True
            self._question.cancel()

    async def take(self, message: wire.Message) -> None:
        """Answer one message."""
        match message:
            case wire.Sync():
                self._skips = False
                if self._commands.is_idle:
                    self._portals.clear()
                await self._send(wire.ready(self._commands.status))
            case wire.Query(text):
                self._skips = False
                await self._caught(self._simple(text))
                if self._commands.is_idle:
                    self._portals.clear()
                self._prepared.pop("", None)
                await self._send(wire.ready(self._commands.status))
            case wire.FunctionCall():
                await self._caught(_refuse("0A000", "function calls are not supported"))
                await self._send(wire.ready(self._commands.status))
            case _ if not self._skips:
                self._skips = not await self._caught(self._extended(message))

    async def _caught(self, work: Coroutine[Any, Any, None]) -> bool:
        """Do it; what goes wrong is told to the client. Did it go well?"""
        try:
            await work
        except (Error, Complained, Refused, BadParameterValue) as error:
            said = _said(error)
        except (asyncio.CancelledError, ConnectionError):  # nobody is there to be told
            raise
        except Exception as error:  # noqa: BLE001 - a bug must be answered, and logged
            log.error("pg_statement_failed", **told(error))
            said = complaint(InternalError())
        else:
            return True
        self._commands.fail()
        self._counters.add("runwell_refused_total", protocol=PROTOCOL, reason=said.code)
        await self._send(wire.error(said))
        return False

    async def _simple(self, text: str) -> None:
        statements = self._split(text)
        if not statements:
            await self._send(wire.EMPTY)
        for statement in statements:
            portal = Portal(Prepared(statement, ()))
            self._commands.check(statement)
            if has_rows(statement):
                await self._send(describe_fields(await self._answer(portal), ()))
            await self._run(portal, 0)

    async def _extended(self, message: wire.Message) -> None:
        match message:
            case wire.Parse():
                await self._parse(message)
            case wire.Bind():
                await self._bind(message)
            case wire.Describe("S", name):
                await self._describe_statement(self._statement(name))
            case wire.Describe(_, name):
                await self._describe_portal(self._portal(name))
            case wire.Execute(name, rows_max):
                await self._execute(self._portal(name), rows_max)
            case wire.Close(kind, name):
                (self._prepared if kind == "S" else self._portals).pop(name, None)
                await self._send(wire.CLOSED)
            case wire.Password():
                raise Complained(Complaint("08P01", "a password was not asked for"))

    async def _parse(self, message: wire.Parse) -> None:
        statements = self._split(message.text)
        if len(statements) > 1:
            text = "cannot insert multiple commands into a prepared statement"
            raise Complained(Complaint("42601", text))
        statement = statements[0] if statements else classify("")
        self._commands.check(statement)
        if message.name and message.name in self._prepared:
            raise Complained(
                Complaint("42P05", f'prepared statement "{message.name}" already exists')
            )
        self._make_room(message)
        self._prepared[message.name] = Prepared(statement, message.types)
        await self._send(wire.PARSED)

    def _split(self, text: str) -> list[Statement]:
        if len(text) > self._bounds.text_bytes_max:  # before any time is spent on it
            said = f"more than {self._bounds.text_bytes_max} characters of SQL"
            raise Complained(Complaint("54000", said))
        return split(text)

    def _make_room(self, message: wire.Parse) -> None:
        self._prepared.pop(message.name, None)
        if len(self._prepared) >= self._bounds.statements_max:
            text = f"more than {self._bounds.statements_max} prepared statements: close some"
            raise Complained(Complaint("54000", text))
        kept = sum(prepared.size(name) for name, prepared in self._prepared.items())
        if kept + size_of(message.name, message.text, message.types) > (
            self._bounds.statement_bytes_max
        ):
            text = f"more than {self._bounds.statement_bytes_max} characters in prepared statements"
            raise Complained(Complaint("54000", text))

    async def _bind(self, message: wire.Bind) -> None:
        prepared = self._statement(message.statement)
        self._commands.check(prepared.statement)
        if message.values and any(oid in (0, UNKNOWN.oid) for oid in self._given(message)):
            await self._describe(prepared)
        oids = prepared.oids()
        if message.values and len(oids) < len(message.values):
            oids += [TEXT.oid] * (len(message.values) - len(oids))
        values = tuple(
            decode(raw, oid, format_)
            for raw, oid, format_ in zip(
                message.values, oids, spread(message.formats, len(message.values)), strict=False
            )
        )
        if message.portal and message.portal in self._portals:
            raise Complained(Complaint("42P03", f'cursor "{message.portal}" already exists'))
        self._portals.pop(message.portal, None)
        if len(self._portals) >= self._bounds.portals_max:
            text = f"more than {self._bounds.portals_max} portals: close some"
            raise Complained(Complaint("54000", text))
        self._portals[message.portal] = Portal(prepared, values, message.result_formats)
        await self._send(wire.BOUND)

    def _given(self, message: wire.Bind) -> list[int]:
        types = self._statement(message.statement).types
        return [*types, *[0] * (len(message.values) - len(types))]

    def _statement(self, name: str) -> Prepared:
        if name not in self._prepared:
            raise Complained(Complaint("26000", f'prepared statement "{name}" does not exist'))
        return self._prepared[name]

    def _portal(self, name: str) -> Portal:
        if name not in self._portals:
            raise Complained(Complaint("34000", f'portal "{name}" does not exist'))
        return self._portals[name]

    async def _describe_statement(self, prepared: Prepared) -> None:
        self._commands.check(prepared.statement)
        if prepared.statement.kind is Kind.QUESTION:
            described = await self._describe(prepared)
            prepared.is_told = True
            await self._send(wire.parameters(prepared.oids()))
            await self._send(describe_fields(described.columns, ()))
            return
        await self._send(wire.parameters(prepared.types))
        has_rows = prepared.statement.kind is Kind.SHOW
        columns = self._commands.show(prepared.statement).columns if has_rows else ()
        await self._send(describe_fields(columns, ()) if has_rows else wire.NO_DATA)

    async def _describe(self, prepared: Prepared) -> Described:
        if prepared.described is None:
            known = [engine_type(oid) for oid in prepared.types]
            if prepared.statement.kind is not Kind.QUESTION:
                return Described((), ())
            statement = prepared.statement
            described = await self._await(self._asking.describe(statement.text, known), statement)
            check_columns(described.columns)
            prepared.described = described
        return prepared.described

    async def _describe_portal(self, portal: Portal) -> None:
        if has_rows(portal.prepared.statement):
            columns = await self._answer(portal)
            portal.is_told = True
            await self._send(describe_fields(columns, portal.formats))
        else:
            await self._send(wire.NO_DATA)

    async def _execute(self, portal: Portal, rows_max: int) -> None:
        statement = portal.prepared.statement
        self._commands.check(statement)
        if statement.kind is Kind.EMPTY:
            await self._send(wire.EMPTY)
            return
        if has_rows(statement):
            told, found = portal.prepared, await self._answer(portal)
            is_told_so = told.is_told and not portal.is_told
            if is_told_so and told.described and not fits(told.described.columns, found):
                raise Complained(
                    Complaint("0A000", "the types of these values make another result type")
                )
        await self._run(portal, max(rows_max, 0))

    async def _answer(self, portal: Portal) -> Sequence[Column]:
        """The columns of the answer; it is fetched now if it was not before."""
        statement = portal.prepared.statement
        if portal.answer is None:
            if statement.kind is Kind.SHOW:
                portal.answer = self._commands.show(statement)
            else:
                asked = self._asking.ask(statement.text, portal.values)
                answer = await self._await(asked, statement)
                check_columns(answer.columns)
                portal.answer = answer
        return portal.answer.columns

    async def _await(self, work: Coroutine[Any, Any, T], statement: Statement) -> T:
        """Ask in a task of its own, so that a CancelRequest can end it and nothing else."""
        self._is_canceled = False
        self._question = asyncio.ensure_future(work)
        try:
            answer: T = await self._question
            return answer  # noqa: TRY300 - there is nothing between
        except BadQuery as error:
            if error.position is not None:
                error.position += statement.offset
            raise
        except asyncio.CancelledError:
            self._question.cancel()
            if not self._is_canceled:
                raise
            text = "canceling statement due to user request"
            raise Complained(Complaint("57014", text)) from None
        finally:
            self._question = None

    async def _run(self, portal: Portal, rows_max: int) -> None:
        """Do what the statement says, and tell that it is done."""
        statement = portal.prepared.statement
        tag = statement.tag
        if portal.answer is not None:
            before = portal.sent
            for some in portal.take_rows(rows_max):
                await self._send(some)
                await asyncio.sleep(0)
            sent = portal.sent - before
            if rows_max and sent == rows_max:  # there may be more, or none
                await self._send(wire.SUSPENDED)
                return
            tag = f"{tag} {sent}" if statement.kind is Kind.QUESTION else tag
        else:
            done = self._commands.run(statement)
            self._forget(done)
            tag = done.tag
            for reply in done.replies:
                await self._send(reply)
        await self._send(wire.complete(tag))

    def _forget(self, done: Done) -> None:
        if done.forgets is Forgets.PORTALS:
            self._portals.clear()
        if done.forgets is Forgets.STATEMENTS:
            self._prepared.clear()
        if done.statement:
            self._statement(done.statement)
            del self._prepared[done.statement]


def _said(error: Exception) -> Complaint:
    match error:
        case Error():
            return complaint(error)
        case Complained():
            return error.said
        case Refused():
            return error.complaint
    return Complaint("22P03", str(error))


async def _refuse(code: str, text: str) -> None:
    raise Complained(Complaint(code, text))
