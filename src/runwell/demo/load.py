"""Start the real server, send it sample data as clients would, print a summary, keep serving."""

from __future__ import annotations

import http.client
import itertools
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from runwell.client import MEASURES
from runwell.client.ask import ask_summary
from runwell.client.summary import print_table
from runwell.demo import ets, pipeline_metrics, pytest_monitor, tekton, trunk
from runwell.demo.request import Request

CONNECTIONS = 8
READY = "runwell ready "
USUAL_EVENTS = 7_200  # what all protocols come to at a pace of 1
HEADERS = {"Content-Type": "application/json", "User-Agent": "runwell-demo"}
QUESTIONS = (
    "/-/api/summary?group_by=week",
    "/-/api/events?limit=3",
    "/api/v1/resources/memory/head/3/metrics",
    "/api/v1/event/?tag=service:web&status=fail",
    f"{tekton.PARENTS}/-/results/-/records/summary?group_by=pipeline&summary=total,avg_duration",
)


class DemoFailed(RuntimeError):
    """The server did not start, or refused something, or was stopped."""


def run(
    data: Path,
    port: int,
    *,
    events: int = USUAL_EVENTS,
    seed: int = 1,
    today: date | None = None,
    stop_after: bool = False,
) -> None:
    """The whole demo. Raises DemoFailed."""
    console = Console(highlight=False)
    with served(data, port) as (server, url):
        try:
            send(url, samples(today or datetime.now(UTC).date(), seed, events))
            show(console, url)
        except (OSError, http.client.HTTPException) as error:
            raise DemoFailed(
                f"not everything was loaded ({error}); run this again to go on"
            ) from error
        if not stop_after:
            console.print(_invitation(data, url), soft_wrap=True, markup=False)
            server.wait()


def samples(today: date, seed: int, events: int = USUAL_EVENTS) -> list[Request]:
    """A month of all protocols up to yesterday, about so many events."""
    pace = events / USUAL_EVENTS
    return [
        *pytest_monitor.requests(today, seed, pace),
        *pipeline_metrics.requests(today, seed, pace),
        *trunk.requests(today, seed, pace),
        *ets.requests(today, seed, pace),
        *tekton.requests(today, seed, pace),
    ]


def _invitation(data: Path, url: str) -> str:
    lines = [f"{url}/ is served from {data}. Ctrl-C stops it. Try:"]
    lines += [f"  curl '{url}{question}'" for question in QUESTIONS]
    lines += [f"  {_command()} query --url {url} --group-by week"]
    return "\n".join(lines)


def _command() -> str:
    """This program as it can be called from here."""
    command = Path(sys.executable).with_name("runwell")
    here = Path.cwd()
    return str(command.relative_to(here) if command.is_relative_to(here) else command)


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


class _Speed(ProgressColumn):
    """Requests a second, while they are sent and in the end."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed or 0
        return Text(f"{speed:,.0f} requests/s")


def send(url: str, requests: list[Request]) -> None:
    """Send everything over a few connections, with a progress bar.

    Raises:
        DemoFailed: the server refused something.
        OSError, http.client.HTTPException: it is gone.
    """
    columns = (TextColumn("loading"), BarColumn(), MofNCompleteColumn(), _Speed())
    shares = _shares(requests)
    with Progress(*columns) as progress, ThreadPoolExecutor(CONNECTIONS) as pool:
        task = progress.add_task("loading", total=len(requests))
        sent = [
            pool.submit(_send_all, url, share, lambda: progress.advance(task)) for share in shares
        ]
        for one in sent:
            one.result()


def _shares(requests: Iterable[Request]) -> list[list[Request]]:
    """Taking turns; what must keep its order stays on one connection."""
    shares: list[list[Request]] = [[] for _ in range(CONNECTIONS)]
    ordered: dict[str, list[Request]] = {}
    for request, share in zip(requests, itertools.cycle(shares), strict=False):
        (ordered.setdefault(request.order, share) if request.order else share).append(request)
    return shares


def _send_all(url: str, requests: Iterable[Request], advance: Callable[[], None]) -> None:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        for request in requests:
            connection.request("POST", request.path, request.body, HEADERS)
            answer = connection.getresponse()
            _check(request, answer.status, answer.read())
            advance()


def _check(request: Request, status: int, text: bytes) -> None:
    if status == http.client.UNAUTHORIZED:
        raise DemoFailed("this directory has tokens and the demo has none: name another --data")
    if status not in request.good:
        raise DemoFailed(f"{request.path} answered {status}: {text[:200]!r}")


def show(console: Console, url: str) -> None:
    """The summaries that the demo ends with."""
    slowest = {"group_by": "pipeline", "order_by": "p95_duration desc", "limit": "3"}
    for title, asked in (
        ("by source", {"group_by": "source"}),
        ("by week", {"group_by": "week"}),
        ("slowest pipelines", slowest),
    ):
        print_table(console, ask_summary(url, {"summary": MEASURES, **asked}), title)
