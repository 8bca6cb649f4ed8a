"""The real plugin, pytest-monitor 1.6.6, in environments of its own, against a real server."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest
from tests.clients.venvs import client_python
from tests.serving import Server, run_cli

PYTESTS = ["pytest-8.4", "pytest-9.1"]
METRIC_FIELDS = ["total_time", "user_time", "kernel_time", "cpu_usage", "mem_usage"]
SUITE = """
    import pytest

    pytest_monitor_component = "demo"

    def test_plain():
        assert sum(range(1000)) == 499500

    @pytest.mark.parametrize("x", [1, "a-b"])
    def test_param(x):
        assert x

    class TestInClass:
        def test_method(self):
            pass

    def test_fails():
        assert False

    @pytest.mark.skip
    def test_skipped():
        pass
"""


@pytest.fixture(scope="module", params=PYTESTS)
def python(request: pytest.FixtureRequest) -> Path:
    return client_python(request.param)


@pytest.fixture
def server(tmp_path: Path):
    with Server(tmp_path / "data") as running:
        yield running


def suite(folder: Path, name: str = "test_suite.py", text: str = SUITE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(dedent(text))
    return folder


def start(python: Path, folder: Path, url: str, *flags: str) -> subprocess.Popen[str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST", "COVERAGE", "COV_", "RUNWELL"))
    }
    return subprocess.Popen(
        [
            python,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "--remote-server",
            f"{url}/api/v1",
            *flags,
        ],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(python: Path, folder: Path, url: str, *flags: str) -> str:
    output, _ = start(python, folder, url, *flags).communicate(timeout=120)
    return output


def rows_of(server: Server) -> list[dict]:
    reply = server.ask("GET", "/api/v1/metrics/?per_page=10000")
    return reply.json["metrics"] if reply.status == 200 else []


def variants(server: Server) -> list[str]:
    return sorted(row["item_variant"] for row in rows_of(server) if row["kind"] == "function")


def test_every_passing_test_arrives_with_the_values_the_plugin_measured(
    python: Path, server: Server, tmp_path: Path
):
    folder = suite(tmp_path / "suite")
    said = ["--tag", "env=dev", "--tag", "numpy=1.17", "--description", "mine"]
    output = run(python, folder, server.url, "--restrict-scope-to", "function,module", *said)

    assert "1 failed, 4 passed, 1 skipped" in output, output
    assert variants(server) == ["test_method", "test_param[1]", "test_param[a, b]", "test_plain"]
    local = sqlite3.connect(folder / ".pymon")
    measured = local.execute(
        f"SELECT ITEM_VARIANT, KIND, COMPONENT, {','.join(METRIC_FIELDS).upper()} FROM TEST_METRICS"
    ).fetchall()
    local.close()
    arrived = [
        tuple(row[name] for name in ["item_variant", "kind", "component", *METRIC_FIELDS])
        for row in rows_of(server)
    ]
    assert sorted(arrived) == sorted(measured)
    assert {row[1] for row in arrived} == {"function", "module"}
    (session,) = server.get("/api/v1/sessions/")["sessions"]
    tags = {tag["name"]: tag["value"] for tag in session["tags"]}
    assert tags == {"description": "mine", "env": "dev", "numpy": "1.17"}


def test_a_second_run_finds_its_context(python: Path, server: Server, tmp_path: Path):
    folder = suite(tmp_path / "suite")
    frequency = {"PYTEST_MONITOR_FORCE_CPU_FREQ": "1", "PYTEST_MONITOR_CPU_FREQ": "2000"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", {**os.environ, **frequency})
        for _ in range(2):
            run(python, folder, server.url)

    assert server.get("/api/v1/contexts/count") == {"count": 1}
    assert server.get("/api/v1/sessions/count") == {"count": 2}
    assert len(variants(server)) == 8


def test_six_processes_on_a_fresh_server_lose_nothing(python: Path, server: Server, tmp_path: Path):
    # The plugin names a session by its microsecond, revision and description: without one of its
    # own, two that begin in the same microsecond are one session to any server.
    running = [
        start(python, suite(tmp_path / name), server.url, "--description", name)
        for name in (f"suite{number}" for number in range(6))
    ]
    outputs = [process.communicate(timeout=300)[0] for process in running]

    assert len(variants(server)) == 6 * 4, outputs
    assert len({row["session_h"] for row in rows_of(server)}) == 6, rows_of(server)
    assert server.get("/api/v1/sessions/count") == {"count": 6}, server.get("/api/v1/sessions/")
    assert not [output for output in outputs if "Cannot" in output or "ERROR" in output]


def test_xdist_workers_lose_nothing(python: Path, server: Server, tmp_path: Path):
    folder = suite(tmp_path / "suite")
    for number in range(4):
        suite(folder, f"test_more_{number}.py")
    output = run(python, folder, server.url, "-n", "4")

    assert "5 failed, 20 passed, 5 skipped" in output, output
    assert len(variants(server)) == 20
    # the controller's and the workers', of which two may have begun in the same microsecond
    sessions = {session["session_h"] for session in server.get("/api/v1/sessions/")["sessions"]}
    assert {row["session_h"] for row in rows_of(server)} < sessions


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_restart_between_two_runs_loses_nothing(python: Path, tmp_path: Path, end: str):
    folder = suite(tmp_path / "suite")
    server = Server(tmp_path / "data").start()
    run(python, folder, server.url)
    before = rows_of(server)
    getattr(server, end)()

    server.start()
    assert rows_of(server) == before
    run(python, folder, server.url)
    assert len(variants(server)) == 8
    assert rows_of(server)[: len(before)] == before
    assert server.stop() == 0


def test_credentials_in_the_address_are_enough(python: Path, server: Server, tmp_path: Path):
    token = run_cli("token", "create", "ci", "--data", str(server.data)).stdout.strip()
    folder = suite(tmp_path / "suite")
    host = server.url.removeprefix("http://")

    run(python, folder, f"http://ci:{token[:-1]}x@{host}")
    run(python, folder, f"http://ci:{token}@{host}")

    assert server.ask("GET", "/api/v1/metrics/count").status == 401
    asked = server.ask("GET", "/api/v1/sessions/count", Authorization=f"Bearer {token}")
    assert asked.json == {"count": 1}
