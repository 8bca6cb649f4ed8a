"""kill -9 under load, again and again: what was acknowledged is there, once."""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.crash.messages import (
    RECORDS,
    RESULT,
    RESULTS,
    merged,
    metric,
    name_of,
    pipeline,
    record,
    run,
)
from tests.serving import Server, exchange, run_cli

ROUNDS = int(os.environ.get("RUNWELL_CRASH_ROUNDS", "30"))
WRITERS = 16


class Sender(threading.Thread):
    """A client with one connection: remembers what it sent and what was acknowledged."""

    def __init__(self, server: Server, name: str) -> None:
        super().__init__()
        self.server = server
        self.label = name
        self.sent: list[tuple[str, dict]] = []
        self.acknowledged: list[tuple[str, dict]] = []
        self.refused: list[tuple[int, bytes]] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=30)
        for number in range(100_000):
            path, body = self.message(number)
            self.sent.append((path, body))
            try:
                reply = exchange(connection, "POST", path, body)
            except (OSError, http.client.HTTPException):
                break
            if reply.status in (200, 201, 208):
                self.acknowledged.append((path, body))
            else:
                self.refused.append((reply.status, reply.body))
        connection.close()

    def message(self, number: int) -> tuple[str, dict]:
        match number % 6:
            case 5:
                return RECORDS, record(f"{self.label}-{number}")
            case 4:
                return "/save_metrics", pipeline(f"{self.label}{number:05d}")
            case 3:
                return "/v1/metrics/trackEvents", run(f"{self.label}-{number}")
            case 2:
                return "/api/v1/event/", merged(self.label, str(number))
        return "/api/v1/metrics/", metric(f"{self.label}-{number}")


STORED = {
    "pipeline_metrics": "SELECT pipeline_id::VARCHAR FROM metrics_pipeline",
    "trunk": "SELECT id FROM trunk_events WHERE status = 'succeeded'",
    "tekton": "SELECT split_part(id, '/', -1) FROM events WHERE source = 'tekton'",
    "ets": "SELECT id || '=' || unnest(tags['value']) FROM events WHERE source = 'ets'",
}


def stored(server: Server) -> list[tuple[str, str]]:
    """The names of everything that is stored, by protocol, as the server answers them."""
    names: list[tuple[str, str]] = []
    page = server.ask("GET", "/api/v1/metrics/?per_page=10000")
    while page.status == 200:
        names += [("pytest_monitor", row["item_variant"]) for row in page.json["metrics"]]
        if not (following := page.json.get("next_url")):
            break
        page = server.ask("GET", following)
    for source, sql in STORED.items():
        question = {"sql": f"SELECT list(name) FROM ({sql}) AS named(name)"}
        found = server.ask("POST", "/-/api/sql", question).json["rows"][0][0] or []
        names += [(source, name) for name in found]
    return names


def wanted(messages: list[tuple[str, dict]]) -> set[tuple[str, str]]:
    return {name_of(*message) for message in messages}


def load_and_kill(server: Server, round_: int, seconds: float) -> list[Sender]:
    senders = [Sender(server, f"{round_ + 1}{number:02d}") for number in range(WRITERS)]
    for sender in senders:
        sender.start()
    threading.Event().wait(seconds)
    server.kill()
    for sender in senders:
        sender.join()
    return senders


def resend(server: Server, messages: list[tuple[str, dict]]) -> Iterator[int]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    for path, body in messages:
        yield exchange(connection, "POST", path, body).status
    connection.close()


def answers(server: Server) -> list[bytes]:
    paths = [
        "/api/v1/metrics/?per_page=500&page=2",
        "/api/v1/metrics/count",
        "/-/api/summary?group_by=kind",
        "/-/api/events?limit=200",
    ]
    return [server.ask("GET", path).body for path in paths]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "data")
    yield running
    if running.process.poll() is None:
        running.kill()


def test_kill_9_under_load_loses_nothing_acknowledged_and_doubles_nothing(server: Server, capsys):
    chance = random.Random(20261121)
    acknowledged: list[tuple[str, dict]] = []
    everything: list[tuple[str, dict]] = []
    server.start()
    assert server.ask("POST", RESULTS, RESULT).status == 200
    for round_ in range(ROUNDS):
        senders = load_and_kill(server, round_, chance.uniform(0.05, 0.6))
        server.start()
        sure = [message for sender in senders for message in sender.acknowledged]
        sent = [message for sender in senders for message in sender.sent]
        assert [sender.refused for sender in senders if sender.refused] == []
        assert wanted(sure) <= set(stored(server))

        unsure = [sender.sent[-1] for sender in senders if sender.sent]  # under way when it died
        again = [*unsure, *chance.sample(sure, min(20, len(sure)))]
        # a record that is there is not made again
        assert set(resend(server, again)) <= {200, 201, 208, 409}
        acknowledged += sure
        everything += sent
    server.until_ready()

    names = stored(server)
    assert len(names) == len(set(names))
    assert wanted(everything) == set(names)
    assert {source for source, _ in names} == {"pytest_monitor", *STORED}
    before = answers(server)
    assert server.stop() == 0

    examined = run_cli("doctor", "--data", str(server.data))
    assert examined.returncode == 0, examined.stdout
    for file in server.data.glob("columns*"):
        file.unlink()
    server.start()
    server.until_ready()
    assert answers(server) == before
    assert server.stop() == 0
    with capsys.disabled():
        figures = {
            "rounds": ROUNDS,
            "acknowledged": len(acknowledged),
            "sent": len(everything),
            "lost": 0,
            "doubled": 0,
            "ready_seconds_max": round(max(server.ready_seconds), 2),
        }
        print(f"\nkill -9: {json.dumps(figures)}")


def test_sigterm_under_load_ends_cleanly_and_loses_nothing_acknowledged(server: Server):
    server.start()
    assert server.ask("POST", RESULTS, RESULT).status == 200
    senders = [Sender(server, f"9{number:02d}") for number in range(WRITERS)]
    for sender in senders:
        sender.start()
    threading.Event().wait(0.4)
    assert server.stop() == 0, server.stderr()
    for sender in senders:
        sender.join()

    sure = [message for sender in senders for message in sender.acknowledged]
    assert sure
    assert {status for sender in senders for status, _ in sender.refused} <= {503}
    server.start()
    assert wanted(sure) <= set(stored(server))
    assert server.stop() == 0
