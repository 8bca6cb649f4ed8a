"""A PostgreSQL of its own in a temporary directory, fsync on; gone at the end."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "postgres"


def _bin(name: str) -> str:
    found = shutil.which(name) or next(
        map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), ""
    )
    assert found, f"{name} is not installed (Debian: postgresql)"
    return found


def _as_user(*command: str) -> None:
    """initdb and pg_ctl refuse to run as root."""
    prefix = (
        ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
        if os.geteuid() == 0
        else []
    )
    subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL, cwd="/")


@contextmanager
def postgres(**settings: str) -> Iterator[str]:
    """The address of an empty database, for psycopg2; all but these settings are the defaults."""
    folder = Path(tempfile.mkdtemp(prefix="runwell-bench-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER, USER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _as_user(_bin("initdb"), "-D", f"{folder}/data", "-U", USER, "--auth=trust", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    options += "".join(f" -c {name}={value}" for name, value in settings.items())
    control = [_bin("pg_ctl"), "-D", f"{folder}/data", "-w", "-l", f"{folder}/log"]
    _as_user(*control, "-o", options, "start")
    try:
        yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"
    finally:
        _as_user(*control, "-m", "fast", "stop")
        shutil.rmtree(folder)
