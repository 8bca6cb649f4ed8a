"""Exports: whole files or none, of every format, and the client's way to them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.ipc
import pyarrow.parquet
import pytest
from tests.client.strangers import Handler, a_stranger
from tests.serving import Server

from runwell.client import Client, NoAnswer, Refused
from runwell.client.ask import Link
from runwell.client.download import download, format_of


def broken(asked: Handler) -> None:
    """Chunks, and no last one."""
    asked.send_response(200)
    asked.send_header("Transfer-Encoding", "chunked")
    asked.end_headers()
    asked.wfile.write(b"3\r\na,b\r\n")
    asked.hang_up()


def short(asked: Handler) -> None:
    """Less than was announced."""
    asked.say(200, b"a,b", Content_Length="100")
    asked.hang_up()


@pytest.mark.parametrize("script", [broken, short])
def test_a_file_that_breaks_off_is_not_there(script, tmp_path: Path):
    with a_stranger(script) as server, pytest.raises(NoAnswer, match="breaks off"):
        download(Link(server.url), {}, tmp_path / "a.csv", overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_the_old_file_stays_where_the_new_one_breaks_off(tmp_path: Path):
    file = tmp_path / "a.csv"
    file.write_text("old")
    with a_stranger(broken) as server:
        with pytest.raises(NoAnswer):
            download(Link(server.url), {}, file, overwrite=True)
        with pytest.raises(FileExistsError, match="exists"):
            download(Link(server.url), {}, file, overwrite=False)
        assert len(server.seen) == 1
    assert [one.read_text() for one in tmp_path.iterdir()] == ["old"]


def test_what_cannot_be_written_is_not_blamed_on_the_server(tmp_path: Path):
    with a_stranger(lambda asked: asked.say(200)) as server:
        with pytest.raises(FileNotFoundError):
            download(Link(server.url), {}, tmp_path / "no" / "a.csv", overwrite=False)

        class Full(io.BytesIO):
            def write(self, _: object) -> int:
                raise OSError(28, "No space left on device")

        with pytest.raises(OSError, match="No space left"), Client(server.url) as client:
            client.export(Full(), format="csv")


def test_each_format_has_every_event(server: Server, tmp_path: Path):
    with Client(server.url) as client:
        ids = [event["id"] for event in client.events("id", order_by="arrival asc")]
        sizes = {
            ending: client.export(tmp_path / f"a.{ending}", filter='scope == "acme"')
            for ending in ("ndjson", "csv", "parquet", "arrow")
        }
    assert {file.name: file.stat().st_size for file in tmp_path.iterdir()} == {
        f"a.{ending}": size for ending, size in sizes.items()
    }
    lines = (tmp_path / "a.ndjson").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ids
    with (tmp_path / "a.csv").open(newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ids
    assert pyarrow.parquet.read_table(tmp_path / "a.parquet")["id"].to_pylist() == ids
    with pyarrow.ipc.open_stream(tmp_path / "a.arrow") as reader:
        assert reader.read_all()["id"].to_pylist() == ids


def test_an_open_file_takes_an_export_too(server: Server, tmp_path: Path):
    with Client(server.url) as client:
        file = io.BytesIO()
        size = client.export(file, format="ndjson", fields=["id", "tags.team"], limit=2)
        assert size == len(file.getvalue())
        assert json.loads(file.getvalue().splitlines()[0]) == {"id": "0-0", "tags.team": "core"}
        with pytest.raises(ValueError, match="format is one of ndjson, csv"):
            client.export(file)
        with pytest.raises(ValueError, match="format is one of"):
            client.export(tmp_path / "a.txt")
        with pytest.raises(Refused, match="did you mean"):
            client.export(str(tmp_path / "a.csv"), filter="stauts == 1")
        client.export(str(tmp_path / "a.csv"), limit=1)
        assert client.export(tmp_path / "a.csv", limit=2, overwrite=True)
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]


def test_the_ending_says_the_format():
    names = ["a.NDJSON", "a.jsonl", "a.csv", "a.parquet", "a.arrows", "a.csv.gz", "a"]
    assert [format_of(Path(name)) for name in names] == [
        *("ndjson", "ndjson", "csv", "parquet", "arrow", "", "")
    ]
