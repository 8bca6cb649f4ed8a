"""Servers that answer what a test tells them to, also what no server should."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """One connection; `number` counts the requests on it."""

    protocol_version = "HTTP/1.1"
    script: Callable[[Handler], None]
    seen: list[Handler]

    def do_GET(self) -> None:
        self.seen.append(self)
        self.targets = [*getattr(self, "targets", []), self.path]
        type(self).script(self)

    do_POST = do_GET  # noqa: N815 - the base class's way
    do_CONNECT = do_GET  # noqa: N815

    def say(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Stranger:
    """Where it is, and what it was asked: a handler for each request."""

    url: str
    seen: list[Handler] = field(default_factory=list)


@contextmanager
def a_stranger(script: Callable[[Handler], None]) -> Iterator[Stranger]:
    """A server that answers each request by this script."""
    found = Stranger("")
    kind = type("Scripted", (Handler,), {"script": script, "seen": found.seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        server.block_on_close = False
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
