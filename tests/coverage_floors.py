"""Branch coverage floors: parsers, credentials and filters whole, the rest by its floor.

Run after `coverage combine`; ends with 1 and the list of what is below.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

FLOOR = 95.0
WHOLE = (
    "runwell/access.py",
    "runwell/cli/token.py",
    "runwell/clock.py",
    "runwell/filesystem.py",
    "runwell/filter/",
    "runwell/folders.py",
    "runwell/http/body.py",
    "runwell/http/browser.py",
    "runwell/http/credentials.py",
    "runwell/http/gate.py",
    "runwell/http/load.py",
    "runwell/http/router.py",
    "runwell/http/numbers.py",
    "runwell/http/openapi.py",
    "runwell/http/refusals.py",
    "runwell/protocols/ets/decode.py",
    "runwell/protocols/ets/lists.py",
    "runwell/protocols/ets/merge.py",
    "runwell/protocols/ets/times.py",
    "runwell/protocols/ets/yaml_text.py",
    "runwell/protocols/pipeline_metrics/decode.py",
    "runwell/protocols/pipeline_metrics/numbers.py",
    "runwell/protocols/pytest_monitor/decode.py",
    "runwell/protocols/tekton/lists.py",
    "runwell/protocols/tekton/mask.py",
    "runwell/protocols/tekton/names.py",
    "runwell/protocols/tekton/objects.py",
    "runwell/protocols/tekton/paging.py",
    "runwell/protocols/tekton/protojson.py",
    "runwell/protocols/tekton/questions.py",
    "runwell/protocols/tekton/rules.py",
    "runwell/protocols/tekton/summary.py",
    "runwell/protocols/trunk/attempts.py",
    "runwell/protocols/trunk/decode.py",
    "runwell/query/asked.py",
    "runwell/query/measures.py",
    "runwell/query/nearest.py",
    "runwell/query/series.py",
    "runwell/reach.py",
    "runwell/model/rollup.py",
    "runwell/protocols/tekton/retained.py",
    "runwell/retention/",
    "runwell/room.py",
    "runwell/store/columns/damage.py",
    "runwell/store/columns/expressions.py",
    "runwell/store/columns/rows.py",
    "runwell/store/columns/nearby.py",
    "runwell/store/columns/sandbox.py",
    "runwell/store/ledger/faults.py",
    "runwell/store/ledger/fold.py",
    "runwell/store/ledger/wal.py",
    "runwell/tokens.py",
    "runwell/web/asking.py",
    "runwell/web/page.py",
    "runwell/web/parameters.py",
    "runwell/web/series.py",
)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "coverage.json"
        command = [sys.executable, "-m", "coverage", "json", "--quiet", "-o", str(file)]
        subprocess.run(command, check=True)
        report = json.loads(file.read_text())
    below = []
    for name, found in report["files"].items():
        covered = found["summary"]["percent_covered"]
        if any(part in name for part in WHOLE) and covered < 100:
            below.append(f"{name}: {covered:.1f} % of 100 %: lines {found['missing_lines']}")
    total = report["totals"]["percent_covered"]
    if total < FLOOR:
        below.append(f"all: {total:.1f} % of {FLOOR} %")
    print("\n".join(below) or f"coverage: {total:.1f} % of branches and lines, parsers 100 %")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
