"""Files into a real server: all kinds, refused lines, going on where a load was stopped."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.client.loading.databases import write as write_pymon
from tests.serving import Server

from runwell.client import load as loading
from runwell.client.load import Choices, run
from runwell.client.loading.items import LoadFailed, Position, Tally
from runwell.client.loading.resume import Memory, cache_folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return cache_folder()


def an_event(source: str, number: int, **more: Any) -> str:
    return json.dumps({"source": source, "scope": "", "id": str(number), **more})


def lines(source: str, count: int) -> str:
    return "".join(f"{an_event(source, number)}\n" for number in range(count))


def total(server: Server, source: str) -> int:
    (row,) = server.get(f"/-/api/summary?summary=total&filter=source==%22{source}%22")["summary"]
    return row["total"]


def test_lines_zipped_lines_and_rows_hold_the_same_events(server: Server, tmp_path: Path, capsys):
    plain = tmp_path / "events.ndjson"
    plain.write_text(lines("same", 5_000))
    zipped = tmp_path / "events.jsonl.gz"
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    rows = tmp_path / "events.parquet"
    duckdb.connect().sql(f"COPY (FROM read_json('{plain}')) TO '{rows}' (FORMAT parquet)")

    assert run([str(plain), str(zipped), str(rows)], Choices(server.url))
    told = [
        line.split(": ", 1)[1].split(" in ")[0] for line in capsys.readouterr().out.splitlines()
    ]
    assert told == [
        "5,000 created, 0 existed, 0 replaced, 0 refused",
        "0 created, 5,000 existed, 0 replaced, 0 refused",
        "0 created, 5,000 existed, 0 replaced, 0 refused",
    ]
    assert total(server, "same") == 5_000


def test_a_pymon_file_is_answered_by_pytest_monitors_api_and_loads_once(
    server: Server, tmp_path: Path, capsys
):
    file = write_pymon(tmp_path / ".pymon", tests=2_500)
    for _ in range(2):
        assert run([str(file)], Choices(server.url))
        assert "2,502 accepted, 0 refused" in capsys.readouterr().out
    assert server.get("/api/v1/metrics/count") == {"count": 2_500}
    assert server.get("/api/v1/sessions/count") == {"count": 1}
    assert server.get("/api/v1/contexts/count") == {"count": 1}


def test_a_row_of_a_pymon_file_that_is_refused_is_named(server: Server, tmp_path: Path, capsys):
    file = write_pymon(tmp_path / ".pymon", tests=1, TOTAL_TIME=None)
    assert not run([str(file)], Choices(server.url))
    told = capsys.readouterr()
    assert "row 3: " in told.err
    assert "total_time" in told.err
    assert "2 accepted, 1 refused" in told.out


BAD = [an_event("bad", 2, naem="x"), "{", an_event("bad", 2, metrics={"a": None})]


@pytest.mark.parametrize("line", BAD)
def test_a_bad_line_is_named_and_nothing_behind_it_is_sent(
    line: str, server: Server, tmp_path: Path, capsys
):
    file = tmp_path / "events.ndjson"
    file.write_text(f"{an_event('bad', 1)}\n\n{line}\n{an_event('bad', 3)}\n")
    assert not run([str(file)], Choices(server.url))
    told = capsys.readouterr()
    assert "events.ndjson: line 3: " in told.err
    assert "--skip-bad" in told.err
    assert "1 refused" in told.out
    assert total(server, "bad") == 1


def test_bad_lines_are_skipped_counted_and_told_up_to_twenty(
    server: Server, tmp_path: Path, capsys
):
    file = tmp_path / "events.ndjson"
    file.write_text(lines("skip", 30) + "{\n" * 30 + an_event("skip", 30))
    assert not run([str(file)], Choices(server.url, skip_bad=True))
    told = capsys.readouterr()
    assert "31 created, 0 existed, 0 replaced, 30 refused" in told.out
    assert told.err.count(": line ") == 20
    assert "more refusals are counted" in told.err
    assert total(server, "skip") == 31


def test_a_load_goes_on_behind_what_was_acknowledged_and_forgets_it_when_it_is_done(
    server: Server, tmp_path: Path, capsys, cache: Path
):
    file = tmp_path / "events.ndjson"
    file.write_text(lines("resume", 10))
    offset = len(lines("resume", 4))
    memory = Memory(cache, server.url, file)
    memory.write(Position(4, offset), Tally(created=4))

    assert run([str(file)], Choices(server.url))
    told = capsys.readouterr()
    assert "going on behind 4" in told.err
    assert "10 created, 0 existed" in told.out
    assert total(server, "resume") == 6
    assert memory.read() is None

    memory.write(Position(4, offset), Tally(created=4))
    assert run([str(file)], Choices(server.url, restart=True))
    assert "4 created, 6 existed" in capsys.readouterr().out
    assert total(server, "resume") == 10


def test_a_load_that_was_stopped_by_a_bad_line_goes_on_with_skipping(
    server: Server, tmp_path: Path, capsys
):
    file = tmp_path / "events.ndjson"
    file.write_text(f"{lines('stopped', 3)}{{\n{lines('stopped', 5)}")
    for _ in range(2):
        assert not run([str(file)], Choices(server.url))
        assert "3 created, 0 existed, 0 replaced, 1 refused" in capsys.readouterr().out
    assert not run([str(file)], Choices(server.url, skip_bad=True))
    assert "5 created, 3 existed, 0 replaced, 1 refused" in capsys.readouterr().out


def test_a_cache_that_cannot_be_written_is_told_once_and_does_no_harm(
    server: Server, tmp_path: Path, capsys, monkeypatch
):
    (tmp_path / "no-folder").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no-folder"))
    monkeypatch.setattr(loading, "BATCH_ITEMS", 3)
    file = tmp_path / "events.ndjson"
    file.write_text(lines("uncached", 10))
    assert run([str(file)], Choices(server.url))
    told = capsys.readouterr()
    assert told.err.count("will begin anew") == 1
    assert "10 created" in told.out


def test_batches_keep_to_bytes_and_an_event_larger_than_a_batch_goes_alone(
    server: Server, tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(loading, "BATCH_BYTES", 2_000)
    file = tmp_path / "events.ndjson"
    texts = [
        an_event("bytes", number, name="x" * (5_000 if number == 7 else 300))
        for number in range(20)
    ]
    file.write_text("\n".join(texts))
    assert run([str(file)], Choices(server.url))
    assert total(server, "bytes") == 20


def test_a_file_that_is_not_there_ends_the_load(server: Server, tmp_path: Path):
    with pytest.raises(LoadFailed, match="missing: it cannot be read"):
        run([str(tmp_path / "missing")], Choices(server.url))


def test_attempts_in_their_order_load_whatever_the_batches(
    server: Server, tmp_path: Path, monkeypatch, capsys
):
    monkeypatch.setattr(loading, "BATCH_ITEMS", 4)
    file = tmp_path / "events.ndjson"
    texts = [
        an_event("attempts", number, attempt=attempt)
        for number in range(3)
        for attempt in (1, 2, 3)
    ]
    file.write_text("\n".join(texts))
    assert run([str(file)], Choices(server.url))
    file.write_text("\n".join([*texts, an_event("attempts", 9, attempt=2)]))
    assert not run([str(file)], Choices(server.url))
    told = capsys.readouterr()
    assert "line 10: attempt: 2, where attempt 1 is the next" in told.err


def test_a_terminal_sees_how_far_it_is_and_how_fast(
    server: Server, tmp_path: Path, monkeypatch, capsys
):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    file = tmp_path / "events.ndjson"
    file.write_text(lines("terminal", 10))
    assert run([str(file)], Choices(server.url))
    told = capsys.readouterr()
    assert re.search(r"events\.ndjson.*10 events, [\d,]+ events/s", told.err)
    assert "events/s" in told.out
