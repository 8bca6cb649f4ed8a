"""What the process says of itself: its own numbers, as they are."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from tests.serving import Server

from runwell import __version__, vitals
from runwell.observe import METRICS


def samples_of(server: Server) -> dict[str, float]:
    text = server.ask("GET", "/-/metrics").body.decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_server_shows_its_process_its_files_and_its_disk(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        found = samples_of(server)
        assert found["process_open_fds"] == pytest.approx(
            len(list(Path(f"/proc/{server.process.pid}/fd").iterdir())), abs=3
        )
        assert abs(found["process_start_time_seconds"] - time.time()) < 30
        assert 0 < found["process_cpu_seconds_total"] < 60
        assert found["process_max_fds"] >= found["process_open_fds"]
        assert (
            10 * 2**20
            < found["process_resident_memory_bytes"]
            < found["process_virtual_memory_bytes"]
        )
        disk = os.statvfs(tmp_path)
        assert found["runwell_disk_free_bytes"] == pytest.approx(
            disk.f_bavail * disk.f_frsize, rel=0.2
        )
        assert found["runwell_ledger_bytes"] == (server.data / "ledger.sqlite").stat().st_size
        assert found["runwell_columns_bytes"] > 0
        assert found["runwell_columns_lag_seconds"] == 0
        assert "runwell_last_backup_timestamp_seconds" not in found
        (server.data / vitals.STAMP).write_text('{"made": 17.5, "bytes": 3}')
        found = samples_of(server)
        assert found["runwell_last_backup_timestamp_seconds"] == 17.5
        assert found["runwell_last_backup_bytes"] == 3
        (built,) = (name for name in found if name.startswith("runwell_build_info"))
        assert f'version="{__version__}"' in built
        assert found["runwell_ledger_log_bytes"] >= 0


def test_a_stamp_that_cannot_be_read_is_none(tmp_path: Path):
    for content in (b"", b"{}", b"\xff"):
        (tmp_path / vitals.STAMP).write_bytes(content)
        assert vitals.read_stamp(tmp_path) is None


def test_what_is_not_there_has_no_size(tmp_path: Path):
    found = {name: value for name, _, value in vitals.files(tmp_path / "no.sqlite", tmp_path)}
    assert found["runwell_ledger_bytes"] == found["runwell_ledger_log_bytes"] == 0


def test_a_process_without_proc_tells_what_it_can(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    now = vitals.resident_bytes()
    with_proc = {name for name, _, _ in vitals.process()}
    monkeypatch.setattr(vitals, "PROC", tmp_path / "missing")
    highest = vitals.resident_bytes()
    assert 1_000_000 < now <= highest * 1.5
    without = {name for name, _, _ in vitals.process()}
    assert "process_cpu_seconds_total" in without < with_proc <= METRICS.keys()


def test_a_start_says_its_version_its_directory_and_what_is_set(tmp_path: Path):
    with Server(tmp_path / "data", ("--query-threads", "3")) as server:
        pass
    (started,) = [
        line for line in map(json.loads, server.stderr().splitlines()) if line["event"] == "started"
    ]
    assert (started["version"], started["data"]) == (__version__, str(server.data))
    assert started["settings"] == {"port": 0, "data": str(server.data), "query_threads": 3}
