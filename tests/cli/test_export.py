"""`runwell export`: where it goes, what it says on the side, and what it refuses."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from tests.cli.invoking import invoke
from tests.client.sample import COUNT
from tests.client.strangers import Handler, a_stranger
from tests.serving import Server

from runwell.client import exporting
from runwell.client.exporting import Counter, Export, run


def test_a_file_is_written_in_the_format_of_its_ending(server: Server, tmp_path: Path):
    at = ["--url", server.url]
    file = tmp_path / "a.ndjson"
    done = invoke("export", *at, "-o", str(file), "--filter", 'pipeline == "web"', COLUMNS="40")
    assert (done.exit_code, done.stdout) == (0, "")
    assert f"{file}: 16 events, {file.stat().st_size:,} bytes in " in done.stderr
    assert {json.loads(line)["pipeline"] for line in file.read_text().splitlines()} == {"web"}
    again = invoke("export", *at, "-o", str(file))
    assert (again.exit_code, "exists; --force overwrites it" in again.stderr) == (1, True)
    forced = invoke(
        "export", *at, "-o", str(file), "--force", "--format", "parquet", "--limit", "3"
    )
    assert (forced.exit_code, "about 3 events" in forced.stderr) == (0, True)
    assert file.read_bytes()[:4] == b"PAR1"


def test_the_standard_output_takes_it_too(server: Server):
    words = ["--format", "csv", "--fields", "id", "--fields", "status", "--limit", "1"]
    done = invoke("export", "--url", server.url, "-o", "-", *words)
    assert done.stdout_bytes == b"id,status\r\n0-0,failed\r\n"
    assert "standard output: 1 events, 23 bytes in " in done.stderr


def test_who_reads_may_stop_reading(server: Server):
    command = [sys.executable, "-m", "runwell", "export", "--url", server.url, "-o", "-"]
    with subprocess.Popen(
        [*command, "--format", "ndjson"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["-o", "a.txt"], 2, "--format takes ndjson, csv, parquet, arrow: 'a.txt' does not say"),
        (["-o", "-"], 2, "--format takes"),
        ([], 2, "Missing option"),
        (["-o", "a.csv", "--filter", "stauts"], 1, "did you mean 'status'?"),
        (["-o", "no/folder/a.csv"], 1, "No such file"),
    ],
)
def test_a_mistake_leaves_no_file(
    words: list[str], code: int, says: str, server: Server, tmp_path: Path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    done = invoke("export", "--url", server.url, *words)
    assert (done.exit_code, says in done.stderr) == (code, True), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_breaks_off_ends_with_1_and_leaves_no_file(tmp_path: Path):
    def answer(asked: Handler) -> None:
        if "summary" in asked.path:
            asked.say(200, b'{"summary": [{"total": 5}]}')
        else:
            asked.say(200, b"{}\n", Content_Length="100")
            asked.hang_up()

    with a_stranger(answer) as server:
        done = invoke("export", "--url", server.url, "-o", str(tmp_path / "a.ndjson"))
    assert (done.exit_code, "breaks off" in done.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_columns_are_not_written_to_a_terminal(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("runwell.cli.export._is_terminal", lambda: True)
    done = invoke("export", "--format", "parquet", "-o", "-")
    assert (done.exit_code, "parquet is no text for a terminal" in done.stderr) == (2, True)


def test_a_terminal_sees_how_far_it_is(server: Server, tmp_path: Path, monkeypatch):
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=100, highlight=False)
    monkeypatch.setattr(exporting, "Console", lambda **_: console)
    run(Export(server.url, "", {"format": "csv"}, tmp_path / "a.csv"))
    assert "exporting" in file.getvalue()
    assert f"{COUNT} events, " in file.getvalue()
    assert "kB/s" in file.getvalue() or "bytes/s" in file.getvalue() or "MB/s" in file.getvalue()


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_events_are_counted_however_the_pieces_are_cut(size: int):
    text = b'name,payload\r\n"a\n""b""\n",1\r\nb,"{""c"": ""\n""}"\r\n'
    counter = Counter("csv")
    for place in range(0, len(text), size):
        counter.see(text[place : place + size])
    assert (counter.events, counter.size) == (2, len(text))
    assert Counter("parquet").told(7, 0.0) == "about 7 events, 0 bytes, 0 bytes/s"
