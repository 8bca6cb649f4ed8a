"""Fuzz the readers by what code an input reaches: `python -m tests.hostile.fuzz MINUTES [TARGET ...]`.

Not among the tests: it needs atheris, and as many minutes as one likes. Each target has a process of
its own and begins with what is recorded and what is known to be hostile. What breaks a reader is left
as a file in .fuzz/TARGET; it becomes a line of FOUND in test_readers.py with the repair.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["runwell"]):
    from tests.hostile.targets import TARGETS, run
    from tests.hostile.test_readers import FOUND, seeds

FOLDER = Path(".fuzz")
INPUT_BYTES_MAX = 4_096


def fill(name: str) -> Path:
    """The folder with what to begin with."""
    folder = FOLDER / name / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate([*seeds(name), *FOUND.get(name, [])]):
        (folder / f"seed-{number}").write_bytes(data[:INPUT_BYTES_MAX])
    return folder


def fuzz(name: str, seconds: int) -> None:
    """One target, until the time is over or something is found; ends the process."""
    options = [f"-max_total_time={seconds}", f"-max_len={INPUT_BYTES_MAX}", "-print_final_stats=1"]
    options += [f"-artifact_prefix={FOLDER / name}/", "-timeout=20", "-rss_limit_mb=3000"]
    atheris.Setup([sys.argv[0], *options, str(fill(name))], lambda data: run(name, data))
    atheris.Fuzz()


def main() -> int:
    """Every target in its turn; 1 if one of them broke."""
    if sys.argv[1] == "--one":
        fuzz(sys.argv[2], int(sys.argv[3]))
        return 0
    minutes, names = float(sys.argv[1]), sys.argv[2:] or list(TARGETS)
    seconds = max(int(minutes * 60 / len(names)), 1)
    broken = []
    for name in names:
        command = [sys.executable, "-m", "tests.hostile.fuzz", "--one", name, str(seconds)]
        ended = subprocess.run(
            command, capture_output=True, text=True, check=False, errors="replace"
        )
        told = [line for line in ended.stderr.splitlines() if "stat::number_of_executed" in line]
        print(name, "broken" if ended.returncode else "well", *told, flush=True)
        if ended.returncode:
            broken.append(name)
            print(ended.stderr[-3_000:])
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
