"""Power cuts by the hundred: `make powercuts CUTS=2000`, and 200 of them in `make test`.

    python -m tests.crash.cuts --cuts 2000 [--seed 1] [--synchronous NORMAL]

A failure names the seed that plays it again.
"""

from __future__ import annotations

import argparse
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.crash.disk import Disk, Marked, Step, Written, write_image
from tests.crash.fixtures import OLD, old_ledger, whole_schema
from tests.crash.promises import History, examine
from tests.serving import unmeasured

from runwell.observe import LEVELS, log

ROOT = Path(__file__).parents[2]
CUTS_PER_HISTORY = 20
SHOWN_SECONDS = 5
MEMORY = Path("/dev/shm")  # the disk is simulated: what it lies on need not be one
MEMORY_BYTES_MIN = 1 << 30


@dataclass
class Figures:
    """What came of the cuts."""

    cuts: int = 0
    checked: int = 0
    beginnings: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lives = ", ".join(f"{number} {name}" for name, number in self.beginnings.items())
        return (
            f"power cuts: {self.cuts} in the lives of ledgers ({lives}); {self.checked} commits "
            f"were acknowledged before their cuts; {len(self.broken)} cuts lost or broke something"
        )


@dataclass
class Cutter:
    """Makes lives of ledgers, each by its own seed, and cuts the power in them."""

    folder: Path
    synchronous: str = "FULL"
    figures: Figures = field(default_factory=Figures)

    def cut(self, cuts: int, seed: int) -> Iterator[Figures]:
        """The figures after every cut."""
        for life in range(seed, seed + -(-cuts // CUTS_PER_HISTORY)):
            chance = Random(life)
            history = self._history(life, chance)
            for _ in range(min(CUTS_PER_HISTORY, cuts - self.figures.cuts)):
                self._cut_once(history, life, chance)
                yield self.figures
            self._clean()

    def _history(self, seed: int, chance: Random) -> History:
        """Of a new ledger, of one that an older version made, or of one that a cut left."""
        home = self.folder / "life"
        beginning = ("new", "old", "cut")[seed % 3]
        is_made = beginning == "old"
        if beginning == "old":
            old_ledger(home / "ledger.sqlite", chance.choice(OLD), chance.choice((1, 50, 2_000)))
        if beginning == "cut":
            before = self._recorded(self.folder / "before", seed + 1_000_000, segments=1)
            disk, known = _at(before, _a_moment(before.steps, chance))
            write_image(disk.after_cut(chance), home)
            is_made = known.is_open
        self.figures.beginnings[beginning] += 1
        history = self._recorded(home, seed, segments=chance.randrange(1, 4))
        history.is_made = is_made
        return history

    def _recorded(self, home: Path, seed: int, segments: int) -> History:
        out = self.folder / "history.pickle"
        options = {"seed": seed, "segments": segments, "synchronous": self.synchronous}
        flags = [f"--{name}={value}" for name, value in options.items()]
        subprocess.run(
            [sys.executable, "-m", "tests.crash.history", str(home), str(out), *flags],
            cwd=ROOT,
            env=unmeasured(),
            check=True,
        )
        history = pickle.loads(out.read_bytes())
        assert isinstance(history, History)
        return history

    def _cut_once(self, history: History, seed: int, chance: Random) -> None:
        moment = _a_moment(history.steps, chance)
        disk, known = _at(history, moment)
        image, copy = self.folder / "image", self.folder / "copy"
        files = disk.after_cut(chance)
        write_image(files, image)
        write_image(files, copy)
        try:
            whole_schema(copy / "ledger.sqlite")
            examine(image, history, known)
        except Exception as error:  # noqa: BLE001 - whatever keeps the ledger from opening is the finding
            what = f"seed {seed}, step {moment} of {len(history.steps)}: {error!r}"
            self.figures.broken.append(what)
        self.figures.cuts += 1
        self.figures.checked += known.acknowledged
        shutil.rmtree(image)
        shutil.rmtree(copy)

    def _clean(self) -> None:
        for name in ("life", "before"):
            shutil.rmtree(self.folder / name, ignore_errors=True)


def _a_moment(steps: list[Step], chance: Random) -> int:
    """How many steps are done when the power goes: any, or near one that is rare."""
    if chance.random() < 0.5:
        return chance.randrange(len(steps) + 1)
    rare = [place for place, step in enumerate(steps) if not isinstance(step, Written | Marked)]
    near = chance.choice(rare) + chance.randrange(-3, 4)
    return max(0, min(len(steps), near))


def _at(history: History, moment: int) -> tuple[Disk, Marked]:
    disk = Disk(history.files)
    disk.play(history.steps[:moment])
    return disk, disk.marked


@contextmanager
def a_folder() -> Iterator[Path]:
    is_roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES_MIN
    with tempfile.TemporaryDirectory(dir=MEMORY if is_roomy else None) as folder:
        yield Path(folder)


def main() -> int:
    log.least = LEVELS["error"]
    parser = argparse.ArgumentParser()
    parser.add_argument("--cuts", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--synchronous", default="FULL")
    asked = parser.parse_args()
    with a_folder() as folder:
        cutter = Cutter(folder, asked.synchronous)
        shown = time.monotonic()
        for figures in cutter.cut(asked.cuts, asked.seed):
            if time.monotonic() - shown > SHOWN_SECONDS:
                shown = time.monotonic()
                print(figures, flush=True)
    print(*cutter.figures.broken, sep="\n")
    print(cutter.figures)
    return 1 if cutter.figures.broken else 0


if __name__ == "__main__":
    sys.exit(main())
