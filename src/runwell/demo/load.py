"""Start the real server, send it sample data as clients would, print a summary, keep serving."""

from __future__ import annotations

import http.client
import itertools
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn

from runwell.client.ask import ask
from runwell.client.summary import table_of
from runwell.demo import pipeline_metrics, pytest_monitor
from runwell.demo.request import Request

CONNECTIONS = 8
READY = "runwell ready "
MEASURES = "total,succeeded,failed,p50_duration,p95_duration"
HEADERS = {"Content-Type": "application/json", "User-Agent": "runwell-demo"}


class DemoFailed(RuntimeError):
    """The server did not start, or refused something."""


def run(data: Path, port: int, *, seed: int = 1, stop_after: bool = False) -> None:
    """The whole demo. Raises DemoFailed."""
    console = Console(highlight=False)
    with served(data, port) as (server, url):
        send(url, samples(seed))
        show(console, url)
        if stop_after:
            return
        console.print(f"\n[bold]{url}/[/] is being served from {data}. Ctrl-C stops it. Try:")
        console.print(f"  runwell query --url {url} --group-by week", soft_wrap=True)
        console.print(f"  curl '{url}/-/api/events?limit=3'", soft_wrap=True)
        console.print(f"  curl '{url}/api/v1/resources/memory/head/3/metrics'", soft_wrap=True)
        server.wait()


def samples(seed: int) -> list[Request]:
    """A month of both protocols, up to yesterday."""
    today = datetime.now(UTC).date()
    return [*pytest_monitor.requests(today, seed), *pipeline_metrics.requests(today, seed)]


@contextmanager
def served(data: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The real server as a process of its own; SIGINT and SIGTERM to us end it."""
    command = [sys.executable, "-m", "runwell", "serve", "--data", str(data), "--port", str(port)]
    command += ["--log-level", "warning"]
    # a session of its own: Ctrl-C reaches it once, through us
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603
    previous = [
        (name, signal.signal(name, lambda *_: server.send_signal(signal.SIGTERM)))
        for name in (signal.SIGTERM, signal.SIGINT)
    ]
    try:
        yield server, _wait_ready(server)
    finally:
        server.terminate()
        server.wait()
        for name, handler in previous:
            signal.signal(name, handler)
        if server.stdout:
            server.stdout.close()


def _wait_ready(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    line = server.stdout.readline()
    if not line.startswith(READY):
        raise DemoFailed("the server did not start: see above")
    return line.removeprefix(READY).strip()


def send(url: str, requests: list[Request]) -> None:
    """Send everything over a few connections, with a progress bar. Raises DemoFailed."""
    columns = (
        TextColumn("loading"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(show_speed=True),
    )
    shares = [
        list(itertools.islice(requests, start, None, CONNECTIONS)) for start in range(CONNECTIONS)
    ]
    with Progress(*columns) as progress, ThreadPoolExecutor(CONNECTIONS) as pool:
        task = progress.add_task("loading", total=len(requests))
        sent = [
            pool.submit(_send_all, url, share, lambda: progress.advance(task)) for share in shares
        ]
        for one in sent:
            one.result()


def _send_all(url: str, requests: Iterable[Request], advance: Callable[[], None]) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    for request in requests:
        connection.request("POST", request.path, request.body, HEADERS)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in request.good:
            raise DemoFailed(f"{request.path} answered {answer.status}: {text[:200]!r}")
        advance()
    connection.close()


def show(console: Console, url: str) -> None:
    """The summaries that the demo ends with."""
    for title, group in (("by source", "source"), ("by kind", "kind"), ("by week", "week")):
        rows = ask(url, "/-/api/summary", {"summary": MEASURES, "group_by": group})["summary"]
        console.print(table_of(rows, title))
