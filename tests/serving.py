"""The real server as a process: start, ask, stop, kill, start again on the same directory."""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

READY = "runwell ready "
DEADLINE_SECONDS = 60


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """`runwell serve` on a data directory; a context manager that ends it with SIGTERM."""

    data: Path
    flags: tuple[str, ...] = ()
    url: str = ""
    module: str = "runwell"  # what is run: runwell, or what prepares the process for it
    environment: dict[str, str] | None = None  # the test's own if not given
    ready_seconds: list[float] = field(default_factory=list)

    def start(self) -> Server:
        command = [
            sys.executable,
            "-m",
            self.module,
            "serve",
            "--port",
            "0",
            "--data",
            str(self.data),
        ]
        began = time.perf_counter()
        self._stderr = Path(f"{self.data}.stderr").open("ab")
        self.process = subprocess.Popen(
            [*command, *self.flags],
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            env=self.environment,
        )
        readable, _, _ = select.select([self.process.stdout], [], [], DEADLINE_SECONDS)
        line = self.process.stdout.readline() if readable else ""
        assert line.startswith(READY), f"the server did not start: {self.stderr()}"
        self.ready_seconds.append(time.perf_counter() - began)
        self.url = line.removeprefix(READY).strip()
        return self

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._ended()

    def kill(self) -> int:
        """SIGKILL; the exit code."""
        self.process.kill()
        return self._ended()

    def _ended(self) -> int:
        code = self.process.wait(DEADLINE_SECONDS)
        self.process.stdout.close()
        self._stderr.close()
        return code

    def stderr(self) -> str:
        return Path(f"{self.data}.stderr").read_text()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            assert self.stop() == 0, self.stderr()
        else:
            self._ended()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=DEADLINE_SECONDS)
        try:
            return exchange(connection, method, path, body, **headers)
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """The JSON of a GET that must succeed."""
        reply = self.ask("GET", path)
        assert reply.status == 200, (path, reply)
        return reply.json

    def until_ready(self) -> None:
        """Wait until the columns have caught up."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.ask("GET", "/-/readyz").status != 200:
            assert time.monotonic() < deadline, self.stderr()
            time.sleep(0.02)


def exchange(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, **headers: str
) -> Reply:
    """One request on this connection; anything but bytes is sent as JSON."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, data, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    received = {name.lower(): value for name, value in answer.getheaders()}
    return Reply(answer.status, received, answer.read())


def unmeasured() -> dict[str, str]:
    """The environment of a process whose coverage is not measured: that takes modules and time."""
    return {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE_")}


def run_cli(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`runwell WORDS` as a process."""
    return subprocess.run(
        [sys.executable, "-m", "runwell", *words],
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        env={**os.environ, **environment},
        check=False,
    )
