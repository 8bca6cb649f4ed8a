"""Rows of Parquet files as events, whatever engine's types they have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from runwell.client.loading.items import START, Bad, Item, LoadFailed, Position
from runwell.client.loading.parquet import Rows

KEYS = "'s' AS source, 'x' AS scope, i::VARCHAR AS id"
TYPES = """
    TIMESTAMP '2026-01-01 12:00:00.5' AS created,
    TIMESTAMPTZ '2026-01-01 13:00:00+01' AS started,
    DATE '2026-01-02' AS finished,
    INTERVAL 90 SECOND AS duration,
    MAP {'cpu': 1.25} AS metrics,
    MAP {'team': ['a', 'b']} AS tags,
    '{"log":"https://x"}' AS links,
    '{ "a" : 1.50 }' AS payload,
    NULL::VARCHAR AS name,
    7 AS seq, TIMESTAMP '2026-01-01' AS received
"""


def write(file: Path, columns: str, rows: int = 1) -> Path:
    duckdb.connect().sql(
        f"COPY (SELECT {columns} FROM range({rows}) AS r(i)) TO '{file}' (FORMAT parquet)"
    )
    return file


def items(file: Path, after: Position = START) -> list[Item | Bad]:
    rows = Rows(file)
    try:
        return list(rows.items(after))
    finally:
        rows.close()


def test_a_row_is_an_event_by_the_names_of_its_columns(tmp_path: Path):
    (item,) = items(write(tmp_path / "a.parquet", f"{KEYS}, {TYPES}"))
    assert json.loads(item.body) == {
        "source": "s",
        "scope": "x",
        "id": "0",
        "created": "2026-01-01T12:00:00.500000Z",
        "started": "2026-01-01T12:00:00+00:00",
        "finished": "2026-01-02",
        "duration": 90.0,
        "metrics": {"cpu": 1.25},
        "tags": {"team": ["a", "b"]},
        "links": {"log": "https://x"},
        "payload": {"a": 1.5},
    }
    assert b'"payload":{ "a" : 1.50 }' in item.body


STRUCTS = [
    ("{'a': 1, 'b': NULL} AS payload", {"payload": {"a": 1}}),
    ("{'cpu': 1.5} AS metrics", {"metrics": {"cpu": 1.5}}),
    ("1.25::DECIMAL(9, 3) AS duration", {"duration": 1.25}),
]


@pytest.mark.parametrize(("column", "told"), STRUCTS)
def test_structs_and_decimals_are_objects_and_numbers(
    column: str, told: dict[str, Any], tmp_path: Path
):
    (item,) = items(write(tmp_path / "a.parquet", f"{KEYS}, {column}"))
    assert json.loads(item.body) == {"source": "s", "scope": "x", "id": "0", **told}


def test_a_uuid_is_a_text(tmp_path: Path):
    text = "00000000-0000-0000-0000-000000000001"
    (item,) = items(write(tmp_path / "a.parquet", f"{KEYS}, UUID '{text}' AS uid"))
    assert json.loads(item.body)["uid"] == text


def test_rows_are_read_in_their_order_and_from_any_of_them(tmp_path: Path):
    file = write(tmp_path / "a.parquet", KEYS, rows=5_000)
    found = items(file)
    assert [json.loads(item.body)["id"] for item in found] == [str(n) for n in range(5_000)]
    assert [item.at for item in found[:2]] == [(1, 1), (2, 2)]
    assert items(file, Position(4_998, 4_998)) == found[4_998:]


def test_a_payload_that_is_no_json_is_a_bad_row(tmp_path: Path):
    (bad,) = items(write(tmp_path / "a.parquet", f"{KEYS}, '{{' AS payload"))
    assert isinstance(bad, Bad)
    assert (bad.at.place, bad.problem[:18]) == (1, "payload: not JSON:")


def test_a_file_without_keys_holds_no_events(tmp_path: Path):
    file = write(tmp_path / "a.parquet", "'s' AS source, 'x' AS scope")
    with pytest.raises(LoadFailed, match="no column 'id'"):
        items(file)


def test_a_broken_file_is_named_so(tmp_path: Path):
    file = tmp_path / "a.parquet"
    file.write_bytes(b"PAR1 and no more of it PAR1")
    with pytest.raises(LoadFailed, match="cannot be read as Parquet"):
        Rows(file)


def test_an_empty_file_has_no_rows(tmp_path: Path):
    assert items(write(tmp_path / "a.parquet", KEYS, rows=0)) == []
