"""A disk that is slow, and a process that stands still: what waits is bounded, nothing is lost."""

from __future__ import annotations

import http.client
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.crash.messages import metric
from tests.crash.senders import asked_patiently
from tests.serving import Reply, Server, exchange, unmeasured

CLIENTS = 24
QUEUE = 8
SECONDS = 3
STILL_SECONDS = 3
GROWTH_KIB_MAX = 256 * 1024


@dataclass
class Client(threading.Thread):
    """Sends one metric after the other for a while."""

    server: Server
    label: str
    until: float
    stored: list[str] = field(default_factory=list)
    refused: list[Reply] = field(default_factory=list)
    __hash__ = threading.Thread.__hash__

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def run(self) -> None:
        connection = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=60)
        number = 0
        while time.monotonic() < self.until:
            number += 1
            name = f"{self.label}-{number}"
            reply = exchange(connection, "POST", "/api/v1/metrics/", metric(name))
            if reply.status == 201:
                self.stored.append(f"test_it[{name}]")
            else:
                self.refused.append(reply)
                time.sleep(0.02)
        connection.close()


def clients(server: Server, seconds: float) -> list[Client]:
    until = time.monotonic() + seconds
    found = [Client(server, str(number), until) for number in range(CLIENTS)]
    for client in found:
        client.start()
    return found


def names(server: Server) -> list[str]:
    question = {"sql": "SELECT name FROM events ORDER BY name"}
    return [row[0] for row in asked_patiently(server, question).json["rows"]]


def resident_kib(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


def test_on_a_slow_disk_the_queue_is_bounded_and_nothing_acknowledged_is_lost(tmp_path: Path):
    environment = {**unmeasured(), "RUNWELL_QUEUE_EVENTS_MAX": str(QUEUE)}
    server = Server(tmp_path / "data", module="tests.crash.slow", environment=environment).start()
    before = resident_kib(server)
    sent = clients(server, SECONDS)
    for client in sent:
        assert server.ask("GET", "/-/healthz").status == 200
        client.join()
    grown = resident_kib(server) - before
    server.kill()

    sure = [name for client in sent for name in client.stored]
    refusals = [reply for client in sent for reply in client.refused]
    assert sure
    assert {reply.status for reply in refusals} == {503}
    assert all(int(reply.headers["retry-after"]) >= 1 for reply in refusals)
    assert grown < GROWTH_KIB_MAX
    with Server(tmp_path / "data") as again:
        assert set(sure) <= set(names(again))


def test_a_process_that_stood_still_goes_on_and_answers_everyone(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        sent = clients(server, STILL_SECONDS + 1)
        time.sleep(0.5)
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(STILL_SECONDS)
        server.process.send_signal(signal.SIGCONT)
        for client in sent:
            client.join()
        sure = sorted(name for client in sent for name in client.stored)
        assert {reply.status for client in sent for reply in client.refused} <= {503}
        assert all(client.stored for client in sent)
        assert names(server) == sure
