"""The client for Python against a real server: every method, and what it says when it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.client.sample import COUNT, events
from tests.serving import Server, run_cli, unmeasured

from runwell.client import Client, NoAnswer, Refused, Written
from runwell.client import client as module
from runwell.client import columns as kinds
from runwell.model import Bucket
from runwell.query import FIELDS, MEASURES
from runwell.web.parameters import LISTED, split_list


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.url) as found:
        yield found


def test_a_summary_is_a_table_with_times_as_objects(client: Client):
    table = client.summary(
        ["total", "success_rate", "p95(duration)", "last_run"],
        group_by="week, pipeline",
        filter='status != "skipped"',
        having="total > 1",
        order_by=["week desc", "total desc"],
        limit=2,
        zone="Europe/Berlin",
    )
    assert [tuple(column) for column in table.columns] == [
        ("week", "time"),
        ("pipeline", "text"),
        ("total", "integer"),
        ("success_rate", "rate"),
        ("p95(duration)", "duration"),
        ("last_run", "time"),
    ]
    first = table.rows[0]
    assert first["week"] == datetime(2026, 1, 4, 23, tzinfo=UTC)
    assert first["week"].utcoffset() == timedelta(hours=1)
    assert first["last_run"].tzinfo is not None
    assert (len(table), list(table)) == (2, table.rows)
    assert (
        repr(table)
        == "<Table of 2 rows: week, pipeline, total, success_rate, p95(duration), last_run>"
    )


def test_an_answer_without_rows_still_has_its_columns(client: Client):
    nothing = 'name == "no such"'
    table = client.summary("total,p95(duration)", group_by="day started, name", filter=nothing)
    assert [column.name for column in table.columns] == ["day", "name", "total", "p95(duration)"]
    assert (table.rows, table.to_pandas().shape, table.to_arrow().num_columns) == ([], (0, 4), 4)
    assert [c.name for c in client.events("name", filter=nothing).columns] == ["name"]
    series = client.series("total", filter=nothing)
    assert [tuple(column) for column in series.columns] == [("time", "time"), ("total", "integer")]


def test_a_series_has_a_row_for_each_bucket_and_group(client: Client):
    table = client.series(
        "total",
        bucket="day",
        from_=datetime(2026, 1, 3, tzinfo=UTC).date(),
        to="2026-01-05",
        group_by="pipeline",
        compare="previous",
    )
    assert [row["time"].day for row in table] == [3, 4, 3, 4]
    assert table.rows[0] == {
        "time": datetime(2026, 1, 3, tzinfo=UTC),
        "pipeline": "app",
        "total": 2,
        "previous total": 1,
    }
    assert table.columns[3] == ("previous total", "integer")


def test_events_are_asked_for_page_by_page(client: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PAGE_ROWS", 10)
    asked = []
    monkeypatch.setattr(
        client._link, "get", lambda *words, get=client._link.get: asked.append(1) or get(*words)
    )
    found = client.events("id,time", order_by="arrival asc")
    assert [event["id"] for event in islice(found, 3)] == ["0-0", "0-1", "1-0"]
    assert len(asked) == 1
    assert len(found) == COUNT
    assert len(asked) == 4
    assert list(found) == found.rows
    assert len(asked) == 4  # it is kept now
    assert found.rows[0]["time"] == datetime(2026, 1, 1, 9, tzinfo=UTC)
    assert len(client.events(limit=12)) == 12
    assert len(client.events(limit=10)) == 10
    assert len(asked) == 4 + 2 + 1


def test_pages_are_as_small_as_the_server_wants_them(tmp_path: Path):
    bounds = ("--page-max", "150", "--answer-bytes-max", "5000")
    with Server(tmp_path / "data", bounds) as server, Client(server.url) as client:
        client.write(events())
        assert len(client.events()) == COUNT
    with (
        Server(tmp_path / "data", ("--answer-bytes-max", "10")) as server,
        Client(server.url) as client,
        pytest.raises(Refused, match="413"),
    ):
        len(client.events())


def test_events_without_fields_have_all_that_a_list_shows(client: Client):
    assert tuple(next(iter(client.events()))) == kinds.LISTED == LISTED
    (column,) = client.events("size(name)").columns
    assert column == ("size(name)", "integer")


def test_what_the_client_knows_of_names_is_what_the_server_says():
    assert {name: str(type_) for name, type_ in FIELDS.items()} == kinds.FIELDS
    assert {name: str(m.type) for name, m in MEASURES.items()} == {
        name: "number" if kind == "rate" else kind for name, kind in kinds.MEASURES.items()
    }
    assert list(kinds.MEASURES) == list(MEASURES)
    assert tuple(map(str, Bucket)) == kinds.BUCKETS


@pytest.mark.parametrize(
    "text",
    ["", " a, b ", 'tags["a,b"],c', "f(a, b), [1, 2], {1: 2}", r'"\",", b', "a,,b", "a')', b"],
)
def test_lists_are_parted_as_the_server_does(text: str):
    assert module.split(text) == split_list(text)


def test_sql_answers_rows_by_names(client: Client):
    table = client.sql(
        "SELECT time, tags, 1 AS a, 2 AS a, time::DATE AS day, status = ? AS bad, NULL AS n,"
        " INTERVAL 1 MINUTE AS i FROM events ORDER BY arrival LIMIT 1",
        ["failed"],
    )
    assert [tuple(column) for column in table.columns] == [
        ("time", "time"),
        ("tags", "json"),
        ("a", "integer"),
        ("a_1", "integer"),
        ("day", "date"),
        ("bad", "boolean"),
        ("n", "text") if table.columns[6].type == "text" else ("n", "integer"),
        ("i", "duration"),
    ]
    assert table.rows == [
        {
            "time": datetime(2026, 1, 1, 9, tzinfo=UTC),
            "tags": {"team": ["core"]},
            "a": 1,
            "a_1": 2,
            "day": datetime(2026, 1, 1, tzinfo=UTC).date(),
            "bad": True,
            "n": None,
            "i": 60.0,
        }
    ]


def test_what_can_be_asked_for_is_told(client: Client):
    found = client.fields(filter='pipeline == "web"', limit=1)
    assert found["tags"] == [{"name": "team", "events": 16}]
    assert "events" in [relation["name"] for relation in client.relations()]


def test_a_mistake_is_refused_with_the_servers_words_and_place(client: Client):
    with pytest.raises(Refused) as caught:
        client.summary("total", filter='stauts == "failed"')
    error = caught.value
    assert (error.status, error.pointer) == (400, "filter")
    assert error.detail.splitlines()[1:] == [' | stauts == "failed"', " | ^"]
    assert isinstance(error, NoAnswer)
    with pytest.raises(Refused, match="did you mean 'total'") as caught:
        client.summary("totl")
    assert caught.value.pointer == "summary"


def test_a_client_takes_its_address_and_token_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with Server(tmp_path / "data") as server:
        token = run_cli("token", "create", "ci", "--data", str(server.data)).stdout.strip()
        monkeypatch.setenv("RUNWELL_URL", server.url)
        with pytest.raises(Refused, match="401"):
            Client().summary("total")
        monkeypatch.setenv("RUNWELL_TOKEN", token)
        with Client() as client:
            assert client.summary("total").rows == [{"total": 0}]
            assert repr(client) == f"<Client of {server.url}>"
        monkeypatch.delenv("RUNWELL_TOKEN")
        address = server.url.replace("http://", f"http://ci:{quote(token)}@")
        with Client(address) as client:
            assert client.summary("total").rows == [{"total": 0}]


def test_what_is_written_is_there_and_can_be_written_again(tmp_path: Path):
    run = {
        "source": "script",
        "scope": "acme",
        "id": "1",
        "started": datetime(2026, 1, 1, tzinfo=UTC),
        "duration": timedelta(minutes=1),
        "payload": {"day": datetime(2026, 1, 1, tzinfo=UTC).date(), "of": {"a": 1}},
    }
    with Server(tmp_path / "data") as server, Client(server.url) as client:
        assert client.write([run]) == Written(created=1, existed=0, replaced=0)
        assert client.write(iter([run, {**run, "status": "failed"}])) == (0, 1, 1)
        assert client.write([]) == (0, 0, 0)
        (event,) = client.events("started,duration,status,payload.day")
        assert event == {
            "started": run["started"],
            "duration": 60.0,
            "status": "failed",
            "payload.day": "2026-01-01",
        }
        whole = client.events([*kinds.FIELDS])
        assert client.write(whole) == (0, 1, 0)
        with pytest.raises(ValueError, match="JSON"):
            client.write([{**run, "duration": float("nan")}])
        with pytest.raises(TypeError, match="a set cannot be sent"):
            client.write([{**run, "payload": {1}}])


def test_events_go_in_batches_and_a_refused_one_says_what_was_stored_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "BATCH_EVENTS", 10)
    with Server(tmp_path / "data") as server, Client(server.url) as client:
        bad = [*events(), {"source": "script"}]
        with pytest.raises(Refused, match=r"events\[9\]\.scope") as caught:
            client.write(bad)
        assert caught.value.__notes__ == ["20 events before these were stored"]
        monkeypatch.setattr(module, "BATCH_BYTES", 1_000)
        assert client.write(events()) == Written(created=9, existed=20, replaced=0)


def test_new_events_are_followed(tmp_path: Path):
    with Server(tmp_path / "data") as server, Client(server.url) as client:
        client.write(events()[:2])
        found = client.tail(filter='kind == "pipeline"', fields="id,started", after=0)
        assert next(found) == {"id": "0-0", "started": datetime(2026, 1, 1, 9, tzinfo=UTC)}
        assert next(found)["id"] == "0-1"
        waiting = threading.Timer(0.1, client.write, [events()[2:3]])
        waiting.start()
        assert next(found)["id"] == "1-0"
        waiting.join()
        found.close()
        with pytest.raises(Refused, match="did you mean 'name'"):
            next(client.tail(fields="nme"))


def test_threads_may_share_a_client(client: Client):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: client.summary("total").rows, range(20)))
    assert found == [[{"total": COUNT}]] * 20


def test_the_client_is_imported_quickly_and_alone():
    code = (
        "import sys, time; began = time.process_time(); import runwell.client;"
        "print(time.process_time() - began);"
        "print([m for m in ('duckdb', 'uvicorn', 'msgspec', 'rich', 'click', 'pyarrow') if m in sys.modules])"
    )
    done = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=unmeasured(),
        )
        for _ in range(3)
    ]
    assert done[0].stdout.splitlines()[1] == "[]"
    assert min(float(one.stdout.split()[0]) for one in done) < 0.1


def test_a_parameter_is_called_as_over_http(server: Server):
    """Those of the methods are those of the addresses: `from_` for `from`, `measures` for `summary`."""
    document = json.loads(server.ask("GET", "/-/openapi.json").body)
    for name in ("summary", "series", "events", "tail", "export", "fields"):
        told = {item["name"] for item in document["paths"][f"/-/api/{name}"]["get"]["parameters"]}
        method = getattr(Client, name).__annotations__
        ours = {{"from_": "from", "measures": "summary"}.get(word, word) for word in method}
        # what only concerns how an answer travels, and where a file goes
        assert told - ours <= {"shape", "page_token", "format"}
        assert ours - told == {"return"} | ({"to", "overwrite"} if name == "export" else set())
