"""The connections: from the first byte to the last, in the server's own event loop."""

from __future__ import annotations

import asyncio
import secrets
import shlex
import socket
import struct
from collections.abc import Mapping
from hmac import compare_digest

from runwell.access import LOOK_SECONDS, admit, check_whole
from runwell.config import Config
from runwell.errors import Forbidden, OutOfReach, Unauthorized
from runwell.observe import Counters, log
from runwell.pgwire import messages as wire
from runwell.pgwire.messages import BadMessage, Complaint
from runwell.pgwire.session import PROTOCOL, Asking, Bounds, Session
from runwell.pgwire.settings import REPORTED, SERVER_SETTINGS, Refused
from runwell.tokens import BadTokens, Tokens

STARTUP_BYTES_MAX = 10_000  # as PostgreSQL's; a password is not longer either
STARTING_MAX = 32  # connections beyond the bound that still hear why they are refused
BUFFER_BYTES = 64 * 1024
HEAD_BYTES = 5
CLOSE_SECONDS = 1.0
STOPS = "57P01"
UNREADABLE = Complaint("58030", "nobody is let in now", severity="FATAL")
ASKS = wire.Query | wire.Parse | wire.Bind | wire.Describe | wire.Execute  # what needs a token


class Fatal(Exception):
    """The client is told, and the connection ends."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.said = Complaint(code, text, severity="FATAL")


class PgServer:
    """Accepts connections and knows those that there are."""

    def __init__(self, asking: Asking, tokens: Tokens, config: Config, counters: Counters) -> None:
        self.asking, self.tokens, self.config, self.counters = asking, tokens, config, counters
        self._server: asyncio.Server | None = None
        self._all: set[Connection] = set()
        self._open: dict[int, Connection] = {}
        self._is_closing = False
        self._next_look: asyncio.TimerHandle | None = None

    @property
    def connections(self) -> int:
        """How many clients are let in."""
        return len(self._open)

    async def start(self, listener: socket.socket) -> None:
        """Accept connections from now on."""
        loop = asyncio.get_running_loop()

        def accept() -> asyncio.BaseProtocol:
            connection = Connection(self)
            reader = asyncio.StreamReader(limit=BUFFER_BYTES)
            return _Watched(reader, connection)

        self._server = await loop.create_server(accept, sock=listener)
        self._look()

    def _look(self) -> None:
        """End the connections whose tokens do not count any more, now and ever again."""
        for connection in list(self._open.values()):
            connection.look()
        self._next_look = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    async def close(self) -> None:
        """No more connections; idle ones end now, the others with their answer or in time."""
        self._is_closing = True
        if self._server is not None:
            self._server.close()
        if self._next_look is not None:
            self._next_look.cancel()
        tasks = [connection.task for connection in self._all if connection.task]
        for connection in list(self._all):
            connection.end()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self.config.drain_seconds_max)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def may_begin(self, connection: Connection) -> bool:
        """Is there room for one more that has said nothing yet?"""
        most = self.config.pg_connections_max + STARTING_MAX
        if self._is_closing or len(self._all) >= most:
            return False
        self._all.add(connection)
        return True

    def let_in(self, connection: Connection) -> int:
        """A number for a connection that may ask. Raises Fatal."""
        if len(self._open) >= self.config.pg_connections_max:
            raise Fatal("53300", "too many connections: `pg_connections_max` are open")
        process = secrets.randbelow(2**31 - 1) + 1
        while process in self._open:
            process = secrets.randbelow(2**31 - 1) + 1
        self._open[process] = connection
        return process

    def forget(self, connection: Connection) -> None:
        """It has ended."""
        self._all.discard(connection)
        self._open.pop(connection.process, None)

    def cancel(self, request: wire.CancelRequest) -> None:
        """End the question of another connection, if the secret is right."""
        other = self._open.get(request.process)
        if other and compare_digest(_key(other.secret), _key(request.secret)):
            other.session.cancel()


def _key(secret: int) -> bytes:
    return struct.pack("!i", secret)


class _Watched(asyncio.StreamReaderProtocol):
    """A stream that tells when the client is gone while it waits for an answer."""

    def __init__(self, reader: asyncio.StreamReader, connection: Connection) -> None:
        super().__init__(reader, connection.run)
        self._connection = connection

    def eof_received(self) -> bool | None:
        self._connection.left()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.left()
        super().connection_lost(exc)


class Connection:
    """One client."""

    def __init__(self, server: PgServer) -> None:
        self._server, self._config = server, server.config
        self.task: asyncio.Task[None] | None = None
        self.process, self.secret = 0, 0
        self.session = Session(
            server.asking,
            Bounds(
                self._config.pg_statements_max,
                self._config.pg_statement_bytes_max,
                self._config.pg_portals_max,
                self._config.sql_text_bytes_max,
            ),
            self._send,
            server.counters,
        )
        self._token: str | None = None
        self._is_waiting = True  # for the client
        self._is_ending = False
        self._lapse: Complaint | None = None

    def look(self) -> None:
        """End, in the middle of a question too, if the token does not count any more."""
        try:
            self._check_token()
        except Fatal as error:
            self._lapse = error.said
        except BadTokens:
            self._lapse = UNREADABLE
        if self._lapse and self.task:
            self.task.cancel()

    def end(self) -> None:
        """End now if nothing is under way, else with the answer."""
        self._is_ending = True
        if self._is_waiting and self.task:
            self.task.cancel()

    def left(self) -> None:
        """The client is gone: nobody waits for the answer any more."""
        if self.session.is_asking and self.task:
            self.task.cancel()

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From the first byte to the last."""
        self._reader, self._writer = reader, writer
        self.task = asyncio.current_task()
        if not self._server.may_begin(self):
            self._count("53300")
            writer.transport.abort()
            return
        try:
            await self._speak()
        except Fatal as error:
            self._say_goodbye(error.said)
        except BadMessage as error:
            self._say_goodbye(Complaint("08P01", str(error), severity="FATAL"))
        except BadTokens:
            log.error("pg_refused", reason="the tokens cannot be read")
            self._say_goodbye(UNREADABLE)
        except asyncio.CancelledError:
            if self._lapse:
                self._say_goodbye(self._lapse)
            elif self._is_ending:
                text = "terminating connection: the server stops"
                self._say_goodbye(Complaint(STOPS, text, severity="FATAL"))
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            pass  # gone, or silent
        finally:
            self._server.forget(self)
            await self._close()

    async def _speak(self) -> None:
        async with asyncio.timeout(self._config.pg_startup_seconds_max):
            is_open = await self._begin()
        while is_open:
            message = await self._next()
            if isinstance(message, wire.Terminate):
                return
            if isinstance(message, ASKS):
                self._check_token()
            await self.session.take(message)
            if self._is_ending and isinstance(message, wire.Query | wire.Sync):
                raise Fatal(STOPS, "terminating connection: the server stops")

    async def _begin(self) -> bool:
        """Up to the first ReadyForQuery; False if there is nothing to ask for."""
        message = await self._first()
        for _ in range(2):  # one request for each kind of encryption
            if isinstance(message, wire.EncryptionRequest):
                await self._send(wire.NOT_ENCRYPTED)
                message = await self._first()
        match message:
            case wire.CancelRequest():
                self._server.cancel(message)
                return False
            case wire.EncryptionRequest():
                raise BadMessage("encryption was refused already")
            case wire.Startup(minor, parameters):
                await self._start(minor, parameters)
        return True

    async def _start(self, minor: int, parameters: Mapping[str, str]) -> None:
        unknown = [name for name in parameters if name.startswith("_pq_.")]
        if minor or unknown:
            await self._send(wire.negotiate(unknown))
        if parameters.get("replication", "false").lower() not in ("false", "off", "no", "0"):
            raise Fatal("0A000", "replication is not supported")
        await self._authenticate()
        self.process = self._server.let_in(self)
        self.secret = secrets.randbelow(2**32) - 2**31
        told = {name: SERVER_SETTINGS[name] for name in REPORTED}
        told |= self._settings_of(parameters)
        statuses = [wire.parameter_status(name, value) for name, value in told.items()]
        await self._send(
            wire.AUTHENTICATED
            + b"".join(statuses)
            + wire.key_data(self.process, self.secret)
            + wire.ready("I")
        )

    def _settings_of(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """What the start-up message sets, as far as it means something; what is reported of it."""
        wanted = {
            name: value
            for name, value in parameters.items()
            if name not in ("user", "database", "options", "replication")
        }
        told = {}
        for name, value in (wanted | _options(parameters.get("options", ""))).items():
            try:
                name_told, value_told, _ = self.session.settings.put(name, value)
            except Refused as refused:
                if refused.complaint.code == "22023":
                    raise Fatal(refused.complaint.code, refused.complaint.text) from refused
                continue  # a setting of another version, say
            if name_told:
                told[name_told] = value_told
        return told

    async def _authenticate(self) -> None:
        if self._server.tokens.is_open():
            return
        await self._send(wire.ASK_PASSWORD)
        message = await self._next(STARTUP_BYTES_MAX)
        if not isinstance(message, wire.Password):
            raise BadMessage("a password is expected")
        self._token = message.text
        self._check_token()

    def _check_token(self) -> None:
        """As every request is checked: a token may be revoked, or the first one be made."""
        try:
            check_whole(admit(self._server.tokens, self._token, "read"), "SQL is")
        except Unauthorized:
            text = "password authentication failed: the password is a token of runwell"
            raise Fatal("28P01", text) from None
        except Forbidden as error:
            raise Fatal("28000", error.message) from None
        except OutOfReach as error:
            raise Fatal("42501", error.message) from None

    async def _first(self) -> wire.FirstMessage:
        (size,) = struct.unpack("!i", await self._reader.readexactly(4))
        if not 8 <= size <= STARTUP_BYTES_MAX:  # noqa: PLR2004 - its own length and a code
            raise BadMessage("invalid length of startup packet")
        return wire.read_first(await self._reader.readexactly(size - 4))

    async def _next(self, bytes_max: int = 0) -> wire.Message:
        self._is_waiting = True
        head = await self._reader.readexactly(HEAD_BYTES)
        kind, size = head[:1], struct.unpack("!i", head[1:])[0]
        bytes_max = bytes_max or self._config.pg_message_bytes_max
        if size < 4:  # noqa: PLR2004 - its own length
            raise BadMessage("invalid message length")
        if size > bytes_max:
            raise Fatal("54000", f"a message of {size} bytes; at most {bytes_max} are taken")
        # what has begun must end: half a message holds memory, and a place of others
        async with asyncio.timeout(self._config.body_seconds_max):
            body = await self._reader.readexactly(size - 4)
        self._is_waiting = False
        return wire.read_message(kind, body)

    async def _send(self, data: bytes) -> None:
        if self._writer.is_closing():  # uvloop takes a write to who is gone for a mistake
            raise ConnectionResetError
        self._writer.write(data)
        # as long as the client does not read, nothing more is made
        async with asyncio.timeout(self._config.stall_seconds_max):
            await self._writer.drain()

    def _count(self, code: str) -> None:
        if code != STOPS:  # whom a stop ends was refused nothing
            self._server.counters.add("runwell_refused_total", protocol=PROTOCOL, reason=code)

    def _say_goodbye(self, said: Complaint) -> None:
        self._count(said.code)
        if not self._writer.is_closing():
            self._writer.write(wire.error(said))

    async def _close(self) -> None:
        """Let what is written go out, but wait for nobody who does not read."""
        try:
            self._writer.close()
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._writer.wait_closed()
        except (OSError, TimeoutError, asyncio.CancelledError):
            self._writer.transport.abort()


def _options(text: str) -> dict[str, str]:
    """`-c name=value --name=value` as a dict; what is neither is left out."""
    try:
        words = shlex.split(text)
    except ValueError:
        return {}
    pairs = [word.removeprefix("-c").removeprefix("--").partition("=") for word in words]
    return {name.replace("-", "_"): value for name, found, value in pairs if found and name}
