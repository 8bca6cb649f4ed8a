"""Start-up, resident memory, `--help`, size of the wheel."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figure import Figure
from bench.serving import BIN, get

RUNS = 9


def figures(*, quick: bool) -> list[Figure]:
    runs = 3 if quick else RUNS
    starts, resident = zip(*[_start() for _ in range(runs)], strict=True)
    python = _milliseconds([sys.executable, "-c", "pass"], runs)
    helps = {
        name: _milliseconds([BIN / "runwell", *name.split(), "--help"], runs)
        for name in ("", "serve", "demo", "query", "token", "doctor")
    }
    slowest = max(helps, key=lambda name: helps[name])
    seconds, mib = statistics.median(starts), statistics.median(resident)
    return [
        Figure("exec to ready", seconds, "s", target="<= 1.5 s", met=seconds <= 1.5),
        Figure("idle resident memory", mib, "MiB", target="<= 150 MiB", met=mib <= 150),
        Figure(
            f"slowest --help ({slowest or 'runwell'})",
            helps[slowest],
            "ms",
            "python -c pass",
            python,
            helps[slowest] / python,
            "<= 150 ms",
            helps[slowest] <= 150,
        ),
    ]


def _start() -> tuple[float, float]:
    """Seconds from exec to the ready line, and MiB resident a second later."""
    folder = Path(tempfile.mkdtemp(prefix="runwell-bench-"))
    began = time.perf_counter()
    command = [BIN / "runwell", "serve", "--port", "0", "--data", folder, "--log-level", "error"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    url = server.stdout.readline().split()[-1]
    seconds = time.perf_counter() - began
    get(f"{url}/-/api/summary")
    time.sleep(1)
    pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
    server.terminate()
    assert server.wait() == 0
    return seconds, pages * 4096 / 2**20


def _milliseconds(command: list, runs: int) -> float:
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)
