"""What the quickstart and the page of each source say in shell and SQL runs, and finds something."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest
from tests.client.loading import databases
from tests.pages import HERE, blocks, read
from tests.serving import Server

from runwell.demo import ets, pipeline_metrics, pytest_monitor, tekton, trunk
from runwell.demo.load import send

# Page -> the source whose month is there already, as it is for somebody who reads the page.
PAGES: dict[str, ModuleType | None] = {
    "quickstart": None,
    "pytest": pytest_monitor,
    "pipeline-metrics": pipeline_metrics,
    "trunk": trunk,
    "jenkins": trunk,
    "ets": ets,
    "tekton": tekton,
}
PROLOGUE = """
set -euo pipefail
curl() { command curl --silent --show-error --fail "$@"; }
"""
MARK = "-- next block --\n"
NOTHING = re.compile(r'^\s*$|no events|no rows|"(summary|events|series|records)": ?\[\]')
REPORT = (
    '{"pipeline_id": 7, "project": "old", "ref": "master", "created_at": "2023-06-13T07:11:24.029000Z",'
    ' "duration": 97, "duration_e2e": 27, "has_restarts": false, "builds": [], "jobs": [], "jobs_failed": []}\n'
)


def run(server: Server, folder: Path, script: list[str], **environment: str) -> list[str]:
    """What each block prints; they share their variables and their folder."""
    text = PROLOGUE + "".join(f"echo '{MARK.strip()}'\n{block}" for block in script)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    said = {"RUNWELL_URL": server.url, "XDG_CACHE_HOME": str(folder / "cache"), "PATH": path}
    done = subprocess.run(
        ["bash", "-c", text.replace(HERE, server.url)],
        cwd=folder,
        env={**os.environ, **said, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split(MARK)[1:]


def furnish(folder: Path) -> dict[str, str]:
    """What the pages expect beside them: scripts, old data, variables of a CI system."""
    for name in ("deploy.sh", "build.sh"):
        (folder / name).write_text("#!/bin/sh\nexit 0\n")
        (folder / name).chmod(0o755)
    databases.write(folder / ".pymon")
    (folder / "reports.ndjson").write_text(REPORT)
    return {"GIT_COMMIT": "cafe", "VERSION": "1.8.0", "BUILD": "1"}


def test_every_block_of_the_readme_and_of_the_filters_page_runs(tmp_path: Path):
    text = read("README.md").replace(".venv/bin/runwell", "runwell")
    script = [block.text for block in blocks(text, "sh")]
    script += [block.text for block in blocks(read("docs/filters.md"), "sh")]
    assert len(script) >= 7
    with Server(tmp_path / "data") as server:
        printed = run(server, tmp_path, script)
        results = server.get("/apis/results.tekton.dev/v1alpha2/parents/shop/results")["results"]
        sources = server.get("/-/api/summary?summary=distinct(source)")["summary"]
    assert (len(results), sources) == (1, [{"distinct(source)": 4}])  # a result is no event
    assert not NOTHING.search(printed[5]), printed[5]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_runs_and_finds_something(page: str, tmp_path: Path):
    text = read(f"docs/{page}.md")
    script = [block.text for block in blocks(text, "sh")]
    with Server(tmp_path / "my-data") as server:
        if source := PAGES[page]:
            send(server.url, list(source.requests(date(2026, 11, 20), 1)))
        printed = run(server, tmp_path, script, **furnish(tmp_path))
        assert len(printed) == len(script)
        for block, output in zip(script, printed, strict=True):
            assert not NOTHING.search(output), block + output
        for block in blocks(text, "sql"):
            reply = server.ask("POST", "/-/api/sql", {"sql": block.text})
            assert reply.status == 200, (block.text, reply.body)
            assert reply.json["rows"], block.text


def test_what_an_old_ets_lists_becomes_the_same_here_once(tmp_path: Path):
    (script,) = (
        block.text for block in blocks(read("docs/ets.md"), "sh") if "OLD_ETS" in block.text
    )
    listing = "/api/v1/event/?count=1000"
    with Server(tmp_path / "old") as old, Server(tmp_path / "new") as new:
        send(old.url, list(ets.requests(date(2026, 11, 20), 1)))
        for _ in range(2):
            run(new, tmp_path, [script], OLD_ETS=old.url)
            assert new.get(listing)["result"] == old.get(listing)["result"]


def test_a_token_closes_the_server_of_the_quickstart(tmp_path: Path):
    script = [block.text for block in blocks(read("docs/quickstart.md"), "sh")]
    with Server(tmp_path / "my-data") as server:
        run(server, tmp_path, script)
        assert server.ask("GET", "/-/api/summary").status == 401


def test_the_old_tables_of_the_pipeline_metrics_page_are_those_that_are_here(tmp_path: Path):
    """The script reads the original's database; its tables have their names and columns here."""
    (script,) = blocks(read("docs/pipeline-metrics.md"), "console")
    tables = re.findall(r"FROM (metrics_\w+) AS (\w)", script.text)
    assert len(tables) == 4
    with Server(tmp_path / "data") as server:
        found = server.get("/-/api/relations")["relations"]
        columns = {one["name"]: {column["name"] for column in one["columns"]} for one in found}
        for table, short in tables:
            assert set(re.findall(rf"\b{short}\.(\w+)", script.text)) <= columns[table]
