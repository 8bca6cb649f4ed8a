"""Clients that send until the server is gone, and what must be stored of what they sent."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterable
from urllib.parse import urlsplit

from tests.crash.messages import Message, Row, messages
from tests.serving import DEADLINE_SECONDS, Reply, Server, exchange

WRITERS = 16
ROWS_MAX = 10_000  # of one question: `sql_rows_max`
STORED = """
SELECT client, source, attempt, payload, coalesce(tags['value'], [])
FROM events
WHERE starts_with(client, ?)
"""
Rows = Counter[Row]


class Sender(threading.Thread):
    """A client with one connection: remembers what it sent and what was acknowledged."""

    def __init__(self, server: Server, label: str) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.label = label
        self.acknowledged: list[Message] = []
        self.unsure: Message | None = None  # under way when the connection broke
        self.sent = 0
        self.refused: list[Reply] = []
        self.surprises: list[tuple[Message, Reply]] = []

    def run(self) -> None:
        connection = connect(self.server)
        for message in messages(self.label):
            self.sent += 1
            try:
                reply = send(connection, message, self.label)
            except (OSError, http.client.HTTPException):
                self.unsure = message
                break
            if reply.status in message.done:
                self.acknowledged.append(message)
                continue
            if reply.status == 503:
                self.refused.append(reply)
            else:
                self.surprises.append((message, reply))
            break  # what follows may need it
        connection.close()

    def rows(self, *, with_unsure: bool) -> Rows:
        """What must be stored, if what was under way was stored and if it was not."""
        told = list(self.acknowledged)
        if with_unsure and self.unsure:
            told.append(self.unsure)
        return rows_of(told)

    def repeatable(self) -> list[Message]:
        """The acknowledged ones whose names no later one has changed."""
        known = set(self.unsure.makes) if self.unsure else set()
        found = []
        for message in reversed(self.acknowledged):
            if not known & set(message.makes):
                found.append(message)
            known |= set(message.makes)
        return found


def rows_of(told: Iterable[Message]) -> Rows:
    named: dict[str, Row | None] = {}
    for message in told:
        named |= message.makes
    return Counter(row for row in named.values() if row)


def connect(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)


def send(connection: http.client.HTTPConnection, message: Message, label: str) -> Reply:
    headers = {"User-Agent": label, **message.headers}
    return exchange(connection, message.method, message.path, message.body, **headers)


def stored(server: Server, prefix: str) -> dict[str, Rows]:
    """What is stored of each client whose label begins so; the question waits for the columns."""
    found: dict[str, Rows] = {}
    question = {"sql": STORED, "params": [prefix]}
    reply = asked_patiently(server, question)
    assert reply.status == 200, (reply, server.stderr()[-2_000:])
    assert len(reply.json["rows"]) < ROWS_MAX, "a round has more rows than one question answers"
    for client, source, attempt, payload, values in reply.json["rows"]:
        row = Row(source, attempt, payload, tuple(values) if source == "ets" else ())
        found.setdefault(client, Counter())[row] += 1
    return found


def asked_patiently(server: Server, question: dict) -> Reply:
    """A busy machine may need longer to catch up than a question waits."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        reply = server.ask("POST", "/-/api/sql", question)
        if reply.status != 503 or time.monotonic() > deadline:
            return reply
        time.sleep(0.2)


def run_senders(server: Server, prefix: str) -> list[Sender]:
    senders = [Sender(server, f"{prefix}{number:02d}") for number in range(WRITERS)]
    for sender in senders:
        sender.start()
    return senders
