"""Everything a user can name is documented, and what the documents say runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from base64 import b64encode
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.apps import play
from tests.serving import Server

from runwell.cli import COMMANDS
from runwell.config import SETTINGS
from runwell.demo import ets, pipeline_metrics, pytest_monitor, tekton, trunk
from runwell.filter.cel.calls import CALLS
from runwell.observe import METRICS
from runwell.query import ABOUT, FIELDS, MEASURES
from runwell.tokens import Tokens

ROOT = Path(__file__).parents[1]
REFERENCE = (ROOT / "docs" / "reference.md").read_text("utf-8")
JSON_TYPE = {"Content-Type": "application/json"}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_documented_with_its_default(name: str):
    item = SETTINGS[name]
    shown = str(item.default).lower() if isinstance(item.default, bool) else item.default
    assert (
        f"| `{name}` | {shown if shown != '' else 'none'} | {item.metadata['doc']} |" in REFERENCE
    )


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_documented(name: str):
    assert f"| `{name}` | {METRICS[name][0]} | {METRICS[name][1]} |" in REFERENCE


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str):
    assert f"`runwell {name}" in REFERENCE


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_is_documented(name: str):
    assert f"`{name}`" in REFERENCE


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_documented_as_it_describes_itself(name: str):
    assert f"| `{name}` | {FIELDS[name]} | {ABOUT[name]} |" in REFERENCE


def test_every_route_is_documented(tmp_path: Path):
    async def scenario(app, _client):
        for item in app.mounted:
            name = item.protocol.name
            readme = ROOT / "src" / "runwell" / "protocols" / name / "README.md"
            text = REFERENCE if name == "runwell" else readme.read_text("utf-8")
            for endpoint in item.endpoints:
                words = [word for word in endpoint.path.split("/") if word and "{" not in word]
                missing = [word for word in words if word not in ("api", "v1") and word not in text]
                assert missing == [], endpoint.path

    play(tmp_path, scenario)


def test_every_dependency_has_its_reason():
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [re.match(r"[a-z0-9-]+", line)[0] for line in project["dependencies"]]
    for file in ("dev.in", "bench.in"):
        wanted += (ROOT / "requirements" / file).read_text("utf-8").split()
    assert [name for name in wanted if name not in text and name != "tzdata"] == []


def cells(page: str, start: str) -> list[str]:
    """What stands in a page's table cells between backticks and begins like this."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    found = re.findall(rf"`({re.escape(start)}[^`]*)`", text)
    assert found
    return found


def test_every_question_of_the_jenkins_page_is_answered(tmp_path: Path):
    async def scenario(_app, client):
        for case in json.loads((ROOT / "tests" / "cases" / "trunk.json").read_text())["cases"]:
            if case["id"] in ("jenkins-05-run-completed", "jenkins-03-stage-completed"):
                answer = await client.post(case["path"], json=case["body"])
                assert answer.status_code == 200
        for sql in cells("jenkins.md", "SELECT"):
            answer = await client.post("/-/api/sql", json={"sql": sql})
            assert answer.status_code == 200, (sql, answer.text)
            assert answer.json()["rows"] or "HAVING" in sql

    play(tmp_path, scenario)


