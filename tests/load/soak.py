"""A steady load for long: `python -m tests.load.soak --minutes 60`. Does anything grow that must not?

Events by every protocol, questions, connections that come and go. Once a minute and at the end it
prints memory and open files; ends with 1 if memory grows or a file stays open.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time
from typing import Any

from tests.load.overload import MIB, a_server, generate
from tests.load.raw import open_files, resident_bytes
from tests.serving import Server

RATE = 150  # requests per second
TURN_SECONDS = 10
NOISE_MIB = 16  # between two looks at a process that does nothing new
SLOPE_MIB = 1  # an hour
NOISE_FILES = 8
QUESTIONS = (
    "/-/api/summary?group_by=source,kind&summary=total,p95(duration)",
    "/-/api/events?limit=100",
    "/api/v1/metrics/?per_page=100",
    "/-/metrics",
)


def ask_on(server: Server, is_over: threading.Event, statuses: set[int]) -> None:
    """Questions, each on a connection of its own."""
    place = 0
    while not is_over.wait(0.5):
        statuses.add(server.ask("GET", QUESTIONS[place % len(QUESTIONS)]).status)
        place += 1


def soak(server: Server, minutes: float) -> dict[str, Any]:
    """Samples of memory and files while all of that goes on."""
    is_over, statuses = threading.Event(), set[int]()
    asking = threading.Thread(target=ask_on, args=(server, is_over, statuses))
    asking.start()
    memory: list[float] = []
    files: list[int] = []
    ended = time.monotonic() + minutes * 60
    first = 1
    while time.monotonic() < ended:
        load = generate(server, TURN_SECONDS, 50, rate=RATE, first=first)
        statuses |= {int(status) for status in load["statuses"]}
        first += 1_000_000
        memory.append(resident_bytes(server) / MIB)
        files.append(open_files(server))
        if len(memory) % 6 == 0:
            print(f"{len(memory) * TURN_SECONDS} s: {memory[-1]:.0f} MiB, {files[-1]} files")
    is_over.set()
    asking.join()
    fifth = max(1, len(memory) // 5)
    early, late = (
        memory[2 * fifth : 3 * fifth] or memory,
        memory[-fifth:],
    )  # caches are full by then
    return {
        "minutes": minutes,
        "statuses": sorted(statuses),
        "memory_mib": [round(statistics.median(early), 1), round(statistics.median(late), 1)],
        "files": [min(files), max(files[fifth:] or files), files[-1]],
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    minutes = parser.parse_args().minutes
    with a_server() as server:
        found = soak(server, minutes)
    print(json.dumps(found))
    before, after = found["memory_mib"]
    fewest, _, last = found["files"]
    grows = after - before > NOISE_MIB + SLOPE_MIB * minutes / 60
    leaks = last - fewest > NOISE_FILES + 50  # those of the load's connections
    print("memory grows" if grows else "files stay open" if leaks else "flat")
    return 1 if grows or leaks else 0


if __name__ == "__main__":
    sys.exit(main())
