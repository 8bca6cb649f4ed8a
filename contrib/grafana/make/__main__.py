"""`python contrib/grafana/make`: write the dashboards anew from what is described here."""

from __future__ import annotations

from pathlib import Path

import deploys
import pipeline_metrics
import pipelines
import testing
from itself import write_itself
from model import Source, write

DASHBOARDS = {
    "pipelines.json": pipelines.DASHBOARD,
    "tests.json": testing.DASHBOARD,
    "deploys.json": deploys.DASHBOARD,
    "pipeline-metrics.json": pipeline_metrics.DASHBOARD,
}
FOLDERS: dict[Source, str] = {"postgresql": "dashboards", "infinity": "dashboards/infinity"}


def files(root: Path) -> dict[Path, str]:
    """Every file and its text."""
    return {
        root / folder / name: write(dashboard, source)
        for source, folder in FOLDERS.items()
        for name, dashboard in DASHBOARDS.items()
    }


if __name__ == "__main__":
    folder = Path(__file__).parents[1]
    itself = {folder.parent / "prometheus" / "dashboard.json": write_itself()}
    for path, text in (files(folder) | itself).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
