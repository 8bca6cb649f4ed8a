"""`/-/api/export`: the same rows in all four formats, typed where the format has types."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from arro3.io import read_ipc_stream, read_parquet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.apps import an_app, play
from tests.builders import NOON_US, a_write

from runwell.errors import BadQuery
from runwell.model import Kind, Status
from runwell.query import FIELDS, Column, Rows, Type
from runwell.web.arrow import ArrowStream, Parquet, group_rows, to_batch
from runwell.web.export import FORMATS

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TYPES = {
    Type.TEXT: "VARCHAR",
    Type.INTEGER: "BIGINT",
    Type.TIME: "TIMESTAMP WITH TIME ZONE",
    Type.DURATION: "DOUBLE",
    Type.METRICS: "MAP(VARCHAR, DOUBLE)",
    Type.TAGS: "MAP(VARCHAR, VARCHAR[])",
    Type.LINKS: "MAP(VARCHAR, VARCHAR)",
    Type.JSON: "VARCHAR",
}
EVENT = {
    "status": Status.FAILED,
    "started": NOON_US + 500_000,
    "finished": NOON_US + 2_000_000,
    "duration": 1_500_000,
    "metrics": {"cpu": 0.5, "": -1e300},
    "tags": {"team": ["a", "b"], "none": []},
    "links": {"log": "https://example.test/?a=1,2"},
    "payload": '{"a" : [1.50, "é\\n"]}',
}
# Texts that a format may trip over; a NUL and halves of surrogate pairs are refused when they come.
ODD = st.text(
    st.sampled_from(list("\",;\r\n\t\\'=+-@ |#é☃\U0001f600\u2028\ufeff\x01aZ0")), max_size=8
) | st.sampled_from(["", "NULL", "null", "true", "1e5", "=1+1", '""', "\r\n", "﻿x"])
EVENTS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "name": ODD,
            "description": ODD,
            "metrics": st.dictionaries(
                ODD, st.floats(allow_nan=False, allow_infinity=False), max_size=3
            ),
            "tags": st.dictionaries(ODD, st.lists(ODD, max_size=3), max_size=3),
            "links": st.dictionaries(ODD, ODD, max_size=3),
            "started": st.integers(0, NOON_US * 3),
            "duration": st.integers(0, 10**15),
            "payload": st.recursive(
                st.none() | st.booleans() | st.integers() | ODD,
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD, inner, max_size=3),
            ).map(lambda value: json.dumps(value, indent=1)),
        },
    ),
    max_size=6,
)


async def exported(client, name: str, query: str = "") -> bytes:
    answer = await client.get(f"/-/api/export?format={name}&{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == FORMATS[name].content_type
    assert answer.headers["content-disposition"] == f'attachment; filename="events.{name}"'
    assert "content-length" not in answer.headers
    return answer.content


def from_ndjson(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.split(b"\n")[:-1]]


def from_csv(content: bytes) -> list[dict[str, Any]]:
    """Values as JSON has them, by the field's type."""
    rows = csv.DictReader(io.StringIO(content.decode(), newline=""))
    return [{name: _from_cell(FIELDS[name], text) for name, text in row.items()} for row in rows]


def _from_cell(type_: Type, text: str) -> Any:
    match type_:
        case Type.TEXT:
            return text
        case Type.TIME:
            return text or None
        case _:
            return json.loads(text) if text else None


def from_arrow(table: Any) -> list[dict[str, Any]]:
    """Values as JSON has them."""
    names = table.schema.names
    columns = [table.column(name).to_pylist() for name in names]
    return [
        {name: _plain(FIELDS[name], value) for name, value in zip(names, row, strict=True)}
        for row in zip(*columns, strict=True)
    ]


def _plain(type_: Type, value: Any) -> Any:
    if value is None:
        return None
    match type_:
        case Type.TIME:
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Type.METRICS | Type.TAGS | Type.LINKS:
            return dict(value)
        case Type.JSON:
            return json.loads(value)
        case _:
            return value


async def check_all_formats(client) -> list[dict[str, Any]]:
    rows = from_ndjson(await exported(client, "ndjson"))
    assert from_csv(await exported(client, "csv")) == rows
    parquet = read_parquet(await exported(client, "parquet")).read_all()
    assert from_arrow(parquet) == rows
    arrow = read_ipc_stream(await exported(client, "arrow")).read_all()
    assert from_arrow(arrow) == rows
    return rows


def test_every_format_has_every_field_of_every_event_in_the_order_of_arrival(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write("a", **EVENT), a_write("b")])
        await app.ingest.accept([a_write("s", kind=Kind.SEQUENCE), a_write("c", name='x"y,\r\nz')])
        rows = await check_all_formats(client)
        assert [row["id"] for row in rows] == ["a", "b", "c"]
        assert all(list(row) == list(FIELDS) for row in rows)
        assert (rows[0]["started"], rows[0]["duration"]) == ("2026-01-01T12:00:00.500000Z", 1.5)
        assert rows[0]["tags"] == EVENT["tags"]
        lines = await exported(client, "ndjson")
        assert f'"payload":{EVENT["payload"]}'.encode() in lines

    play(tmp_path, scenario)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(EVENTS)
def test_odd_texts_come_back_from_every_format(events: list[dict[str, Any]]):
    async def main() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with an_app(Path(folder), stream_rows=2) as (app, client):
                await app.ingest.accept(
                    [a_write(str(place), **event) for place, event in enumerate(events)]
                )
                rows = await check_all_formats(client)
                for event, row in zip(events, rows, strict=True):
                    for name in ("name", "description", "metrics", "tags", "links"):
                        assert row[name] == event.get(name, row[name])

    asyncio.run(main())


