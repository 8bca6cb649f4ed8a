"""One app with something of every protocol in it, asked by hand: bytes in, bytes out, and a print of all.

What is refused must have changed nothing: the ledger's last number says so after each request, the
print of what every protocol answers after many.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
from tests.hostile import places
from tests.hostile.places import Place

from runwell.app import App
from runwell.model import Event
from runwell.model.event import key_of

JSON = {"content-type": "application/json"}
ANSWER_BYTES_MAX = 64 * 1024  # what a refusal says, and what it quotes


@dataclass(frozen=True)
class Said:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"{self.status} {self.headers.get('content-type')} {self.body[:400]!r}"


@dataclass
class World:
    """The app, a loop to ask it in, and every line that it logged."""

    app: App
    runner: asyncio.Runner
    data: Path
    logged: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str | bytes] = JSON,
        *,
        pieces: int = 1,
    ) -> Said:
        """One request, as a server would hand it over: the path and the query are bytes."""
        raw, _, query = path.encode("utf-8", "surrogateescape").partition(b"?")
        listed = [
            (name.encode("latin-1"), text if isinstance(text, bytes) else text.encode("latin-1"))
            for name, text in headers.items()
        ]
        return self.runner.run(self._ask(method, raw, query, listed, _cut(body, pieces)))

    async def _ask(
        self,
        method: str,
        raw: bytes,
        query: bytes,
        headers: list[tuple[bytes, bytes]],
        chunks: list[bytes],
    ) -> Said:
        scope = {"type": "http", "method": method, "raw_path": raw, "query_string": query}
        left = list(chunks)
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            if not left:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app.asgi({**scope, "headers": headers, "path": ""}, receive, send)
        whole = b"".join(message["body"] for message in sent[1:])
        heads = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in sent[0]["headers"]
        }
        return Said(sent[0]["status"], heads, whole)

    def say(self, place: Place, body: bytes, **headers: str | bytes) -> Said:
        """A body to one place."""
        given = {"content-type": place.content_type, **headers}
        return self.ask(place.method, place.path, body, given)

    @property
    def newest(self) -> int:
        """The number of the newest change."""
        return self.app.store.ledger.last_seq()

    def find(self, source: str, scope: str, id_: str) -> Event | None:
        """One event, as it is on disk."""
        return self.runner.run(self.app.lookups.find(key_of(source, scope, id_)))

    def errors(self) -> list[Any]:
        """What was logged as an error since the last call."""
        found = [line for line in self.logged if line[0] == "error"]
        self.logged.clear()
        return found

    def print(self) -> dict[str, Any]:
        """All that is stored, and what every protocol answers of what was there at the beginning."""
        answers = {path: self.ask("GET", path) for path in places.WATCHED}
        told = {path: (answer.status, answer.body) for path, answer in answers.items()}
        return {"rows": self.rows(), "files": self.files(), **told}

    def rows(self) -> Any:
        """What the ledger holds, by a reader of its own: of the same library, as locks demand."""
        ledger = apsw.Connection(f"{self.data}/ledger.sqlite", apsw.SQLITE_OPEN_READONLY)
        schema = ledger.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
        tables = [name for name, sql in schema if (sql or "").startswith("CREATE TABLE")]
        counted = [ledger.execute(f'SELECT count(*) FROM "{name}"').fetchall() for name in tables]
        ledger.close()
        return schema, counted

    def files(self) -> list[str]:
        """The names of all files of the data directory and of where the process runs."""
        here = [str(file) for file in Path.cwd().iterdir() if not file.name.startswith(".")]
        return sorted([str(file) for file in self.data.rglob("*")] + here)


def _cut(body: bytes, pieces: int) -> list[bytes]:
    step = max(len(body) // pieces, 1)
    return [body[at : at + step] for at in range(0, len(body), step)] or [b""]
