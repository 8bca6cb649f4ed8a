"""Ten days of events that tests of the client and the commands ask for; always the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.serving import Server

BEGIN = datetime(2026, 1, 1, 9, tzinfo=UTC)
COUNT = 29


def events() -> list[dict[str, Any]]:
    """Runs of two pipelines, of which every fourth fails; they get slower day by day."""
    return [_event(day, number) for day in range(10) for number in range(2 + day % 3)]


def _event(day: int, number: int) -> dict[str, Any]:
    started = BEGIN + timedelta(days=day, hours=number)
    return {
        "source": "script",
        "scope": "acme",
        "id": f"{day}-{number}",
        "kind": "pipeline",
        "name": f'build "{number}", day {day}',
        "pipeline": ("web", "app")[number % 2],
        "status": "failed" if (day + number) % 4 == 0 else "succeeded",
        "started": started.isoformat(),
        "finished": (started + timedelta(seconds=60 + 10 * day)).isoformat(),
        "duration": 60.0 + 10 * day,
        "metrics": {"cpu_usage": number / 8},
        "tags": {"team": [("core", "growth")[number % 2]]},
        "payload": {"build": {"number": number}, "text": "a\nb"},
    }


@contextmanager
def a_server(data: Path) -> Iterator[Server]:
    """A server that holds these events."""
    with Server(data) as server:
        reply = server.ask("POST", "/-/api/events", {"events": events()})
        assert (reply.status, reply.json["created"]) == (200, COUNT), reply
        yield server
