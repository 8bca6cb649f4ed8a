"""kill -9 in the middle of a migration: the schema is the old one or the new, never between."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from tests.crash.cuts import ROOT
from tests.crash.fixtures import NEWEST, OLD, old_ledger, whole_schema
from tests.crash.promises import state_of
from tests.serving import unmeasured

from runwell.store.ledger import open_ledger

KILLS = 20
EVENTS = 5_000


def opened(file: Path, last_step: int = -1) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.crash.deadly", str(file), str(last_step)],
        cwd=ROOT,
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=False,
    )


def copied(folder: Path, to: Path) -> Path:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)
    return to / "ledger.sqlite"


@pytest.mark.parametrize("version", OLD)
def test_a_migration_that_was_killed_leaves_a_whole_schema_and_the_next_start_ends_it(
    tmp_path: Path, version: int
):
    old = tmp_path / "old"
    old_ledger(old / "ledger.sqlite", version, EVENTS)
    reference = copied(old, tmp_path / "whole")
    steps = int(opened(reference).stdout)
    assert whole_schema(reference) == NEWEST
    with closing(open_ledger(f"sqlite:///{reference}")) as ledger:
        wanted = state_of(ledger)
    assert len(wanted) == EVENTS + 1  # and up to where removals are forgotten

    chance = Random(20261121 + version)
    left = []
    for step in [1, steps, *(chance.randrange(1, steps + 1) for _ in range(KILLS))]:
        file = copied(old, tmp_path / "killed")
        assert opened(file, step).returncode == -9
        seen = whole_schema(copied(file.parent, tmp_path / "copy"))
        assert version <= seen <= NEWEST
        left.append(seen)
        with closing(open_ledger(f"sqlite:///{file}")) as ledger:
            assert ledger.check() == [], f"killed at step {step} of {steps}"
            assert state_of(ledger) == wanted, f"killed at step {step} of {steps}"
        assert whole_schema(file) == NEWEST
    assert left[:2] == [version, NEWEST]
