"""Virtual environments of the upstream clients, made once and kept until their lock file changes."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent / ".venvs"


def client_python(name: str) -> Path:
    """The interpreter of the environment that `<name>.txt` describes; made if it is not there."""
    lock = HERE / f"{name}.txt"
    stamp = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = ROOT / f"{name}-{stamp}"
    python, done = folder / "bin" / "python", folder / "complete"
    ROOT.mkdir(exist_ok=True)
    with (ROOT / f"{folder.name}.lock").open("w") as lock_file:  # another process may want it too
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        if not done.exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            install = ["-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock]
            subprocess.run([python, *install], check=True)
            done.touch()
    return python
