"""New events as they come: server-sent events, taken up again where the connection was lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from runwell.client.ask import Link, NoAnswer, Parameters, Refused

PATH = "/-/api/tail"
SILENCE_SECONDS = 45.0  # three times the server's heartbeat
RETRIES_MAX = 20  # in a row, about five minutes
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.5, 20.0
SERVER_ERRORS = 500  # and above: it may be better later


class Message(NamedTuple):
    """One event of the stream: the number of its change, and JSON."""

    id: str
    data: str


def messages(
    link: Link,
    parameters: Parameters = (),
    *,
    sleep: Callable[[float], object] = time.sleep,
    say: Callable[[str], object] = lambda _: None,
    beat: Callable[[], object] = lambda: None,
) -> Iterator[Message]:
    """Messages without end; a lost connection is made anew.

    `say` is told why, and `beat` is called when the server has nothing new.

    Raises:
        NoAnswer: at the first connection, or as often in a row as it is tried again.
        Refused: the question is wrong.
    """
    last, failures, is_new = "", 0, True
    while True:
        try:
            for message in _connected(link, parameters, last):
                failures, is_new = 0, False
                last = message.id or last
                if message.data:
                    yield message
                else:
                    beat()
        except NoAnswer as error:
            is_wrong = isinstance(error, Refused) and error.status < SERVER_ERRORS
            if is_new or is_wrong or failures == RETRIES_MAX:
                raise
            say(str(error))
        sleep(min(PAUSE_SECONDS * 2**failures, PAUSE_SECONDS_MAX))
        failures += 1


def _connected(link: Link, parameters: Parameters, last: str) -> Iterator[Message]:
    """Those of one connection; first one without data that says that it is made."""
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
    with link.stream(PATH, parameters, headers=headers, timeout_seconds=SILENCE_SECONDS) as stream:
        yield Message("", "")
        yield from read_messages(stream.lines())


def read_messages(lines: Iterable[bytes]) -> Iterator[Message]:
    r"""Server-sent events as the HTML standard has them; one without data may bring an id.

    >>> list(read_messages([b": hello\n", b"\n", b"id: 7\n", b"data: {}\n", b"\n"]))
    [Message(id='', data=''), Message(id='7', data='{}')]
    """
    id_, data = "", list[str]()
    for line in lines:
        text = line.decode().rstrip("\r\n")
        name, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if not text:
            yield Message(id_, "\n".join(data))
            id_, data = "", []
        elif name == "id":
            id_ = value
        elif name == "data":
            data.append(value)
