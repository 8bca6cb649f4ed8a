"""The load generator, a process of its own.

`python -m tests.load.generator '{"host": ..., "port": ..., ...}'` prints one line of JSON.
Closed: each connection sends its next request when it has its answer; that measures a capacity.
Open: requests leave at a rate, whatever becomes of those before them.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import uvloop
from tests.load.mix import requests

AHEAD = 20_000  # requests that are made before the clock runs


@dataclass(frozen=True)
class Plan:
    """What to send. `rate` 0: closed."""

    host: str
    port: int
    seconds: float
    connections: int  # as many as there may be at once
    rate: float = 0
    first: int = 1


@dataclass
class Result:
    sent: int = 0
    unsent: int = 0  # all connections were waiting for their answers
    broken: int = 0  # connections that ended without an answer
    statuses: dict[str, int] = field(default_factory=dict)
    without_retry_after: int = 0
    seconds: float = 0.0
    accepted_per_second: float = 0.0
    accepted_p50_ms: float = 0.0
    accepted_p99_ms: float = 0.0
    accepted_max_ms: float = 0.0
    refused_p99_ms: float = 0.0


class Client(asyncio.Protocol):
    """One connection with one request in flight."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.buffer = b""
        self.began = 0.0

    def connection_made(self, transport) -> None:
        self.transport = transport

    def send(self, request: bytes) -> None:
        self.began = self.began or time.monotonic()
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
        status, taken = self.buffer[9:12].decode(), time.monotonic() - self.began
        self.buffer, self.began = b"", 0.0
        self.load.answered(self, status, taken, retry=b"\r\nretry-after:" in head)
        if b"\r\nconnection: close" in head:
            self.transport.close()

    def connection_lost(self, _error) -> None:
        self.load.lost(self)


class Load:
    """One run."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.requests = self._made()
        self.statuses: Counter[str] = Counter()
        self.accepted: list[float] = []
        self.refused: list[float] = []
        self.result = Result()
        self.idle: list[Client] = []
        self.open = 0
        self.is_over = False

    def _made(self) -> Iterator[bytes]:
        source = requests(self.plan.first)
        made = [next(source) for _ in range(min(AHEAD, int(self.plan.rate * 3)))]
        yield from made
        yield from source

    async def run(self) -> Result:
        next(self.requests)  # makes those ahead
        began = time.monotonic()
        await (self._open(began) if self.plan.rate else self._closed())
        self.is_over = True
        self.result.seconds = time.monotonic() - began
        for _ in range(600):  # what is under way gets its answer
            if sum(self.statuses.values()) + self.result.broken >= self.result.sent:
                break
            await asyncio.sleep(0.05)
        return self._summary()

    async def _closed(self) -> None:
        for _ in range(self.plan.connections):
            await self._connect(next(self.requests))
        await asyncio.sleep(self.plan.seconds)

    async def _open(self, began: float) -> None:
        loop = asyncio.get_running_loop()
        tasks = set()
        due = 0
        while (now := time.monotonic()) < began + self.plan.seconds:
            while due < (now - began) * self.plan.rate:
                due += 1
                if self.idle:
                    self._send(self.idle.pop(), next(self.requests))
                elif self.open < self.plan.connections:
                    self.open += 1
                    task = loop.create_task(self._connect(next(self.requests), counted=True))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                else:
                    self.result.unsent += 1
            await asyncio.sleep(0.002)
        await asyncio.gather(*tasks)

    async def _connect(self, request: bytes, *, counted: bool = False) -> None:
        self.open += not counted
        began = time.monotonic()
        self.result.sent += 1
        try:
            _, client = await asyncio.get_running_loop().create_connection(
                lambda: Client(self), self.plan.host, self.plan.port
            )
        except OSError:
            self.open -= 1
            self.result.broken += 1
            return
        client.began = began
        client.send(request)

    def _send(self, client: Client, request: bytes) -> None:
        self.result.sent += 1
        client.send(request)

    def answered(self, client: Client, status: str, taken: float, *, retry: bool) -> None:
        self.statuses[status] += 1
        if status.startswith("2"):
            self.accepted.append(taken)
        else:
            self.refused.append(taken)
            self.result.without_retry_after += not retry
        if self.plan.rate:
            self.idle.append(client)
        elif not self.is_over:
            self._send(client, next(self.requests))

    def lost(self, client: Client) -> None:
        self.open -= 1
        if client.began:
            self.result.broken += 1
        if client in self.idle:
            self.idle.remove(client)

    def _summary(self) -> Result:
        result = self.result
        result.statuses = dict(sorted(self.statuses.items()))
        result.accepted_per_second = len(self.accepted) / result.seconds
        result.accepted_p50_ms = _share(self.accepted, 0.5)
        result.accepted_p99_ms = _share(self.accepted, 0.99)
        result.accepted_max_ms = _share(self.accepted, 1.0)
        result.refused_p99_ms = _share(self.refused, 0.99)
        return result


def _share(taken: list[float], part: float) -> float:
    taken.sort()
    return round(taken[min(int(len(taken) * part), len(taken) - 1)] * 1000, 1) if taken else 0.0


def main() -> None:
    plan = Plan(**json.loads(sys.argv[1]))
    print(json.dumps(asdict(uvloop.run(Load(plan).run()))))


if __name__ == "__main__":
    main()
