"""Lines as items: where each stands, which are none, and going on in the middle."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from runwell.client.loading import ndjson
from runwell.client.loading.items import START, Bad, Item, LoadFailed, Position
from runwell.client.loading.ndjson import open_lines

TEXT = b'{"id":"1"}\n\n  {"id":"2"} \r\n{"id":"3"}'


def items(file: Path, after: Position = START) -> list[Item | Bad]:
    lines = open_lines(file)
    try:
        return list(lines.items(after))
    finally:
        lines.close()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_each_line_is_an_item_and_any_of_them_can_be_gone_on_from(pack, tmp_path: Path):
    file = tmp_path / "events"
    file.write_bytes(pack(TEXT))
    found = items(file)
    assert [(item.at, item.body) for item in found] == [
        ((1, 11), b'{"id":"1"}'),
        ((3, 27), b'{"id":"2"}'),
        ((4, 37), b'{"id":"3"}'),
    ]
    for place, item in enumerate(found):
        assert items(file, item.at) == found[place + 1 :]


BAD = [
    (b'{"id":"1"', "not JSON"),
    (b'{"a":1},{"b":2}', "not JSON"),
    (b"[", "one event a line"),
    (b'{"id":"\xff"}', "not UTF-8 (byte 7)"),
]


@pytest.mark.parametrize(("line", "problem"), BAD)
def test_a_line_that_is_no_json_is_named_and_the_next_is_read(
    line: bytes, problem: str, tmp_path: Path
):
    file = tmp_path / "events"
    file.write_bytes(b"{}\n" + line + b"\n{}\n")
    good, bad, behind = items(file)
    assert isinstance(bad, Bad)
    assert bad.at.place == 2
    assert problem in bad.problem
    assert (good.at.place, behind.at.place) == (1, 3)


def test_a_line_without_end_is_not_held_in_memory(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(ndjson, "LINE_BYTES_MAX", 16)
    file = tmp_path / "events"
    file.write_bytes(b'{"id":"' + b"x" * 50 + b'"}\n{}\n{"id":"' + b"x" * 50)
    bad, good, last = items(file)
    assert (bad.at, bad.problem) == ((1, 60), "longer than 16 bytes")
    assert (good.at, good.body) == ((2, 63), b"{}")
    assert last.at == (3, 120)


def test_a_gzip_file_that_breaks_off_says_so_behind_what_it_had(tmp_path: Path):
    file = tmp_path / "events.gz"
    file.write_bytes(gzip.compress(b'{"id":"1"}\n' * 100_000)[:-20])
    lines = open_lines(file)
    with pytest.raises(LoadFailed, match="cannot be read to its end"):
        list(lines.items(START))
    lines.close()


def test_progress_is_told_in_bytes_of_the_file(tmp_path: Path):
    file = tmp_path / "events.gz"
    file.write_bytes(gzip.compress(TEXT))
    lines = open_lines(file)
    assert lines.total == file.stat().st_size
    assert list(lines.items(START))
    assert lines.done() == lines.total
    lines.close()