def test_the_deploy_script_of_the_ets_page_runs_and_its_questions_are_answered(tmp_path: Path):
    text = (ROOT / "docs" / "ets.md").read_text("utf-8")
    script = re.search(r"```sh\n(.*?)```", text, re.DOTALL)[1]
    (tmp_path / "deploy.sh").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "deploy.sh").chmod(0o755)
    with Server(tmp_path / "data") as server:
        done = subprocess.run(
            ["bash", "-euc", script.replace("http://127.0.0.1:8080", server.url)],
            cwd=tmp_path,
            env={**os.environ, "GIT_COMMIT": "cafe", "VERSION": "1.8.0"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert '"status": ["pending", "fail"]' in done.stdout
        listed = server.get("/api/v1/event/?tag=type:deploy&tag=service:web")
        assert (listed["count"], listed["result"][0]["parent_id"]) == (1, "commit-cafe")
        id_ = listed["result"][0]["id"]
        for address in cells("ets.md", "/"):
            assert server.ask("GET", address.replace("deploy-web-1/", f"{id_}/")).status == 200


def test_every_filter_of_the_filters_page_finds_something(tmp_path: Path):
    page = (ROOT / "docs" / "filters.md").read_text("utf-8")
    lists = f"{tekton.PARENTS}/-/results"
    addresses = {
        "cel": ("/-/api/events?limit=5", "events"),
        "cel-records": (f"{lists}/-/records?page_size=5", "records"),
        "cel-results": (f"{lists}?page_size=5", "results"),
    }
    filters = [
        (kind, line)
        for kind, block in re.findall(r"```(cel\S*)\n(.*?)```", page, re.DOTALL)
        for line in block.splitlines()
    ]
    assert {kind for kind, _ in filters} == set(addresses)
    assert len(filters) > 20

    async def scenario(_app, client):
        parts = (pytest_monitor, 80), (pipeline_metrics, 400), (trunk, 80), (ets, 200)
        for source, count in (*parts, (tekton, 2_000)):
            for request in islice(source.requests(date(2026, 11, 20), 1), count):
                answer = await client.post(request.path, content=request.body, headers=JSON_TYPE)
                assert answer.status_code in request.good
        for kind, line in filters:
            address, name = addresses[kind]
            answer = await client.get(f"{address}&filter={quote(line)}")
            assert answer.status_code == 200, (line, answer.text)
            assert answer.json()[name], line

    play(tmp_path, scenario)


def test_every_error_of_the_filters_page_is_answered_so(tmp_path: Path):
    page = (ROOT / "docs" / "filters.md").read_text("utf-8")
    errors = [block.rstrip("\n") for block in re.findall(r"```text\n(.*?)```", page, re.DOTALL)]
    assert len(errors) == 4

    async def scenario(_app, client):
        for error in errors:
            asked = error.splitlines()[1].removeprefix(" | ")
            answer = await client.get(f"/-/api/events?filter={quote(asked)}")
            assert (answer.status_code, answer.json()["detail"]) == (400, error)
        answer = await client.get(f"{tekton.PARENTS}/-/results?filter={quote('statu == 1')}")
        assert answer.json()["message"].startswith("error compiling CEL filters: ERROR: ")

    play(tmp_path, scenario)


@pytest.mark.parametrize("name", CALLS)
def test_every_function_of_filters_is_documented(name: str):
    assert f"`{name}`" in (ROOT / "docs" / "filters.md").read_text("utf-8")


def test_the_script_of_the_tekton_page_copies_what_is_new_or_changed(tmp_path: Path):
    script = re.search(
        r"```python\n(.*?)```", (ROOT / "docs" / "tekton.md").read_text("utf-8"), re.DOTALL
    )[1]
    token = Tokens(tmp_path / "new").create("copy", ["read", "write"])
    with Server(tmp_path / "old") as old, Server(tmp_path / "new") as new:
        sent = list(islice(tekton.requests(date(2026, 11, 20), 1), 300))
        for request in sent:
            assert old.ask("POST", request.path, request.body).status == 200
        results = sum(request.path.endswith("/results") for request in sent)

        def copy(*words: str) -> str:
            urls = {"OLD_URL": old.url, "NEW_URL": new.url, "NEW_TOKEN": token}
            command = [sys.executable, "-c", script, *words]
            environment = {**os.environ, **urls}
            return subprocess.run(
                command, env=environment, capture_output=True, text=True, check=True
            ).stdout.strip()

        assert copy() == str({"results new": results, "records new": 300 - results})
        record = json.loads(sent[1].body)["name"]
        body = {"data": {"value": b64encode(b'{"changed": true}').decode()}}
        assert old.ask("PATCH", f"{tekton.PARENTS}/{record}", body).status == 200
        assert copy() == str(
            {"results the same": results, "records changed": 1, "records the same": 299 - results}
        )
        assert copy("2199-01-01T00:00:00") == "{}"

        def everything(server: Server, **headers: str) -> list[Any]:
            fields = "fields=records.name,records.data&page_size=1000"
            address = f"{tekton.PARENTS}/-/results/-/records?{fields}"
            found = server.ask("GET", address, **headers).json["records"]
            return sorted(found, key=lambda item: item["name"])

        assert everything(old) == everything(new, Authorization=f"Bearer {token}")


@pytest.mark.parametrize(("exit_code", "failed"), [(0, 0), (1, 1)])
def test_the_build_script_of_the_tekton_page_runs_and_its_questions_are_answered(
    exit_code: int, failed: int, tmp_path: Path
):
    text = (ROOT / "docs" / "tekton.md").read_text("utf-8")
    script = re.search(r"```sh\n(.*?)```", text, re.DOTALL)[1]
    (tmp_path / "build.sh").write_text(f"#!/bin/sh\nexit {exit_code}\n")
    (tmp_path / "build.sh").chmod(0o755)
    with Server(tmp_path / "data") as server:
        subprocess.run(
            ["bash", "-euc", script.replace("http://127.0.0.1:8080", server.url)],
            cwd=tmp_path,
            env={**os.environ, "BUILD": "1"},
            capture_output=True,
            check=True,
        )
        for address in cells("tekton.md", "/"):
            reply = server.ask("GET", address)
            assert reply.status == 200, (address, reply.body)
        (row,) = server.get(
            "/-/api/summary?summary=total,failed&group_by=pipeline"
            "&filter=tags.team==%22growth%22%26%26duration!=null"
        )["summary"]
        assert row == {"pipeline": "build-web", "total": 1, "failed": failed}


@pytest.mark.parametrize(
    "lock",
    [
        *ROOT.glob("requirements*.txt"),
        *ROOT.glob("requirements/*.txt"),
        *ROOT.glob("tests/clients/*.txt"),
    ],
    ids=lambda f: f.name,
)
def test_locked_requirements_name_no_index(lock: Path):
    text = lock.read_text("utf-8")
    assert "--hash=sha256:" in text
    assert not re.search(r"https?://|--(extra-)?index|file:", text)


def test_the_openapi_document_holds_every_route(tmp_path: Path):
    async def scenario(app, client):
        document = json.loads((await client.get("/-/openapi.json")).content)
        for item in app.mounted:
            for endpoint in item.endpoints:
                path = endpoint.path.replace(":path", "")
                assert endpoint.method.lower() in document["paths"][path]

    play(tmp_path, scenario)
