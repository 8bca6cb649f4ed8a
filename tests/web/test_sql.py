"""`POST /-/api/sql`: values, shapes and bounds; what may be asked is in test_sql_sandbox.py."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.apps import an_app, play
from tests.builders import a_write


def test_values_are_bound_and_come_back_as_json_has_them(tmp_path: Path):
    sql = """SELECT ? AS text, ? AS n, ?::DOUBLE AS x, ?::BOOLEAN AS yes, ? AS nothing,
        TIMESTAMP '2026-01-01 00:00:00.5' AS t, DATE '2026-01-01' AS d, TIME '01:02:03' AS c,
        TIMESTAMPTZ '2026-01-01 00:00:00+00' AS z, INTERVAL 90 SECOND AS i, 1.50::DECIMAL(4, 2) AS m,
        170141183460469231731687303715884105727::HUGEINT AS big, 'ab'::BLOB AS b, [1, NULL] AS l,
        MAP {'k': 1} AS o, {'a': DATE '2026-01-01'} AS s, 'nan'::DOUBLE AS nan,
        '5b2d8b1e-5b0e-4b2a-9b1e-5b0e4b2a9b1e'::UUID AS u"""

    async def scenario(_app, client):
        question = {"sql": sql, "params": ["it's", 5, 1.5, True, None]}
        answer = (await client.post("/-/api/sql", json=question)).json()
        values = dict(zip([c["name"] for c in answer["columns"]], answer["rows"][0], strict=True))
        assert values == {
            "text": "it's",
            "n": 5,
            "x": 1.5,
            "yes": True,
            "nothing": None,
            "t": "2026-01-01T00:00:00.500000Z",
            "d": "2026-01-01",
            "c": "01:02:03",
            "z": "2026-01-01T00:00:00Z",
            "i": 90.0,
            "m": 1.5,
            "big": str(2**127 - 1),
            "b": "6162",
            "l": [1, None],
            "o": {"k": 1},
            "s": {"a": "2026-01-01"},
            "nan": None,
            "u": "5b2d8b1e-5b0e-4b2a-9b1e-5b0e4b2a9b1e",
        }
        types = {column["name"]: column["type"] for column in answer["columns"]}
        assert (types["t"], types["m"], types["l"]) == ("TIMESTAMP", "DECIMAL(4,2)", "INTEGER[]")

    play(tmp_path, scenario)


def test_rows_may_come_as_objects(tmp_path: Path):
    async def scenario(_app, client):
        question = {"sql": "SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y' ORDER BY a"}
        answer = await client.post("/-/api/sql?shape=objects", json=question)
        assert answer.json() == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
        answer = await client.post("/-/api/sql?shape=rings", json=question)
        assert (answer.status_code, answer.json()["pointer"]) == (400, "shape")

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("sql", "status"),
    [
        ("SELECT * FROM range(101)", 413),
        ("SELECT string_agg('xxxxxxxxxx', '') FROM range(2000)", 413),
        ("SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000) c", 504),
        (f"SELECT {'1 + ' * 300} 1", 413),
    ],
)
def test_a_question_without_measure_is_stopped_and_the_next_one_answered(
    sql: str, status: int, tmp_path: Path
):
    async def scenario(_app, client):
        answer = await client.post("/-/api/sql", json={"sql": sql})
        assert answer.status_code == status, answer.text
        assert (await client.post("/-/api/sql", json={"sql": "SELECT 1"})).json()["rows"] == [[1]]

    limits = {"sql_rows_max": 100, "sql_bytes_max": 10_000, "sql_text_bytes_max": 1000}
    play(tmp_path, scenario, query_seconds_max=2.0, **limits)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"sql": 5}', b'{"sql": "SELECT 1", "x": 1}', b"{"])
def test_a_body_of_another_form_is_refused(body: bytes, tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path) as (_, client):
            answer = await client.post("/-/api/sql", content=body)
            assert (answer.status_code, answer.json()["status"]) == (400, 400)

    asyncio.run(main())


def test_times_are_utc_whatever_the_machine_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")

    async def scenario(app, client):
        await app.ingest.accept([a_write("1")])
        for sql, row in [
            ("SELECT count(*) FROM events WHERE received > now() - INTERVAL 1 HOUR", [1]),
            ("SELECT count(*) FROM events WHERE received > now() + INTERVAL 1 HOUR", [0]),
            ("SELECT TIMESTAMPTZ '2026-01-01 00:00:00'", ["2026-01-01T00:00:00Z"]),
            ("SELECT TIMESTAMP '2026-01-01 00:00:00'::TIMESTAMPTZ", ["2026-01-01T00:00:00Z"]),
        ]:
            answer = await client.post("/-/api/sql", json={"sql": sql})
            assert answer.json()["rows"] == [row], sql

    play(tmp_path, scenario)


def test_an_interval_beyond_all_bounds_is_refused(tmp_path: Path):
    async def scenario(_app, client):
        sql = "SELECT INTERVAL 1000000000 DAYS"
        answer = await client.post("/-/api/sql", json={"sql": sql})
        assert (answer.status_code, answer.json()["pointer"]) == (400, "/sql")

    play(tmp_path, scenario)


def test_objects_cannot_have_two_columns_of_one_name(tmp_path: Path):
    async def scenario(_app, client):
        question = {"sql": "SELECT 1 AS a, 2 AS a"}
        answer = await client.post("/-/api/sql?shape=objects", json=question)
        assert (answer.status_code, answer.json()["pointer"]) == (400, "/sql")
        assert "two columns are called 'a'" in answer.json()["detail"]
        assert (await client.post("/-/api/sql", json=question)).json()["rows"] == [[1, 2]]

    play(tmp_path, scenario)
