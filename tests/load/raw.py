"""Connections by hand: bytes as they are, when they are sent, and what comes back."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.serving import Server

PATIENCE_SECONDS = 60
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Raw:
    """One connection to a server; a context manager."""

    server: Server
    window: int = 0  # how many bytes the system takes for it, if not as many as it likes

    def __enter__(self) -> Raw:
        self.socket = socket.socket()
        if self.window:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.window)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.connect(address(self.server))
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """False: the server has closed the connection."""
        try:
            self.socket.sendall(data)
        except ConnectionError:
            return False
        return True

    def until_closed(self) -> bytes:
        """All that comes until the server has closed the connection."""
        heard = b""
        try:
            while data := self.socket.recv(65536):
                heard += data
        except ConnectionError:
            pass
        return heard

    def until(self, mark: bytes) -> bytes:
        """All that comes up to these bytes."""
        heard = b""
        while mark not in heard:
            data = self.socket.recv(65536)
            assert data, heard
            heard += data
        return heard


def address(server: Server) -> tuple[str, int]:
    """Its host and port."""
    parts = urlsplit(server.url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


def metrics(server: Server) -> dict[str, float]:
    """Every sample by its name with its labels, as they are written."""
    lines = server.ask("GET", "/-/metrics").body.decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def refused(server: Server, reason: str, protocol: str = "http") -> float:
    """How many requests were refused for a reason."""
    name = f'runwell_refused_total{{protocol="{protocol}",reason="{reason}"}}'
    return metrics(server).get(name, 0.0)


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until it does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def resident_bytes(server: Server) -> int:
    """The memory of the process."""
    return int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]) * PAGE_BYTES


def open_files(server: Server) -> int:
    """How many files and sockets the process has open."""
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
