"""Dockerfile, compose, systemd, Kubernetes, alerts: they name flags, paths, ports that there are."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click import Context
from tests.apps import play
from tests.serving import Server, run_cli

from runwell.cli import COMMANDS, main
from runwell.config import SETTINGS, Config
from runwell.datadir import DataLock
from runwell.observe import BUCKET, METRICS

ROOT = Path(__file__).parents[2]
CONTRIB = ROOT / "contrib"
UID = 10001


def check_words(words: list[str]) -> None:
    """A command line of ours: parsed as click does it, and not run."""
    assert words[0] in COMMANDS, words
    command = main.get_command(Context(main), words[0])
    assert command is not None
    command.make_context(words[0], words[1:])


# Docker


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def of(name: str) -> list[str]:
    return [text for word, text in instructions() if word == name]


def is_sent(path: str) -> bool:
    """Does .dockerignore let this through? The last pattern that fits has the say."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if (
            line
            and not line.startswith("#")
            and fnmatch.fnmatch(path.split("/", maxsplit=1)[0], pattern)
        ):
            sent = line.startswith("!")
    return sent


def test_everything_that_is_copied_is_there_and_sent():
    sources = [words.split()[:-1] for words in of("COPY") if not words.startswith("--from")]
    for source in (name.removeprefix("./") for names in sources for name in names):
        assert (ROOT / source).exists(), source
        assert is_sent(source), source
    assert not is_sent("tests")
    assert not is_sent(".venv")


def test_a_container_needs_no_shell_no_root_and_a_locked_set_of_requirements():
    for word in ("RUN", "ENTRYPOINT", "CMD"):
        for text in of(word):
            assert isinstance(json.loads(text), list)
    install = json.loads(of("RUN")[1])
    assert {"--require-hashes", "--only-binary=:all:"} <= set(install)
    assert of("USER") == [f"{UID}:{UID}"]
    assert of("VOLUME")[0] in json.loads(of("RUN")[-1])
    assert of("EXPOSE") == [str(Config().port)]
    names = [stage.split()[0] for stage in of("FROM")]
    assert len(set(names)) == 1
    assert not any("/" in name for name in names)  # whose registry it is, is not said here


def environment() -> dict[str, str]:
    (text,) = of("ENV")
    return dict(pair.split("=", 1) for pair in shlex.split(text))


def test_its_environment_has_settings_and_its_command_starts(tmp_path: Path):
    known = environment()
    for name in known:
        if name.startswith("RUNWELL_"):
            assert name.removeprefix("RUNWELL_").lower() in SETTINGS
    assert known["RUNWELL_DATA"] == of("VOLUME")[0]
    program, *rest = json.loads(of("ENTRYPOINT")[0])
    assert (program, rest) == ("/opt/runwell/bin/runwell", [])
    check_words(json.loads(of("CMD")[0]))
    assert program.startswith(known["PATH"].split(":")[0])


def test_a_container_without_a_token_does_not_start_and_says_how_to_make_one(tmp_path: Path):
    settings = {"RUNWELL_HOST": environment()["RUNWELL_HOST"], "RUNWELL_DATA": str(tmp_path)}
    refused = run_cli("serve", "--port", "0", **settings)
    assert refused.returncode == 1
    assert "runwell token create" in refused.stderr
    assert run_cli("token", "create", "ci", **settings).returncode == 0
    with Server(tmp_path, ("--host", settings["RUNWELL_HOST"])) as server:
        port = server.url.rpartition(":")[2]
        (check,) = of("HEALTHCHECK")
        _, _, code = json.loads(check[check.index("[") :])
        local = code.replace(str(Config().port), port)
        assert local != code
        subprocess.run([sys.executable, "-c", local], check=True)
        reply = server.ask("GET", "/-/readyz", Host="10.0.0.7:8080")  # as a kubelet asks
        assert reply.status == 200
    failed = subprocess.run([sys.executable, "-c", local], check=False, capture_output=True)
    assert failed.returncode != 0


