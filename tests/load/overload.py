"""Four times as much as the server can do: `python -m tests.load.overload --seconds 60`.

Measures what it can, then sends four times that, then looks how soon all is well again; then many
large bodies and gzip bombs at once. Prints the figures and ends with 1 if a bound is broken.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.load.mix import bomb, large, one, request
from tests.load.raw import address, resident_bytes
from tests.serving import Server, unmeasured

MIB = 1024 * 1024
TIMES = 4
# What the columns keep in memory has a bound of its own; the rest is what is looked at here.
FLAGS = ("--columns-memory-mib", "64")
REFUSALS = {"429", "503"}
QUICK_SECONDS = 0.1


@dataclass(frozen=True)
class Bounds:
    """What must hold."""

    accepted_p99_ms: float = 1_000
    grown_mib: float = 256
    recovery_seconds: float = 5
    health_ms: float = 1_000  # while large bodies come: one of them alone may take half a second


@dataclass
class Figures:
    capacity_per_second: float = 0.0
    offered_per_second: float = 0.0
    load: dict[str, Any] = field(default_factory=dict)
    idle_mib: float = 0.0
    grown_mib: float = 0.0
    recovery_seconds: float = 0.0
    large: dict[str, Any] = field(default_factory=dict)
    large_grown_mib: float = 0.0
    health_max_ms: float = 0.0

    def broken(self, bounds: Bounds) -> list[str]:
        """The bounds that do not hold."""
        load = self.load
        odd = {status for status in load["statuses"] if status[0] != "2"} - REFUSALS
        found = {
            f"answers {odd}": bool(odd),
            "a connection without an answer": load["broken"] > 0,
            "a refusal without Retry-After": load["without_retry_after"] > 0,
            "nothing accepted": load["accepted_per_second"] == 0,
            "accepted p99": load["accepted_p99_ms"] > bounds.accepted_p99_ms,
            "memory": max(self.grown_mib, self.large_grown_mib) > bounds.grown_mib,
            "recovery": self.recovery_seconds > bounds.recovery_seconds,
            f"answers {self.large}": bool(set(self.large) - {"200", "413", *REFUSALS}),
            "health": self.health_max_ms > bounds.health_ms,
        }
        return [text for text, is_broken in found.items() if is_broken]


class Watch(threading.Thread):
    """The most memory that the server takes, and the slowest health check if asked."""

    def __init__(self, server: Server, *, health: bool = False) -> None:
        super().__init__()
        self.server = server
        self.health = health
        self.peak = 0
        self.slowest = 0.0
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.wait(0.05):
            self.peak = max(self.peak, resident_bytes(self.server))
            if self.health:
                began = time.monotonic()
                assert self.server.ask("GET", "/-/healthz").status == 200
                self.slowest = max(self.slowest, time.monotonic() - began)

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.join()


def measure(server: Server, seconds: float, *, each: int = 32) -> Figures:
    """All phases against a running server."""
    figures = Figures()
    generate(server, min(3, seconds), 16)  # warm
    time.sleep(1)
    idle = resident_bytes(server)
    capacity = generate(server, min(10, seconds / 2), 32, first=10_000_000)
    figures.capacity_per_second = round(capacity["accepted_per_second"])
    with Watch(server) as watch:
        rate = TIMES * capacity["accepted_per_second"]
        figures.load = generate(server, seconds, 1_500, rate=rate, first=100_000_000)
        figures.recovery_seconds = round(recover(server), 2)
    figures.offered_per_second = round(figures.load["sent"] / figures.load["seconds"])
    figures.idle_mib = round(idle / MIB)
    figures.grown_mib = round((watch.peak - idle) / MIB)
    with Watch(server, health=True) as watch:
        figures.large = send_large(server, each)
    figures.large_grown_mib = round((watch.peak - idle) / MIB)
    figures.health_max_ms = round(watch.slowest * 1000)
    return figures


def generate(
    server: Server, seconds: float, connections: int, *, rate: float = 0, first: int = 1
) -> dict[str, Any]:
    """Load from another process."""
    host, port = address(server)
    plan = {"host": host, "port": port, "seconds": seconds, "connections": connections}
    plan |= {"rate": rate, "first": first}
    command = [sys.executable, "-m", "tests.load.generator", json.dumps(plan)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=unmeasured())
    return json.loads(done.stdout)


def recover(server: Server) -> float:
    """Seconds until a POST is answered within 0.1 s, with none refused or slow after it."""
    began = last_bad = time.monotonic()
    number = 0
    while time.monotonic() < last_bad + 2:
        number += 1
        asked = time.monotonic()
        path, body = one(900_000_000 + number)
        status = server.ask("POST", path, body).status
        if status != 200 or time.monotonic() - asked > QUICK_SECONDS:
            last_bad = time.monotonic()
        time.sleep(0.02)
    return last_bad - began


def send_large(server: Server, each: int) -> dict[str, int]:
    """Bodies of 15 MB and gzip bombs, all at once; how they were answered."""
    path, body = large(1)
    bodies = [request(path, json.dumps(body).encode()), bomb()] * each
    statuses: Counter[str] = Counter()

    def send(data: bytes) -> None:
        with socket.create_connection(address(server), 120) as connection:
            with suppress(ConnectionError):  # refused before its end: the answer is there
                connection.sendall(data)
            try:
                heard = connection.recv(65536)
            except ConnectionError:
                heard = b""
            statuses[heard[9:12].decode() or "broken"] += 1

    threads = [threading.Thread(target=send, args=(data,)) for data in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return dict(sorted(statuses.items()))


@contextmanager
def a_server(place: str | None = None) -> Iterator[Server]:
    """On a directory of its own."""
    with (
        tempfile.TemporaryDirectory(dir=place) as folder,
        Server(Path(folder) / "data", FLAGS) as server,
    ):
        yield server


def main() -> int:
    parser = argparse.ArgumentParser(prog="overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--place", help="where the data goes; default: where temporary files go")
    asked = parser.parse_args()
    with a_server(asked.place) as server:
        figures = measure(server, asked.seconds)
    print(json.dumps(figures.__dict__, indent=2))
    broken = figures.broken(Bounds())
    print("\n".join(f"BROKEN: {text}" for text in broken) or "all bounds hold")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
