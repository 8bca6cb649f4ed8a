"""The last request of a connection: what reads a body that the parser leaves, and what ends it.

The parser leaves it to the protocol that such a request offers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

FRAMING = (b"content-length", b"transfer-encoding")


def head_of_body(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A head for a parser that is to read the body alone; empty if these headers tell of none."""
    framing = [b"%s: %s\r\n" % header for header in headers if header[0] in FRAMING]
    return b"".join([b"POST / HTTP/1.1\r\n", *framing, b"\r\n"]) if framing else b""


class LastBody:
    """What such a parser tells. What follows the body is nobody's."""

    def __init__(self, on_body: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
        self._on_body, self._on_end = on_body, on_end
        self._is_over = False

    def on_body(self, body: bytes) -> None:
        """A piece of it."""
        if not self._is_over:
            self._on_body(body)

    def on_message_complete(self) -> None:
        """All of it is here."""
        if not self._is_over:
            self._is_over = True
            self._on_end()


class Out:
    """What a request's answer sees of a transport: the end is its connection's affair."""

    __slots__ = ("close", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write, self.is_closing, self.close = transport.write, transport.is_closing, close
