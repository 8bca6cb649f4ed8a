"""The load generator: a process of its own, so that it shares no interpreter with the server.

`python -m bench.load '{"host": ..., "port": ..., "path": ..., ...}'` prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass

import uvloop

from bench import bodies


@dataclass(frozen=True)
class Plan:
    """What to send. `keep_alive` false: a new connection for every request, as the plugin does."""

    host: str
    port: int
    path: str
    shape: str  # a name of bodies.SHAPES
    connections: int
    seconds: float
    keep_alive: bool = True
    prefix: str = "run"  # makes this run's keys its own


@dataclass
class Result:
    requests: int
    failed: int
    seconds: float
    per_second: float
    p50_ms: float
    p99_ms: float


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
        if time.perf_counter() >= self.run.deadline:
            self.transport.close()
            return
        self.sent_ns = time.perf_counter_ns()
        self.transport.write(self.run.next_request())

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
        if self.run.plan.keep_alive:
            self.send()
        else:
            self.transport.close()

    def connection_lost(self, _error) -> None:
        self.run.lost(self)


class Run:
    """One measurement."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.numbers = iter(range(1 << 62))
        self.latencies: list[int] = []
        self.failed = 0
        self.open = plan.connections
        self.finished = asyncio.Event()
        self.make = bodies.SHAPES[plan.shape]
        connection = "keep-alive" if plan.keep_alive else "close"
        self.head = (
            f"POST {plan.path} HTTP/1.1\r\nHost: {plan.host}:{plan.port}\r\nUser-Agent: bench\r\n"
            f"Content-Type: application/json\r\nConnection: {connection}\r\nContent-Length: "
        ).encode()

    def next_request(self) -> bytes:
        body = self.make(f"{self.plan.prefix}-{next(self.numbers)}")
        return b"%s%d\r\n\r\n%s" % (self.head, len(body), body)

    def done(self, status: bytes, taken_ns: int) -> None:
        self.latencies.append(taken_ns)
        if not status.startswith(b"2"):
            self.failed += 1

    def lost(self, _client: Client) -> None:
        if not self.plan.keep_alive and time.perf_counter() < self.deadline:
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
        self.deadline = began + self.plan.seconds
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