@pytest.mark.parametrize("count", [0, 3])
def test_parquet_and_arrow_have_types_with_and_without_rows(count: int, tmp_path: Path):
    async def scenario(app, client):
        if count:
            await app.ingest.accept([a_write(str(number), **EVENT) for number in range(count)])
        file = tmp_path / "events.parquet"
        file.write_bytes(await exported(client, "parquet"))
        streamed = read_ipc_stream(await exported(client, "arrow")).read_all()  # noqa: F841 - asked below
        for relation in (f"read_parquet('{file}')", "streamed"):
            described = duckdb.connect().sql(f"DESCRIBE FROM {relation}").fetchall()
            found = {row[0]: row[1] for row in described}
            assert found == {name: TYPES[type_] for name, type_ in FIELDS.items()}, relation
            asked = f"SELECT count(*), max(duration), max(epoch_us(started)) FROM {relation}"
            expected = (count, 1.5, NOON_US + 500_000) if count else (0, None, None)
            assert duckdb.connect().sql(asked).fetchall() == [expected]
            if count:
                payloads = (
                    duckdb.connect().sql(f"SELECT DISTINCT payload FROM {relation}").fetchall()
                )
                assert payloads == [(EVENT["payload"],)]

    play(tmp_path, scenario)


def test_many_batches_are_one_file(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write(str(number), **EVENT) for number in range(900)])
        rows = await check_all_formats(client)
        assert [row["id"] for row in rows] == [str(number) for number in range(900)]
        for query, wanted in (("limit=500", 500), ("filter=attempt==2", 0)):
            parquet = read_parquet(await exported(client, "parquet", query)).read_all()
            arrow = read_ipc_stream(await exported(client, "arrow", query)).read_all()
            assert (parquet.num_rows, arrow.num_rows) == (wanted, wanted)

    play(tmp_path, scenario, stream_rows=70)


def test_chosen_columns_are_typed_by_what_they_are(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write("1", **EVENT), a_write("2")])
        fields = 'id,tags.team,metrics.cpu,payload.a[0],finished-started,status=="failed",attempt+1'
        query = f"fields={fields.replace('+', '%2B')}"
        arrow = read_ipc_stream(await exported(client, "arrow", query)).read_all()
        columns = [arrow.column(name).to_pylist() for name in fields.split(",")]
        assert list(zip(*columns, strict=True)) == [
            ("1", "a", 0.5, "1.5", 1.5, True, 2),
            ("2", None, None, None, None, False, 2),
        ]
        text = (await exported(client, "csv", query)).decode()
        assert text.splitlines()[1:] == ["1,a,0.5,1.5,1.5,true,2", "2,,,,,false,2"]

    play(tmp_path, scenario)


def test_a_csv_line_ends_as_the_rfc_says_and_formulas_stay_what_they_are(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write("1", name="=1+1", description='a "b"\n')])
        content = await exported(client, "csv", "fields=id,name,description,duration,metrics")
        assert content == (b'id,name,description,duration,metrics\r\n1,=1+1,"a ""b""\n",,{}\r\n')

    play(tmp_path, scenario)


def test_a_format_that_is_not_there_is_named(tmp_path: Path):
    async def scenario(_app, client):
        answer = await client.get("/-/api/export?format=parket")
        assert answer.status_code == 400
        assert "'arrow', not 'parket'; did you mean 'parquet'?" in answer.json()["detail"]
        assert (await client.get("/-/api/export?limits=1")).status_code == 400

    play(tmp_path, scenario)


def test_the_document_tells_the_content_types(tmp_path: Path):
    async def scenario(_app, client):
        paths = (await client.get("/-/openapi.json")).json()["paths"]
        content = paths["/-/api/export"]["get"]["responses"]["200"]["content"]
        assert set(content) == {one.content_type for one in FORMATS.values()}
        listed = paths["/-/api/events"]["get"]["responses"]["200"]["content"]
        assert set(listed) == {"application/json", "application/x-ndjson"}

    play(tmp_path, scenario)


def a_column(type_: str, *values: Any) -> Rows:
    return Rows((Column("x", type_),), [(value,) for value in values])


def test_a_number_past_64_bits_is_refused():
    with pytest.raises(BadQuery, match="64 bits"):
        to_batch(a_column(Type.INTEGER, 2**63))


def test_what_has_no_type_of_its_own_is_json():
    assert to_batch(a_column("list", ["a", "b"], None)).column(0).to_pylist() == [
        '["a","b"]',
        None,
    ]


def test_a_parquet_writer_that_fails_says_so_and_one_that_is_left_ends():
    numbered = Rows((Column("x", Type.TEXT), Column("n", Type.INTEGER)), [("a", 1)])
    other = Rows((Column("x", Type.INTEGER), Column("n", Type.INTEGER)), [(1, 1)])
    failing = Parquet()
    failing.encode(numbered)
    with pytest.raises(Exception, match="Schema"):
        failing.encode(other)
    failing.close()
    left = Parquet()
    left.encode(numbered)
    left.close()
    left._thread.join(30)
    assert not left._thread.is_alive()
    Parquet().close()
    ArrowStream().close()


@pytest.mark.parametrize(("size", "rows"), [(10, 4_096), (100_000, 335), (40_000_000, 1)])
def test_a_row_group_of_large_events_has_few_of_them(size: int, rows: int):
    columns = (Column("payload", "json"),)
    batch = to_batch(Rows(columns, [("x" * size,)] * 2))
    assert group_rows(batch) == pytest.approx(rows, rel=0.01)
