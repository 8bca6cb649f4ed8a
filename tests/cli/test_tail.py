"""`runwell tail`: a line an event, and a clean end however it ends."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.cli.invoking import invoke
from tests.client.sample import COUNT
from tests.client.strangers import Handler, a_stranger
from tests.serving import DEADLINE_SECONDS, Server

from runwell.client.follow import line_of

FIRST = (
    '2026-01-01T09:00:00Z  script            pipeline  failed     build "0", day 0  web  1.0 min'
)
STREAM = b'id: 1\ndata: {"name": "a"}\n\n'


@contextmanager
def tailing(url: str, *words: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """`runwell tail` as a process."""
    command = [sys.executable, "-m", "runwell", "tail", "--url", url, *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    with subprocess.Popen(command, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def test_events_are_printed_as_they_come_until_ctrl_c(server: Server):
    with tailing(server.url, "--after", "0") as process:
        found = [process.stdout.readline().rstrip("\n") for _ in range(COUNT)]
        assert found[0] == FIRST
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE_SECONDS)
    assert (process.returncode, out, err) == (130, "", "")


def test_fields_and_json_can_be_chosen(server: Server):
    words = ["--after", "0", "--filter", 'pipeline == "app"', "--fields", "id,tags.team"]
    with tailing(server.url, *words) as process:
        assert process.stdout.readline() == "0-1  growth\n"
    with tailing(server.url, *words, "--format", "json") as process:
        assert json.loads(process.stdout.readline()) == {"id": "0-1", "tags.team": "growth"}


def scripted(beats: int) -> Any:
    """A stream of one event, then of so many heartbeats as fast as they are taken."""

    def answer(asked: Handler) -> None:
        asked.send_response(200)
        asked.send_header("Connection", "close")
        asked.end_headers()
        asked.wfile.write(STREAM)
        try:
            for _ in range(beats):
                asked.wfile.write(b": nothing new\n\n")
        except ConnectionError:
            pass
        asked.hang_up()

    return answer


def test_it_ends_with_0_when_nobody_reads_on_also_if_nothing_comes():
    with a_stranger(scripted(10_000_000)) as server, tailing(server.url) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(DEADLINE_SECONDS) == 0
        assert process.stderr.read() == ""


def test_it_ends_with_0_when_it_writes_and_nobody_reads(server: Server):
    read, write = os.pipe()
    os.close(read)
    with tailing(server.url, "--after", "0", stdout=write) as process:
        os.close(write)
        assert process.wait(DEADLINE_SECONDS) == 0
        assert process.stderr.read() == ""


def test_a_lost_connection_is_said_on_the_side_and_made_anew():
    def answer(asked: Handler) -> None:
        if len(stranger.seen) == 2:
            asked.say(503, b'{"detail": "stopping"}', Connection="close")
        else:
            scripted(0)(asked)

    with a_stranger(answer) as stranger, tailing(stranger.url) as process:
        assert [process.stdout.readline().strip() for _ in range(2)] == ["a", "a"]
        assert process.stderr.readline() == "503: stopping; trying again\n"


@pytest.mark.parametrize(("no_color", "code"), [("", "\x1b[31m"), ("1", "")])
def test_a_status_has_its_colour_on_a_terminal(no_color: str, code: str, server: Server):
    outer, inner = pty.openpty()
    environment = {**os.environ, "NO_COLOR": no_color}
    with tailing(server.url, "--after", "0", stdout=inner, env=environment):
        os.close(inner)
        text = os.read(outer, 50).decode()
        while "\n" not in text:
            text += os.read(outer, 200).decode()
    os.close(outer)
    assert f"{code}failed   " in text
    assert ("\x1b[" in text) is bool(code)


def test_what_a_terminal_would_obey_is_not_printed():
    event = {"status": "running", "name": "a\x1b[31m\nb"}
    assert line_of(["name", "status"], event, has_colour=True) == (
        "a\ufffd[31m\ufffdb  \x1b[36mrunning  \x1b[0m"
    )
    assert line_of(["name", "status"], {"status": "odd", "name": None}, has_colour=True) == (
        "  odd"
    )


def test_a_mistake_and_a_missing_server_end_with_1(server: Server):
    wrong = invoke("tail", "--url", server.url, "--filter", "stauts")
    assert (wrong.exit_code, "did you mean 'status'?" in wrong.stderr) == (1, True)
    gone = invoke("tail", "--url", "http://127.0.0.1:1")
    assert (gone.exit_code, "start a server" in gone.stderr) == (1, True)
    assert invoke("tail", "--after", "x").exit_code == 2
