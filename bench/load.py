"""The load generator: a process of its own, so that it shares no interpreter with the server.

`python -m bench.load '{"host": ..., "port": ..., "path": ..., ...}'` prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

import uvloop

from bench import bodies

SIZE_BYTES = 4  # before each request of a file


@dataclass(frozen=True)
class Plan:
    """What to send. `keep_alive` false: a new connection for every request, as the plugin does it.

    Either bodies of a shape for some seconds, or every request of a prepared file once.
    """

    host: str
    port: int
    connections: int
    path: str = ""
    shape: str = ""  # a name of bodies.SHAPES
    seconds: float = 0
    file: str = ""  # written by `prepare`
    keep_alive: bool = True
    pause_ms: float = 0  # between an answer and the next request of the connection
    prefix: str = "run"  # makes this run's keys its own


@dataclass
class Result:
    requests: int
    failed: int
    seconds: float
    per_second: float
    p50_ms: float
    p99_ms: float


def prepare(file: Path, requests: Iterable[tuple[str, bytes]]) -> None:
    """Write whole POSTs, each a path and a JSON body, so that sending them costs little."""
    with file.open("wb") as out:
        for path, body in requests:
            request = _head(path, "bench", "keep-alive") + b"%d\r\n\r\n%s" % (len(body), body)
            out.write(len(request).to_bytes(SIZE_BYTES) + request)


def _prepared(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source, mmap.mmap(source.fileno(), 0, prot=mmap.PROT_READ) as content:
        at = 0
        while at < len(content):
            start = at + SIZE_BYTES
            at = start + int.from_bytes(content[at:start])
            yield content[start:at]


def _made(plan: Plan) -> Iterator[bytes]:
    make = bodies.SHAPES[plan.shape]
    connection = "keep-alive" if plan.keep_alive else "close"
    head = _head(plan.path, f"{plan.host}:{plan.port}", connection)
    deadline = time.perf_counter() + plan.seconds
    for number in count():
        if time.perf_counter() >= deadline:
            return
        body = make(f"{plan.prefix}-{number}")
        yield b"%s%d\r\n\r\n%s" % (head, len(body), body)


def _head(path: str, host: str, connection: str) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\n"
        f"Content-Type: application/json\r\nConnection: {connection}\r\nContent-Length: "
    ).encode()


class Client(asyncio.Protocol):
    """One connection with one request in flight; the next goes out when the answer is whole."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.buffer = b""
        self.sent_ns = 0

    def connection_made(self, transport) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        request = self.run.next_request()
        if request is None:
            self.transport.close()
            return
        self.sent_ns = time.perf_counter_ns()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        start = head.find(b"content-length:")
        length = int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
        if len(self.buffer) < end + 4 + length:
            return
        self.run.done(self.buffer[9:12], time.perf_counter_ns() - self.sent_ns)
        self.buffer = b""
        if self.run.plan.pause_ms:
            asyncio.get_running_loop().call_later(self.run.plan.pause_ms / 1000, self.send)
        elif self.run.plan.keep_alive:
            self.send()
        else:
            self.transport.close()

    def connection_lost(self, _error) -> None:
        self.run.lost(self)


class Run:
    """One measurement."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.requests = _prepared(Path(plan.file)) if plan.file else _made(plan)
        self.latencies: list[int] = []
        self.failed = 0
        self.open = plan.connections
        self.is_over = False
        self.finished = asyncio.Event()

    def next_request(self) -> bytes | None:
        request = next(self.requests, None)
        self.is_over = request is None
        return request

    def done(self, status: bytes, taken_ns: int) -> None:
        self.latencies.append(taken_ns)
        if not status.startswith(b"2"):
            self.failed += 1

    def lost(self, _client: Client) -> None:
        if not self.plan.keep_alive and not self.is_over:
            task = asyncio.ensure_future(self.connect())
            task.add_done_callback(lambda finished: finished.exception())
            return
        self.open -= 1
        if self.open == 0:
            self.finished.set()

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: Client(self), self.plan.host, self.plan.port)

    async def measure(self) -> Result:
        began = time.perf_counter()
        await asyncio.gather(*[self.connect() for _ in range(self.plan.connections)])
        await self.finished.wait()
        seconds = time.perf_counter() - began
        taken = sorted(self.latencies)
        return Result(
            requests=len(taken),
            failed=self.failed,
            seconds=round(seconds, 3),
            per_second=round(len(taken) / seconds, 1),
            p50_ms=round(taken[len(taken) // 2] / 1e6, 2),
            p99_ms=round(taken[int(len(taken) * 0.99)] / 1e6, 2),
        )


async def main() -> None:
    print(json.dumps(asdict(await Run(Plan(**json.loads(sys.argv[1]))).measure())))


if __name__ == "__main__":
    uvloop.run(main())
