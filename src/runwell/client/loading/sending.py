"""Items to a server: patience where it is busy or away, refusals by their place."""

from __future__ import annotations

import gzip
import random
import re
import time
from collections.abc import Callable, Sequence
from http.client import HTTPException
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from runwell.client.connection import BadAddress, Connections, Request
from runwell.client.loading.items import Item, LoadFailed, Position, Tally

EVENTS = "/-/api/events"
TIMEOUT_SECONDS = 60
PATIENCE_SECONDS = 300  # how long a server may be busy or away before a load gives up
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.25, 15.0
PASSING = (408, 429, 502, 503, 504)  # what goes by; every request is safe to send again
GZIP_FROM_BYTES = 8 * 1024 * 1024  # one event can come near the largest body that a server takes
PLACE = re.compile(r"events\[(\d+)\]\.?")
TOO_LARGE = 413
GOOD = (200, 201, 208)
ITS_FAULT = (400, 409, 413)  # of what was posted; any other refusal meets everything


class Reply(NamedTuple):
    """An answer."""

    status: int
    body: bytes


class Refused(LoadFailed):
    """A line or row that the server does not take."""

    def __init__(self, at: Position, problem: str) -> None:
        super().__init__(problem)
        self.at = at
        self.problem = problem


class Poster:
    """Posts until there is an answer."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        try:
            self._connections = Connections(url, token, TIMEOUT_SECONDS)
        except BadAddress as error:
            raise LoadFailed(str(error)) from error
        self._shown = _without_password(url)
        self._patience_seconds = patience_seconds
        self._sleep = sleep

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def check(self) -> None:
        """Is there a server? A name that was mistyped must not take all patience.

        Raises:
            LoadFailed: there is none.
        """
        try:
            with self._connections.exchange(Request("GET", "/-/healthz")) as answer:
                answer.read()
        except (OSError, HTTPException) as error:
            raise LoadFailed(
                f"no answer from {self._shown} ({error}); start a server with `runwell serve`, "
                "or name another with --url"
            ) from error

    def post(self, target: str, body: bytes) -> Reply:
        """Send, again and again while the server is busy or away.

        Raises:
            LoadFailed: it stays so.
        """
        headers = {"Content-Type": "application/json"}
        if len(body) > GZIP_FROM_BYTES:
            body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
        request = Request("POST", target, body, headers)
        wait, waited = FIRST_WAIT_SECONDS, 0.0
        while True:
            asked, reason = 0.0, ""
            try:
                with self._connections.exchange(request) as answer:
                    reply = Reply(answer.status, answer.read())
                    if reply.status not in PASSING:
                        return reply
                    asked, reason = _seconds(answer.headers.get("Retry-After")), str(reply.status)
            except (OSError, HTTPException) as error:
                reason = str(error) or type(error).__name__
            pause = min(max(wait * random.uniform(0.5, 1.0), asked), LONGEST_WAIT_SECONDS)  # noqa: S311 - no secret
            if waited + pause > self._patience_seconds:
                raise LoadFailed(
                    f"{self._shown} gave no answer for {waited:.0f} s ({reason}); "
                    "run the same command again to go on"
                )
            self._sleep(pause)
            waited += pause
            wait *= 2


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isascii() and text.isdigit() else 0.0


Acknowledge = Callable[[Position, Tally], None]
Refuse = Callable[[Position, str], None]  # raises Refused, or counts and goes on


class Sender:
    """Sends batches in their order; `acknowledge` hears of each part that the server has."""

    def __init__(self, poster: Poster, acknowledge: Acknowledge, refuse: Refuse) -> None:
        self._poster = poster
        self._acknowledge = acknowledge
        self._refuse = refuse

    def send(self, batch: Sequence[Item]) -> None:
        """Send a batch whose items all have the same kind of target.

        Raises:
            Refused: nothing behind the refused item was sent.
            LoadFailed: there is no answer, or the server refuses everything.
        """
        if batch and batch[0].target:
            self._send_each(batch)
        else:
            self._send_events(batch)

    def _send_events(self, batch: Sequence[Item]) -> None:
        """Where one event is refused, those before it are sent, then those behind it."""
        while batch:
            body = b'{"events":[' + b",".join(item.body for item in batch) + b"]}"
            reply = self._poster.post(EVENTS, body)
            if reply.status in GOOD:
                self._acknowledge(batch[-1].at, _tally(reply.body))
                return
            problem, place = _problem(reply)
            if place is None and reply.status == TOO_LARGE:
                half = len(batch) // 2
                if half:
                    self._send_events(batch[:half])
                    batch = batch[half:]
                    continue
                place = 0
            if place is None or place >= len(batch):
                raise LoadFailed(problem)
            self._send_events(batch[:place])
            self._refuse(batch[place].at, problem)
            batch = batch[place + 1 :]

    def _send_each(self, batch: Sequence[Item]) -> None:
        """One by one, since the API lists them in the order in which they arrive."""
        accepted, last = 0, batch[0].at
        for item in batch:
            reply = self._poster.post(item.target, item.body)
            if reply.status in GOOD:
                accepted, last = accepted + 1, item.at
                continue
            if accepted:
                self._acknowledge(last, Tally(accepted=accepted))
            problem, _ = _problem(reply)
            if reply.status not in ITS_FAULT:
                raise LoadFailed(problem)
            self._refuse(item.at, problem)
            accepted = 0
        if accepted:
            self._acknowledge(last, Tally(accepted=accepted))


def _tally(body: bytes) -> Tally:
    try:
        return Tally(**msgspec.json.decode(body, type=dict[str, int]))
    except (msgspec.MsgspecError, TypeError) as error:
        raise LoadFailed("it does not answer like runwell; name another with --url") from error


def _problem(reply: Reply) -> tuple[str, int | None]:
    """What a refusal says, and which event of the request it is about."""
    try:
        said = msgspec.json.decode(reply.body)
        text = str(said.get("detail") or said.get("errors") or said.get("message"))
        found = PLACE.match(str(said.get("pointer", "")))
    except (msgspec.MsgspecError, AttributeError):
        text, found = reply.body[:200].decode("utf-8", "replace"), None
    if found:
        return text.removeprefix(found[0]).removeprefix(": "), int(found[1])
    advice = "; give a token with --token or RUNWELL_TOKEN" if reply.status in (401, 403) else ""
    return f"{reply.status}: {text.rstrip('.') if advice else text}{advice}", None
