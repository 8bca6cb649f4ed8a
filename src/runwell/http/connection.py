"""One HTTP connection: what it may send before it is answered, and how long it may take for it.

Nothing here knows a path or a protocol; `Connections` is all of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from runwell.config import Config
from runwell.errors import (
    AnswerNotTaken,
    BadHTTP,
    Error,
    HeadersTooLarge,
    HeadersTooSlow,
    TooManyConnections,
    TooManyPipelined,
)
from runwell.http.lastbody import LastBody, Out, head_of_body
from runwell.http.load import Load
from runwell.http.plain import plain_answer
from runwell.observe import Counters

PROTOCOL = "http"  # the label of what is refused before its path is known
SWEEP_SECONDS = 0.5
LINGER_SECONDS = 3.0  # a refused client may take its answer and end what it was sending
LINGER_BYTES = 1024 * 1024
SHED_FROM_SECONDS = 1.0  # who asked for nothing for so long makes room for others
EXTRA = 100  # connections beyond the most, so that the server can still say how it is
# Of one-byte chunks each has five bytes around it; what comes beyond this for a byte is no content.
FRAMING_RATIO = 16
RefuseEarly = Callable[[bytes, Error], bytes | None]
ABOVE = 2  # what is this much above a bound is not even read until it can be answered in words


class Connections:
    """All that are open: how many, which of them rest, and the end of those that take too long."""

    def __init__(
        self, config: Config, load: Load, counters: Counters, refuse_early: RefuseEarly
    ) -> None:
        self.config = config
        self.load = load
        self._counters = counters
        self.refuse_early = refuse_early
        self._open: set[Connection] = set()
        self._resting: dict[Connection, float] = {}  # since when; the first for the longest
        self._sweep_timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def enter(self, connection: Connection) -> Error | None:
        """One more; what it has to be told if there is no room even to hear it."""
        full = len(self._open) >= self.config.connections_max and not self._shed()
        self._open.add(connection)
        connection.is_extra = full
        if full and len(self._open) > self.config.connections_max + EXTRA:
            return TooManyConnections()
        self.rest(connection)
        return None

    def leave(self, connection: Connection) -> None:
        """One less."""
        self._open.discard(connection)
        self._resting.pop(connection, None)

    def rest(self, connection: Connection) -> None:
        """It has nothing under way from now on."""
        self._resting[connection] = time.monotonic()

    def work(self, connection: Connection) -> None:
        """A request of it is under way."""
        self._resting.pop(connection, None)

    def _shed(self) -> bool:
        """End the one that has rested longest, if it has for a while."""
        for connection, since in self._resting.items():
            if time.monotonic() - since < SHED_FROM_SECONDS:
                return False
            self._counters.add("runwell_connections_shed_total")
            connection.transport.abort()
            self.leave(connection)
            return True
        return False

    def refusal(self, connection: Connection) -> Error | None:
        """Why a request that begins now cannot be taken on, if it cannot.

        Whoever is to be told anyway, as a health check, is let through by the gate.
        """
        if connection.is_extra:
            return TooManyConnections()
        return self.load.refusal(len(connection.tasks) - self.load.waiting)

    def count(self, error: Error) -> None:
        """It was refused before its path was known."""
        self._counters.add("runwell_refused_total", protocol=PROTOCOL, reason=error.reason)

    def start(self) -> None:
        """Look at all of them again and again. In the event loop."""
        self._sweep_timer = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self.start)
        now = time.monotonic()
        untaken = 0
        for connection in list(self._open):
            untaken += connection.check(now)
        while untaken > self.config.untaken_bytes_max:
            most = max(self._open, key=lambda connection: connection.untaken)
            untaken -= most.untaken
            most.give_up()

    def stop(self) -> None:
        """No more looks."""
        if self._sweep_timer:
            self._sweep_timer.cancel()


class Connection(HttpToolsProtocol):
    """uvicorn's connection with bounds and deadlines; see `docs/reliability.md`."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self.is_extra = False
        self._all = connections
        self._config = connections.config
        bound = self._config.header_bytes_max + self._config.url_bytes_max
        self._head_bytes_max = ABOVE * bound
        self._head_since = 0.0  # since when a request's head is waited for; 0: it is not
        self._is_in_head = False
        self._rest_since = 0.0  # since when the rest of a body is waited for that nobody wants
        self._overhead = 0  # bytes that came for a request and are no body
        self._body_bytes = self._named_bytes = 0  # of its body; of its address and headers
        self._fault: Error | None = None  # why the parser was stopped
        self._is_skipping = False  # it was answered before its body, and without a task
        self._keeps_alive = True
        self._is_deaf = False  # refused: what still comes is thrown away
        self._unheard_bytes = 0
        self._ends_at = 0.0  # when it is closed, come what may
        self.untaken = 0  # bytes of answers that the client had not taken at the last look
        self._stalled_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there."""
        super().connection_made(transport)
        self._out = cast(asyncio.Transport, Out(transport, self._end))
        self._head_since = time.monotonic()
        if refusal := self._all.enter(self):
            self._all.count(refusal)
            self._is_deaf = True
            transport.write(plain_answer(refusal))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone, or was let go."""
        self._all.leave(self)
        self._is_deaf = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some bytes came."""
        if self._is_deaf:
            self._unheard_bytes += len(data)
            if self._unheard_bytes > LINGER_BYTES:
                self.transport.abort()
            return
        self._unset_keepalive_if_required()
        self._overhead += len(data)
        if not self._head_since and not self._rest_since and self._is_answered():
            self._head_since = time.monotonic()
        try:
            self._parse(data)
        except httptools.HttpParserError:
            if not self._is_deaf:
                self._break_off(self._fault or BadHTTP())
            return
        if self._overhead > self._head_bytes_max and not self._is_deaf:
            self._check_overhead()

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:  # to nothing that is spoken here
            if head := self._decline():
                self.parser.feed_data(head + data[offer.args[0] :])

    def _decline(self) -> bytes:
        """Answer what offers another protocol as it is, and nothing after it.

        The parser leaves the body to that protocol: another one reads it, behind this head.
        """
        if self._is_answered():  # without a task
            self._is_deaf, self._ends_at = True, time.monotonic() + LINGER_SECONDS
            return b""
        self.cycle.keep_alive = False
        head = head_of_body(self.headers)
        self._is_deaf, self.cycle.more_body = not head, bool(head)
        self.parser = httptools.HttpRequestParser(LastBody(self.on_body, self.on_message_complete))
        return head

    def _check_overhead(self) -> None:
        if self._is_in_head:
            self._break_off(HeadersTooLarge())
        elif self._overhead > self._head_bytes_max + FRAMING_RATIO * self._body_bytes:
            self._break_off(BadHTTP("more framing than body"))

    def _is_answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def on_message_begin(self) -> None:
        """A request begins."""
        if self._is_deaf:  # behind the last one
            raise ValueError
        super().on_message_begin()
        self.scope["state"]["abort"] = self.transport.abort  # see `Gate._send_stream`
        self._is_in_head = True
        self._head_since = time.monotonic()
        self._overhead = self._body_bytes = self._named_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A piece of its address."""
        self.url += url
        self._bound_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or behind a chunked body a trailer: those are counted and left out."""
        self._bound_head(len(name) + len(value))
        if not self._is_in_head:
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))
        if len(self.headers) > self._config.headers_max:
            self._stop_parser(HeadersTooLarge())

    def _bound_head(self, size: int) -> None:
        self._named_bytes += size
        if self._named_bytes > self._head_bytes_max:
            self._stop_parser(HeadersTooLarge())

    def _stop_parser(self, fault: Error) -> None:
        """The parser knows no way but an error; `data_received` gets it."""
        self._fault = fault
        raise ValueError

    def on_headers_complete(self) -> None:
        """Its path is known, and the gate can be asked."""
        if len(self.pipeline) >= self._config.pipelined_max:
            self._stop_parser(TooManyPipelined())
        self._is_in_head, self._head_since = False, 0.0
        refusal = self._all.refusal(self)
        if refusal and self._may_skip() and self._skip(refusal):
            return
        self._all.work(self)
        self.scope["state"]["refusal"] = refusal
        super().on_headers_complete()
        self.cycle.transport = self._out
        if refusal and self.is_extra:
            self.cycle.keep_alive = False

    def _may_skip(self) -> bool:
        """Can it be refused at once? Only where nothing stands before the answer."""
        return (
            not self.is_extra
            and self._is_answered()
            and not self.flow.write_paused
            and self.parser.get_method() != b"HEAD"
        )

    def _skip(self, refusal: Error) -> bool:
        """Answer without a task: what a busy server can do for four times its load."""
        answer = self._all.refuse_early(self.url, refusal)
        if answer is None:
            return False
        self.transport.write(answer)
        self._is_skipping, self._rest_since = True, time.monotonic()
        self._keeps_alive = self.parser.should_keep_alive()
        return True

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        self._overhead -= len(body)
        self._body_bytes += len(body)
        if not self._is_skipping:
            super().on_body(body)

    def _end(self) -> None:
        """The last answer is given: who is still sending would not hear it if this was all."""
        if not (self.cycle.response_complete and self.cycle.more_body):
            self.transport.close()
        elif self.transport.can_write_eof():
            self.transport.write_eof()

    def on_message_complete(self) -> None:
        """All of it is here."""
        self.scope["state"]["came_at"] = time.monotonic()
        if self._rest_since:
            self._rest_since, self._head_since = 0.0, time.monotonic()
            if not (self._keeps_alive if self._is_skipping else self.cycle.keep_alive):
                self._is_deaf = True
                self.transport.close()
        if not self._is_skipping:
            super().on_message_complete()
        self._is_skipping = False

    def on_response_complete(self) -> None:
        """It is answered, perhaps before all of it was here."""
        is_last = not self.pipeline
        super().on_response_complete()
        if self.transport.is_closing() or not is_last:
            return
        if self._is_deaf:
            self.transport.close()
            return
        self._all.rest(self)
        if self.cycle.more_body:
            self._rest_since = time.monotonic()

    def _break_off(self, error: Error) -> None:
        """Nothing more is read; what came whole before is answered first."""
        self._all.count(error)
        self._is_deaf = True
        if self._rest_since:
            self.transport.close()
        elif self._is_answered():
            self._refuse(error)
        elif self.cycle.more_body and not self._is_in_head:
            self._give_up_request(error)
        else:
            self.cycle.keep_alive = False

    def _give_up_request(self, error: Error) -> None:
        """The request under way is broken: its handler learns that the client is gone."""
        if self.pipeline:  # it has not begun: the one before it is the last
            self.pipeline.popleft()
            return
        has_begun = self.cycle.response_started
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        if has_begun:
            self.transport.abort()
        else:
            self._refuse(error)

    def _refuse(self, error: Error) -> None:
        """Say why, then end; the client may take its time to hear it, within bounds."""
        self._is_deaf = True
        if self.transport.is_closing():
            return
        self.transport.write(plain_answer(error))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._ends_at = time.monotonic() + LINGER_SECONDS

    def check(self, now: float) -> int:
        """Has it taken too long for what it is doing? How much it has not taken yet."""
        if self._is_stalled(now):
            self.give_up()
        elif self._ends_at and now > self._ends_at:
            self.transport.abort()
        elif self._head_since and now - self._head_since > self._config.header_seconds_max:
            self._end_head(now)
        elif self._rest_since and now - self._rest_since > LINGER_SECONDS:
            self.transport.close()
        return self.untaken

    def _end_head(self, now: float) -> None:
        if self.flow.read_paused:  # by us: the client is not to blame
            self._head_since = now
        elif not self._is_in_head:  # it has not said a word
            self.transport.close()
        else:
            self._head_since = 0.0
            self._break_off(HeadersTooSlow())

    def _is_stalled(self, now: float) -> bool:
        """Has it taken nothing of its answers for too long? A stream has a look at that itself."""
        untaken = self.transport.get_write_buffer_size()
        if not untaken or untaken < self.untaken or not self._stalled_since:
            self._stalled_since = now
        self.untaken = untaken
        return now - self._stalled_since > self._config.stall_seconds_max + 2 * SWEEP_SECONDS

    def give_up(self) -> None:
        """It does not take its answers."""
        self._all.count(AnswerNotTaken())
        self._all.leave(self)
        self.untaken = 0
        self.transport.abort()
