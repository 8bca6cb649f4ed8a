"""Everything a user can name is documented, and what the documents say runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from tests.apps import play
from tests.serving import Server

from runwell.cli import COMMANDS
from runwell.config import SETTINGS
from runwell.observe import METRICS
from runwell.query import FIELDS, MEASURES

ROOT = Path(__file__).parents[1]
REFERENCE = (ROOT / "docs" / "reference.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/README.md")]


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
def test_every_field_is_documented(name: str):
    assert f"| `{name}` |" in REFERENCE


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


def curls(text: str) -> list[list[str]]:
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    return [
        shlex.split(line, comments=True)
        for line in re.findall(r"^curl (?:[^'\n]|'[^']*')*", blocks, re.MULTILINE)
    ]


def test_every_curl_of_the_readme_works(tmp_path: Path):
    commands = curls(README)
    assert len(commands) >= 5

    async def scenario(_app, client):
        for words in commands:
            url = next(word for word in words if word.startswith("http://"))
            body = words[words.index("-d") + 1] if "-d" in words else None
            path = url.removeprefix("http://127.0.0.1:8080")
            sent = [word.split(": ") for before, word in pairwise(words) if before == "-H"]
            answer = await client.request(
                "POST" if body else "GET", path, content=body, headers=dict(sent)
            )
            assert answer.status_code in (200, 201), (words, answer.text)

    play(tmp_path, scenario)


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(page: Path):
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


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
