"""Damaged files of a store: refused, told or mended; the answers are never silently wrong."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.serving import unmeasured

CASES = os.environ.get("RUNWELL_DAMAGE_CASES", "200")


def test_no_damage_to_a_file_makes_an_answer_wrong(capsys):
    command = [sys.executable, "-m", "tests.storage.damage", "--cases", CASES]
    done = subprocess.run(command, capture_output=True, text=True, env=unmeasured(), check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with capsys.disabled():
        print(f"\ndamaged files:\n{done.stdout}")
