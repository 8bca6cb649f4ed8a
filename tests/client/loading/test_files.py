"""What a file is, is told by what it begins with."""

from __future__ import annotations

import gzip
import os
import threading
from pathlib import Path

import duckdb
import pytest
from tests.client.loading.databases import write

from runwell.client.loading.files import open_source
from runwell.client.loading.items import START, LoadFailed
from runwell.client.loading.ndjson import Lines
from runwell.client.loading.parquet import Rows
from runwell.client.loading.pymon import Posts


def test_each_type_is_known_whatever_its_name(tmp_path: Path):
    duckdb.connect().sql(f"COPY (SELECT 1 AS id) TO '{tmp_path / 'rows'}' (FORMAT parquet)")
    write(tmp_path / "database")
    (tmp_path / "lines").write_bytes(b"\n {}\n")
    (tmp_path / "zipped").write_bytes(gzip.compress(b"{}\n"))
    (tmp_path / "nothing").write_bytes(b"")
    kinds = {"rows": Rows, "database": Posts, "lines": Lines, "zipped": Lines, "nothing": Lines}
    for name, kind in kinds.items():
        source = open_source(str(tmp_path / name))
        assert isinstance(source, kind), name
        source.close()


@pytest.mark.parametrize("text", [b"source,scope,id\n", b"[{}]", b"\x89PNG"])
def test_anything_else_is_refused_with_what_is_known(text: bytes, tmp_path: Path):
    (tmp_path / "file").write_bytes(text)
    with pytest.raises(LoadFailed, match=r"none of NDJSON .*, Parquet, or .pymon"):
        open_source(str(tmp_path / "file"))


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_file_that_cannot_be_read_is_named_so(name: str, tmp_path: Path):
    with pytest.raises(LoadFailed, match="cannot be read"):
        open_source(str(tmp_path / name))


def test_the_mark_that_windows_writes_before_everything_is_no_part_of_the_first_line(
    tmp_path: Path,
):
    (tmp_path / "file").write_bytes(b'\xef\xbb\xbf{"id":"1"}\r\n{"id":"2"}\r\n')
    source = open_source(str(tmp_path / "file"))
    assert [(item.at, item.body) for item in source.items(START)] == [
        ((1, 15), b'{"id":"1"}'),
        ((2, 27), b'{"id":"2"}'),
    ]
    source.close()


def test_a_pipe_is_read_once_as_lines(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"{}\n{}\n",))
    writer.start()
    source = open_source(str(pipe))
    assert [item.at.place for item in source.items(START)] == [1, 2]
    assert (source.total, source.done()) == (0, 0)
    source.close()
    writer.join()
