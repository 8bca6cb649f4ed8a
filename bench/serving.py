"""Processes under measurement: runwell, and the reference behind gunicorn."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

BIN = Path(sys.executable).parent


@contextmanager
def runwell(data: Path) -> Iterator[str]:
    command = [BIN / "runwell", "serve", "--port", "0", "--data", str(data), "--log-level", "error"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().split()[-1]
    finally:
        server.terminate()
        assert server.wait() == 0


@contextmanager
def reference(database: str, kind: str) -> Iterator[str]:
    """`gunicorn`: 4 processes of 4 threads; `shipped`: the server that Flask brings along."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = database.replace("postgresql:", "postgresql+psycopg2:")
    environment = {**os.environ, "REFERENCE_URL": url}
    create = "from bench.reference.app import Base, engine; Base.metadata.create_all(engine)"
    subprocess.run([sys.executable, "-c", create], env=environment, check=True)
    commands = {
        "gunicorn": [
            *(BIN / "gunicorn", "-k", "gthread", "-w", "4", "--threads", "4", "--keep-alive", "75"),
            *("-b", f"127.0.0.1:{port}", "--log-level", "error", "bench.reference.app:app"),
        ],
        "shipped": [BIN / "flask", "--app", "bench.reference.app", "run", "--port", str(port)],
    }
    server = subprocess.Popen(
        commands[kind], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the reference did not start")


def load(url: str, **plan) -> dict:
    """One run of the load generator in a process of its own."""
    address = urlsplit(url)
    whole = {"host": address.hostname, "port": address.port, **plan}
    done = subprocess.run(
        [sys.executable, "-m", "bench.load", json.dumps(whole)],
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(done.stdout)
    assert result["failed"] == 0, result
    return result


def get(url: str):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)
