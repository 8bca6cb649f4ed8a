"""One server for the tests that only ask."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest
from tests.pgwire.serving import Serving

REPORT = {
    "jobs": [],
    "builds": [{"build-e2e": 64}],
    "ref": "master",
    "duration_e2e": 27,
    "jobs_failed": [],
    "has_restarts": False,
    "project": "test/project",
}
Psql = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server with 24 pipelines, one an hour, and a short deadline."""
    with Serving(tmp_path_factory.mktemp("pg"), query_seconds_max=4.0) as found:
        for number in range(24):
            at = f"2026-03-01T{number:02}:11:24+00:00"
            report = {**REPORT, "created_at": at, "duration": 90 + number, "pipeline_id": number}
            assert found.run(found.http.post("/save_metrics", json=report)).status_code == 200
        yield found


@pytest.fixture(scope="session")
def psql(serving: Serving) -> Psql:
    """The real psql, asked with `-c` for each text."""
    assert shutil.which("psql"), "psql is missing: install the package postgresql-client"

    def run(*texts: str, port: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        command = ["psql", "-X", "-w", "-h", "127.0.0.1", "-p", str(port or serving.port)]
        asked = [word for text in texts for word in ("-c", text)]
        settings = {"PGUSER": "anybody", "PGDATABASE": "anything", "PGCONNECT_TIMEOUT": "30"}
        return subprocess.run(
            [*command, *asked],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, **settings, **environment},
            check=False,
        )

    return run
