"""`runwell demo`: loads through the real endpoints, doubles nothing, serves until it is stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from base64 import b64decode
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw
import pytest
from tests.serving import DEADLINE_SECONDS, Server, run_cli

from runwell.demo import tekton
from runwell.demo.load import USUAL_EVENTS, DemoFailed, samples, send

DAY = date(2026, 11, 20)


def started(data: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "runwell", "demo", "--port", "0", "--data", str(data), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_second_run_doubles_nothing(tmp_path: Path):
    words = ["demo", "--exit", "--port", "0", "--data", str(tmp_path / "demo")]
    today = None
    while today != datetime.now(UTC).date():  # again if midnight passed between the runs
        today = datetime.now(UTC).date()
        first, second = run_cli(*words), run_cli(*words)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "requests/s" in first.stdout
    shown = first.stdout[first.stdout.index("by source") :]
    assert "pipeline_metrics" in shown
    assert "pytest_monitor" in shown
    assert "trunk" in shown
    assert " ets " in shown
    assert "tekton" in shown
    assert "slowest pipelines" in shown
    assert shown == second.stdout[second.stdout.index("by source") :]


def test_the_month_may_end_on_any_day(tmp_path: Path):
    words = ["--events", "2000", "--until", "2026-03-10", "--port", "0"]
    done = run_cli("demo", "--exit", "--data", str(tmp_path / "data"), *words)
    assert done.returncode == 0, done.stderr
    with Server(tmp_path / "data") as server:
        asked = quote('kind == "pipeline"')
        (row,) = server.get(f"/-/api/summary?summary=first_run,last_run&filter={asked}")["summary"]
    assert (row["first_run"][:10], row["last_run"][:10]) == ("2026-02-08", "2026-03-09")


def totals(server: Server) -> dict[str, int]:
    rows = server.get("/-/api/summary?summary=total&group_by=kind")["summary"]
    return {row["kind"]: row["total"] for row in rows}


def test_a_later_day_adds_its_own_events_only_and_another_seed_adds_its_own(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        send(server.url, samples(DAY, 1, 2_000))
        one_month = totals(server)
        assert one_month["session"] == 30
        assert one_month["test"] == 30 * 52
        send(server.url, samples(DAY + timedelta(days=1), 1, 2_000))
        assert totals(server)["session"] == 31
        assert totals(server)["test"] == 31 * 52
        assert totals(server)["context"] == 2
        send(server.url, samples(DAY + timedelta(days=1), 2, 2_000))
        assert totals(server)["session"] == 61
        assert totals(server)["pipeline"] > 1.8 * one_month["pipeline"]


def ids(today: date, seed: int, events: int = USUAL_EVENTS) -> set[object]:
    """What says which pipeline, session or test each request is about."""
    found = set()
    for request in samples(today, seed, events):
        body = json.loads(request.body)
        names = ("pipeline_id", "session_h", "item_start_time", "item_variant", "h", "name")
        (told,) = body.get("events", [body.get("event", {})])  # Trunk's, or ETS's
        found.add((request.path, told.get("id"), "finishedAt" in told, *map(body.get, names)))
    return found


def test_ids_derive_from_the_seed_and_the_day():
    assert samples(DAY, 1) == samples(DAY, 1)
    assert len(ids(DAY, 1)) == len(samples(DAY, 1))
    for other in (ids(DAY, 2), ids(DAY + timedelta(days=31), 1)):
        assert {item[0] for item in ids(DAY, 1) & other} == {"/api/v1/contexts/"}
    assert ids(DAY, 1) < ids(DAY, 1, 3 * USUAL_EVENTS)
    # one day leaves the month, one enters
    assert len(ids(DAY, 1) - ids(DAY + timedelta(days=1), 1)) < len(ids(DAY, 1)) / 20


def test_jenkins_builds_are_families_that_ended(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        send(server.url, [r for r in samples(DAY, 1) if "event" in r.path.lower()])
        rows = server.get("/-/api/summary?summary=total,running,failed&group_by=source,kind")
        found = {(row["source"], row["kind"]): row for row in rows["summary"]}
        assert found["trunk", "pipeline"]["total"] == 30 * 8
        assert found["trunk", "stage"]["total"] > 30 * 8 * 2
        sql = {"sql": "SELECT count(*) FROM trunk_sequences"}
        assert server.ask("POST", "/-/api/sql", sql).json["rows"] == [[2 + 3 + 2]]
        assert ("trunk", "sequence") not in found
        assert found["ets", "incident"]["total"] == 1
        assert found["ets", "deploy"]["total"] == found["ets", "commit"]["total"] >= 60
        assert found["ets", "deploy"]["failed"] > 0
        assert [row for row in found.values() if row["running"]] == []
        (run,) = server.get("/-/api/events?limit=1&order_by=arrival+asc&fields=scope,id")["events"]
        address = f"/-/api/events/trunk/{quote(run['scope'], safe='')}/{quote(run['id'])}/tree"
        tree = server.get(f"{address}?fields=kind,name")["root"]
        assert tree["event"]["kind"] == "pipeline"
        assert [child["event"]["name"] for child in tree["children"]][:2] == ["Build", "Test"]


def test_one_suite_grew_slower_and_one_test_eats_memory():
    tests = [json.loads(r.body) for r in samples(DAY, 1) if r.path == "/api/v1/metrics/"]
    since = (DAY - timedelta(days=9)).isoformat()

    def mean(component: str, *, late: bool) -> float:
        times = [
            test["total_time"]
            for test in tests
            if test["component"] == component and (test["item_start_time"] >= since) is late
        ]
        return sum(times) / len(times)

    assert mean("search", late=True) / mean("search", late=False) == pytest.approx(2.1, rel=0.05)
    assert mean("web", late=True) / mean("web", late=False) == pytest.approx(1, rel=0.05)
    hogs = {test["item_variant"] for test in tests if test["mem_usage"] > 100}
    assert hogs == {"test_billing_1[fast]"}


def test_tekton_runs_are_families_of_the_deploys_that_ets_knows(tmp_path: Path):
    wanted = ("/api/v1/event/", tekton.PARENTS)
    with Server(tmp_path / "data") as server:
        send(server.url, [r for r in samples(DAY, 1) if r.path.startswith(wanted)])

        def summary(asked: str) -> list[dict[str, Any]]:
            return server.get(f"/-/api/summary?{asked}")["summary"]

        (all_,) = summary("summary=total,running&filter=source==%22tekton%22")
        assert (all_["total"] > 900, all_["running"]) == (True, 0)
        runs = summary("summary=total,failed&filter=kind==%22pipeline%22&group_by=repo,pipeline")
        assert {row["repo"] for row in runs} == {"acme/webshop", "acme/billing", "acme/search", ""}
        assert sum(row["total"] for row in runs) == 66 * 4 + 30
        assert 5 < sum(row["failed"] for row in runs) < 60

        def shas(kind: str) -> set[str]:
            return {row["sha"] for row in summary(f"filter=kind==%22{kind}%22&group_by=sha")}

        assert shas("deploy") < shas("pipeline")
        rows = summary("filter=kind==%22task%22&group_by=name,pipeline&limit=2000")
        assert len(rows) > 600
        teams = server.get(
            f"{tekton.PARENTS}/-/results/-/records/summary"
            "?filter=data_type==PIPELINE_RUN%26%26data.metadata.labels.team==%22growth%22"
        )
        assert teams == {"summary": [{"total": 22 * 4}]}
        listed = server.get("/-/api/events?filter=kind==%22task%22&limit=1&fields=scope,id")
        (task,) = listed["events"]
        address = f"/-/api/events/tekton/{task['scope']}/{quote(task['id'], safe='')}/tree"
        root = server.get(f"{address}?fields=kind,name")["root"]
        assert root["event"]["kind"] == "result"
        assert root["children"][0]["event"]["kind"] == "pipeline"


def test_the_check_of_the_web_shop_got_slower_with_a_deploy():
    found: dict[tuple[str, bool], list[float]] = {}
    since = tekton._slower_since(DAY, 1, 1.0)
    for request in samples(DAY, 1):
        data = json.loads(request.body).get("data")
        run = json.loads(b64decode(data["value"])) if data else {"metadata": {"labels": {}}}
        if run["metadata"]["labels"].get("tekton.dev/pipelineTask") == tekton.SLOWER_TASK:
            began, ended = (
                datetime.fromisoformat(run["status"][name])
                for name in ("startTime", "completionTime")
            )
            pipeline = run["metadata"]["labels"]["tekton.dev/pipeline"]
            seconds = (ended - began).total_seconds()
            found.setdefault((pipeline, began >= since), []).append(seconds)

    def mean(pipeline: str, *, late: bool) -> float:
        return sum(found[pipeline, late]) / len(found[pipeline, late])

    assert mean("web-check", late=True) / mean("web-check", late=False) == pytest.approx(
        tekton.SLOWER_BY, rel=0.15
    )
    assert mean("search-check", late=True) / mean("search-check", late=False) == pytest.approx(
        1, rel=0.15
    )


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(name: signal.Signals, tmp_path: Path):
    demo = started(tmp_path / "demo", "--events", "2000")
    lines: list[str] = []
    while not any("runwell query" in line for line in lines):
        line = demo.stdout.readline()
        assert line, lines
        lines.append(line)
    demo.send_signal(name)
    _, errors = demo.communicate(timeout=DEADLINE_SECONDS)
    assert (demo.returncode, errors) == (0, "")
    invitation = "".join(lines[-7:])
    assert "/ is served from" in invitation
    assert invitation.count("curl 'http://127.0.0.1:") == 5


def loaded(data: Path) -> int:
    """How many events are on disk so far."""
    if not (data / "columns.duckdb").exists():  # made after the ledger, which must be made in peace
        return 0
    connection = apsw.Connection(str(data / "ledger.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    (count,) = connection.execute("SELECT count(*) FROM event").fetchone()
    connection.close()
    return count


def test_a_load_that_is_interrupted_says_so_and_goes_on_the_next_time(tmp_path: Path):
    data = tmp_path / "demo"
    demo = started(data, "--events", "50000")
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not loaded(data):
        assert demo.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    demo.send_signal(signal.SIGINT)
    _, errors = demo.communicate(timeout=DEADLINE_SECONDS)
    assert demo.returncode == 1
    assert errors.startswith("Error: not everything was loaded")
    assert "Traceback" not in errors
    again = run_cli("demo", "--exit", "--port", "0", "--events", "2000", "--data", str(data))
    assert again.returncode == 0, again.stderr


def test_a_refusal_is_told(tmp_path: Path):
    run_cli("token", "create", "ci", "--data", str(tmp_path / "demo"))
    done = run_cli("demo", "--exit", "--port", "0", "--data", str(tmp_path / "demo"))
    assert (done.returncode, "this directory has tokens" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr
    with Server(tmp_path / "data") as server:
        (request, *_) = samples(DAY, 1)
        wrong = type(request)(request.path, b"{}", request.good)
        with pytest.raises(DemoFailed, match="/api/v1/contexts/ answered 400"):
            send(server.url, [wrong])


def test_a_port_that_is_taken_is_told(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        port = server.url.rsplit(":", 1)[1]
        done = run_cli("demo", "--exit", "--port", port, "--data", str(tmp_path / "demo"))
        assert done.returncode == 1
        assert "--port 0 picks a free port" in done.stderr
