"""What holds for every command, and `runwell token`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.invoking import invoke
from tests.serving import unmeasured

from runwell.cli import COMMANDS
from runwell.config import SETTINGS


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_says_what_a_command_does_without_loading_an_engine(name: str):
    words = [word for word in (name, "--help") if word]
    code = (
        "import sys; from runwell.cli import main\n"
        f"try: main({words!r})\n"
        "except SystemExit: pass\n"
        "print([m for m in ('duckdb', 'apsw', 'uvicorn', 'starlette') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage:" in done.stdout
    assert done.stdout.endswith("[]\n")


@pytest.mark.parametrize("name", ["query", "tail", "export", "load"])
def test_help_of_what_asks_a_server_is_instant(name: str):
    code = (
        "import sys, time; from runwell.cli import main\n"
        f"try: main([{name!r}, '--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('rich', 'http.client', 'json') if m in sys.modules])\n"
        "print(time.process_time())"
    )
    seconds = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=unmeasured(),
        )
        *_, modules, spent = done.stdout.splitlines()
        assert modules == "[]"
        seconds.append(float(spent))
    assert min(seconds) < 0.15


def test_every_setting_is_an_option_of_serve():
    text = " ".join(invoke("serve", "--help").output.split())
    for name, item in SETTINGS.items():
        assert f"--{name.replace('_', '-')}" in text
        assert item.metadata["doc"].split()[0] in text


def test_an_unknown_command_is_refused():
    assert invoke("sevre").exit_code == 2
    assert "0.1.0" in invoke("--version").output


def test_a_wrong_setting_is_named_on_the_command_line():
    wrong = invoke("doctor", "--config", "/nonexistent.toml")
    assert (wrong.exit_code, "cannot read" in wrong.output) == (1, True)


def test_tokens_are_created_listed_and_revoked(tmp_path: Path):
    data = ["--data", str(tmp_path)]
    text = invoke("token", "create", "ci [1]", "--scope", "write, read", *data).output.strip()
    assert text.startswith("rw_")
    listed = invoke("token", "list", *data, COLUMNS="120").output
    assert "ci [1]" in listed
    assert "read, write" in listed
    assert text.split("_")[2] not in listed
    assert invoke("token", "revoke", "ci [1]", *data).output == f"revoked {text.split('_')[1]}\n"
    again = invoke("token", "revoke", "ci [1]", *data)
    assert (again.exit_code, "no valid token 'ci [1]'" in again.output) == (1, True)
    wrong = invoke("token", "create", "x", "--scope", "root", *data)
    assert (wrong.exit_code, "takes read, write, admin" in wrong.output) == (2, True)


def test_tokens_that_cannot_be_read_are_not_overwritten(tmp_path: Path):
    (tmp_path / "tokens.json").write_text("{")
    for words in (["create", "ci"], ["list"], ["revoke", "ci"]):
        done = invoke("token", *words, "--data", str(tmp_path))
        assert (done.exit_code, "tokens.json cannot be read" in done.output) == (1, True)
    assert (tmp_path / "tokens.json").read_text() == "{"
