"""The app with its PostgreSQL port in a thread of this process, and a client that sends bytes."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import psycopg
from tests.apps import an_app

from runwell.config import Config
from runwell.pgwire import messages as wire
from runwell.server import listen

DEADLINE_SECONDS = 30
PROTOCOL = 3 << 16


class Serving:
    """A context manager; `port` is where PostgreSQL is spoken."""

    def __init__(self, data: Path, **settings: Any) -> None:
        self._data, self._settings = data, settings
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()))

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        listener = listen(Config(port=0))
        self.port = listener.getsockname()[1]
        async with an_app(self._data, pg_port=0, **self._settings) as (self.app, self.http):
            self.pg = self.app.pg
            await self.pg.start(listener)
            self._ready.set()
            await self._end.wait()
            await self.pg.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Something in the server's own event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(DEADLINE_SECONDS)

    def ask_http(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """What `POST /-/api/sql` answers."""
        body = {"sql": sql, "params": list(params)}
        return self.run(self.http.post("/-/api/sql", json=body)).json()

    def connect(self, **more: Any) -> psycopg.Connection:
        settings = {"user": "anybody", "dbname": "anything", "autocommit": True, **more}
        return psycopg.connect(
            host="127.0.0.1", port=self.port, connect_timeout=DEADLINE_SECONDS, **settings
        )

    def raw(self) -> Raw:
        return Raw(self.port)

    def __enter__(self) -> Serving:
        self._thread.start()
        assert self._ready.wait(DEADLINE_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(DEADLINE_SECONDS)
        assert not self._thread.is_alive()


class Raw:
    """A connection that sends what it is told, byte by byte; a context manager."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE_SECONDS)
        self.key = (0, 0)

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def begin(self, **parameters: str) -> list[tuple[bytes, bytes]]:
        """The start-up message; what is answered up to ReadyForQuery or the end."""
        body = struct.pack("!i", PROTOCOL)
        for name, value in {"user": "anybody", **parameters}.items():
            body += name.encode() + b"\0" + value.encode() + b"\0"
        self.socket.sendall(struct.pack("!i", len(body) + 5) + body + b"\0")
        answers = self.until_ready()
        for kind, answer in answers:
            if kind == b"K":
                self.key = struct.unpack("!ii", answer)
        return answers

    def send(self, kind: bytes, body: bytes = b"") -> None:
        self.socket.sendall(wire.message(kind, body))

    def query(self, text: str) -> list[tuple[bytes, bytes]]:
        self.send(b"Q", text.encode() + b"\0")
        return self.until_ready()

    def read(self) -> tuple[bytes, bytes] | None:
        """One message; None at the end."""
        head = self._exactly(5)
        if head is None:
            return None
        body = self._exactly(struct.unpack("!i", head[1:])[0] - 4)
        return None if body is None else (head[:1], body)

    def until_ready(self) -> list[tuple[bytes, bytes]]:
        answers = []
        while (answer := self.read()) is not None:
            answers.append(answer)
            if answer[0] == b"Z" or answer == (b"R", struct.pack("!i", 3)):
                break
        return answers

    def _exactly(self, size: int) -> bytes | None:
        got = b""
        while len(got) < size:
            try:
                some = self.socket.recv(size - len(got))
            except ConnectionError:
                return None
            if not some:
                return None
            got += some
        return got


def kinds(answers: Sequence[tuple[bytes, bytes]]) -> str:
    """The types of messages as one word."""
    return b"".join(kind for kind, _ in answers).decode()


def complaint(answers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """The fields of the first ErrorResponse."""
    body = next(body for kind, body in answers if kind == b"E")
    return {part[:1].decode(): part[1:].decode() for part in body.split(b"\0") if part}