def test_the_steps_of_the_build_make_a_runwell_that_starts(tmp_path: Path):
    """The requirements are taken from this environment: what is new is only runwell itself."""
    work, venv = tmp_path / "src", tmp_path / "venv"
    work.mkdir()
    for word, text in instructions():
        if word == "COPY" and not text.startswith("--from"):
            *sources, target = text.split()
            for source in sources:
                copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
                copy(
                    ROOT / source,
                    work / target.removeprefix("./") if copy is shutil.copytree else work,
                )
        if word == "RUN" and "pip" in text and "--require-hashes" in text:
            here = next(path for path in sys.path if path.endswith("site-packages"))
            (site,) = venv.glob("lib/python*/site-packages")
            (site / "requirements.pth").write_text(here)
            continue
        if word == "RUN" and "/opt/runwell" in text:
            command = [part.replace("/opt/runwell", str(venv)) for part in json.loads(text)]
            if command[:3] == ["python", "-m", "venv"]:
                command = [sys.executable, *command[1:], "--without-pip"]  # ours is quicker
            elif command[1:3] == ["-m", "pip"]:
                command = [sys.executable, "-m", "pip", "--python", command[0], *command[3:]]
            subprocess.run(command, cwd=work, check=True, capture_output=True)
    shown = subprocess.run(
        [venv / "bin" / "runwell", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert shown.stdout.startswith("runwell")
    where = [venv / "bin" / "python", "-c", "import runwell; print(runwell.__file__)"]
    found = subprocess.run(where, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert found.stdout.startswith(str(venv))


def test_the_compose_file_names_the_image_its_volume_and_its_port():
    compose = yaml.safe_load((CONTRIB / "docker" / "compose.yml").read_text())
    service = compose["services"]["runwell"]
    assert (CONTRIB / "docker" / service["build"] / "Dockerfile").resolve() == ROOT / "Dockerfile"
    volumes = dict(volume.split(":") for volume in service["volumes"])
    assert volumes["data"] == of("VOLUME")[0]
    assert volumes.keys() == compose["volumes"].keys()
    assert set(volumes.values()) <= set(json.loads(of("RUN")[-1]))  # the user may write there
    assert service["restart"] == "unless-stopped"
    assert service["ports"] == [f"127.0.0.1:{Config().port}:{of('EXPOSE')[0]}"]
    assert int(service["stop_grace_period"].removesuffix("s")) > Config().drain_seconds_max
    text = (CONTRIB / "docker" / "compose.yml").read_text()
    for line in re.findall(r"#   docker compose (?:run --rm|exec) runwell (?:runwell )?(.*)", text):
        check_words(line.split())


# systemd


def units() -> list[Path]:
    return sorted((CONTRIB / "systemd").glob("runwell*"))


def values(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)


@pytest.mark.parametrize("unit", units(), ids=lambda unit: unit.name)
def test_a_unit_names_commands_settings_and_codes_that_there_are(unit: Path):
    for line in values(unit, "ExecStart"):
        program, *words = line.split()
        assert program == "/opt/runwell/bin/runwell"
        check_words(words)
    for line in values(unit, "Environment"):
        assert line.split("=")[0].removeprefix("RUNWELL_").lower() in SETTINGS


def test_a_server_that_ends_by_itself_is_started_again_but_not_on_a_damaged_ledger():
    unit = CONTRIB / "systemd" / "runwell.service"
    assert values(unit, "Restart") == ["on-failure"]
    assert values(unit, "RestartPreventExitStatus") == [str(os.EX_DATAERR)]
    assert int(values(unit, "TimeoutStopSec")[0]) > Config().drain_seconds_max
    assert int(values(unit, "LimitNOFILE")[0]) > Config().connections_max


def systemd_analyze(*words: str) -> subprocess.CompletedProcess[str]:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


def test_systemd_takes_the_units(tmp_path: Path):
    for unit in units():
        here = unit.read_text().replace(
            "/opt/runwell/bin/runwell", f"{Path(sys.prefix)}/bin/runwell"
        )
        (tmp_path / unit.name).write_text(here)
    done = systemd_analyze("verify", *(str(tmp_path / unit.name) for unit in units()))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "unit", [u for u in units() if u.suffix == ".service"], ids=lambda u: u.name
)
def test_a_unit_is_locked_in(unit: Path):
    done = systemd_analyze("security", "--offline=true", "--threshold=20", str(unit))
    assert done.returncode == 0, done.stdout[-300:]


# Kubernetes


@pytest.fixture(scope="module")
def manifests() -> dict[str, Any]:
    text = (CONTRIB / "kubernetes" / "runwell.yaml").read_text()
    return {item["kind"]: item for item in yaml.safe_load_all(text)}


def pods(manifests: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield manifests["StatefulSet"]["spec"]["template"]["spec"]
    yield manifests["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def test_the_manifests_are_complete_and_of_their_versions(manifests: dict[str, Any]):
    assert {kind: item["apiVersion"] for kind, item in manifests.items()} == {
        "StatefulSet": "apps/v1",
        "Service": "v1",
        "PodDisruptionBudget": "policy/v1",
        "NetworkPolicy": "networking.k8s.io/v1",
        "PersistentVolumeClaim": "v1",
        "CronJob": "batch/v1",
    }
    assert manifests["StatefulSet"]["spec"]["replicas"] == 1  # one process owns the data


def test_pods_are_locked_in_and_run_what_the_image_has(manifests: dict[str, Any]):
    for pod in pods(manifests):
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == UID
        assert pod["securityContext"]["runAsNonRoot"] is True
        named = {volume["name"] for volume in pod["volumes"]}
        named |= {claim["metadata"]["name"] for claim in claims(manifests)}
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            locked = container["securityContext"]
            assert locked["readOnlyRootFilesystem"] is True
            assert locked["allowPrivilegeEscalation"] is False
            assert locked["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]
            mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
            assert mounts["data"] == of("VOLUME")[0]
            assert mounts.keys() <= named
            for variable in container.get("env", []):
                assert variable["name"].removeprefix("RUNWELL_").lower() in SETTINGS
            if "command" not in container:
                check_words([str(word) for word in container["args"]])
                paths = [word for word in container["args"] if str(word).startswith("/")]
                assert set(paths) <= set(mounts.values())


def claims(manifests: dict[str, Any]) -> list[dict[str, Any]]:
    return manifests["StatefulSet"]["spec"]["volumeClaimTemplates"]


def test_probes_ask_addresses_that_need_no_token(manifests: dict[str, Any], tmp_path: Path):
    (server,) = next(pods(manifests))["containers"]
    (port,) = server["ports"]
    assert port["containerPort"] == Config().port == int(of("EXPOSE")[0])
    asked = {name: server[name]["httpGet"]["path"] for name in server if name.endswith("Probe")}
    assert asked == {
        "startupProbe": "/-/healthz",
        "readinessProbe": "/-/readyz",
        "livenessProbe": "/-/healthz",
    }

    async def scenario(app, _client):
        scopes = {e.path: e.scope for item in app.mounted for e in item.endpoints}
        assert {scopes[path] for path in asked.values()} == {None}
        template = manifests["StatefulSet"]["spec"]["template"]["metadata"]["annotations"]
        assert template["prometheus.io/path"] in scopes

    play(tmp_path, scenario)


def test_labels_names_and_claims_fit_together(manifests: dict[str, Any]):
    labels = manifests["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
    assert manifests["StatefulSet"]["spec"]["selector"]["matchLabels"] == labels
    assert manifests["Service"]["spec"]["selector"] == labels
    assert (
        manifests["Service"]["metadata"]["name"] == manifests["StatefulSet"]["spec"]["serviceName"]
    )
    assert manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert manifests["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    server, saver = pods(manifests)
    near = saver["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert near[0]["labelSelector"]["matchLabels"] == labels
    claimed = {
        volume["name"]: volume["persistentVolumeClaim"]["claimName"] for volume in saver["volumes"]
    }
    (data,) = claims(manifests)
    name = manifests["StatefulSet"]["metadata"]["name"]
    assert claimed["data"] == f"{data['metadata']['name']}-{name}-0"
    assert claimed["backups"] == manifests["PersistentVolumeClaim"]["metadata"]["name"]
    assert server["terminationGracePeriodSeconds"] > Config().drain_seconds_max


def test_the_first_tokens_come_from_a_file_as_runwell_writes_it(
    manifests: dict[str, Any], tmp_path: Path
):
    made = run_cli("token", "create", "ci", "--data", str(tmp_path / "new"))
    assert made.returncode == 0
    (first,) = next(pods(manifests))["initContainers"]
    program, *words = first["command"]
    (tmp_path / "data").mkdir()
    places = {"/run/runwell": str(tmp_path / "new"), "/data": str(tmp_path / "data")}
    for _ in range(2):  # at every start; the second one changes nothing
        done = [re.sub("^(/run/runwell|/data)", lambda m: places[m[0]], word) for word in words]
        subprocess.run([program, *done], check=True)
    listed = run_cli("token", "list", "--data", str(tmp_path / "data"))
    assert "ci" in listed.stdout
    DataLock(tmp_path / "data").release()


# Prometheus


def test_alerts_ask_for_metrics_that_there_are():
    rules = yaml.safe_load((CONTRIB / "prometheus" / "alerts.yml").read_text())
    found = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in found}) == len(found) >= 8
    ours = re.compile(r"\b(?:runwell|process)_[a-z_]+")
    for rule in found:
        names = ours.findall(rule["expr"])
        for name in names:
            assert name in METRICS or METRICS[name.removesuffix(BUCKET)][0] == "histogram", name
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"].keys() == {"summary", "description"}
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_the_dashboard_of_runwell_itself_is_what_is_described_and_asks_for_what_there_is(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.syspath_prepend(str(CONTRIB / "grafana" / "make"))
    written = runpy.run_path(str(CONTRIB / "grafana" / "make" / "itself.py"))["write_itself"]()
    sys.modules.pop("model", None)
    assert (CONTRIB / "prometheus" / "dashboard.json").read_text() == written
    names = set(re.findall(r"\b(?:runwell|process)_[a-z_]+", written)) - {"runwell_itself"}
    assert len(names) >= 14
    assert [name for name in names if name.removesuffix(BUCKET) not in METRICS] == []


def test_promtool_takes_the_alerts():
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    command = ["promtool", "check", "rules", str(CONTRIB / "prometheus" / "alerts.yml")]
    subprocess.run(command, check=True, capture_output=True)
