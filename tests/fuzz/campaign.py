"""Ask every operation of the OpenAPI document many times, and compare each answer with it.

    python -m tests.fuzz.campaign --cases 1000 [--seed 7]

The operations are shared out among processes, whose coverage is not measured: that takes time.
"""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.serving import unmeasured

PARTS = 2
SECONDS_A_CASE = 5  # of all operations together, many times what it takes
SECONDS_AT_LEAST = 600


@dataclass
class Campaign:
    """What came of it, all parts together."""

    cases: Counter[str] = field(default_factory=Counter)  # by operation
    statuses: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)  # answers below 400, by operation
    failures: dict[str, Any] = field(default_factory=dict)  # the first of each kind

    def __str__(self) -> str:
        statuses = ", ".join(f"{count} x {status}" for status, count in self.statuses.most_common())
        return f"{len(self.cases)} operations, {self.cases.total()} cases: {statuses}"


def campaign(cases: int, seed: int | None) -> Campaign:
    """So many cases an operation; without a seed always the same."""
    total = Campaign()
    parts = [_start(cases, part, seed) for part in range(PARTS)]
    try:
        for process in parts:
            text, complaints = process.communicate(
                timeout=SECONDS_AT_LEAST + SECONDS_A_CASE * cases
            )
            assert process.returncode == 0, complaints[-4000:]
            found = json.loads(text)
            total.failures |= found["failures"]
            total.cases.update(found["cases"])
            total.statuses.update(found["statuses"])
            total.accepted.update(found["accepted"])
    finally:
        for process in parts:
            process.kill()
            process.wait()
    return total


def _start(cases: int, part: int, seed: int | None) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "ignore", "-m", "tests.fuzz.part", "--cases", str(cases)]
    command += ["--part", str(part), "--of", str(PARTS)]
    command += [] if seed is None else ["--seed", str(seed)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=unmeasured()
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, help="random, and told, if not given")
    options = parser.parse_args()
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    began = time.monotonic()
    total = campaign(options.cases, seed)
    print(f"{total}; {time.monotonic() - began:.0f} s, seed {seed}")
    for kind, failure in total.failures.items():
        print(f"\n{kind}", *(f"    {name}: {text}" for name, text in failure.items()), sep="\n")
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
