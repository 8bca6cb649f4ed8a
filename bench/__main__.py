"""`python -m bench [ingest|batches|query|tekton ...] [--quick] [--records N] [--json FILE]`."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from bench import batches, export, footprint, ingest, query, questions, tekton, tekton_columns
from bench.figure import show

PARTS = {
    "footprint": footprint.figures,
    "ingest": ingest.figures,
    "batches": batches.figures,
    "query": query.figures,
    "questions": questions.figures,
    "export": export.figures,
    "tekton": tekton.figures,
    "tekton-columns": tekton_columns.figures,
}
SIZED = {"tekton", "tekton-columns", "export"}  # take --records


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=[])
    parser.add_argument("--quick", action="store_true", help="short runs, for a look")
    parser.add_argument(
        "--records", type=int, help="how many records or events, if not as many as due"
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    asked = parser.parse_args()
    found = []
    for name in asked.parts or PARTS:
        print(f"{name} ...", flush=True)
        size = {"count": asked.records} if name in SIZED else {}
        found += PARTS[name](quick=asked.quick, **size)
    show(found)
    if asked.json:
        asked.json.write_text(json.dumps([asdict(figure) for figure in found], indent=2) + "\n")


if __name__ == "__main__":
    main()
