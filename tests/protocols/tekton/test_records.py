"""Records: byte for byte, merged by updates, listed in pages, asked for their logs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.apps import play
from tests.protocols.fake import FakeServer
from tests.protocols.tekton.asking import PARENTS, Tekton, data_of, run_object, value_of

from runwell.protocols.tekton import PROTOCOL

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["metadata", "status", "labels", "conditions", "name", "startTime", "k"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(value=JSON, indent=st.sampled_from([None, 1]))
def test_any_json_is_stored_and_comes_back_byte_for_byte(value, indent):
    server = FakeServer(PROTOCOL)
    assert server.ask("POST", f"{PARENTS}/ns/results", {"name": "ns/results/r"}).status == 200
    content = json.dumps(value, indent=indent, ensure_ascii=False).encode()
    name = "ns/results/r/records/n"
    body = {"name": name, "data": data_of(content, "tekton.dev/v1.PipelineRun")}
    made = server.ask("POST", f"{PARENTS}/ns/results/r/records", body)
    assert made.status == 200, made.body
    read = server.ask("GET", f"{PARENTS}/{name}")
    assert read.body == made.body
    assert json.loads(read.body)["data"] == body["data"]


def test_the_bytes_come_back_from_reads_and_lists(tmp_path: Path):
    content = b'{"b": 1,"a":[1.50, 2e3],\n "b":2, "\\u00e9":"\xc3\xa9"}'

    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        made = await tekton.post("ns/results/r/records/n", content)
        assert value_of(made) == content
        assert value_of(await tekton.get("ns/results/r/records/n")) == content
        (listed,) = (await tekton.get("ns/results/r/records")).json()["records"]
        assert listed == made.json()
        changed = await tekton.patch("ns/results/r/records/n", {"data": {"type": "u"}})
        assert changed.json()["data"] == made.json()["data"] | {"type": "u"}

    play(tmp_path, scenario)


def test_pages_hold_every_record_once_whatever_is_added_or_removed_meanwhile(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        for n in range(23):
            await tekton.post(f"ns/results/r/records/n{n:02}", {})
        for order in ("", "create_time desc", "update_time asc"):
            query = {"page_size": 5, **({"order_by": order} if order else {})}
            seen, token, extra = [], "", 0
            while True:
                sent = {**query, **({"page_token": token} if token else {})}
                page = (await tekton.get("ns/results/-/records", **sent)).json()
                seen += [record["name"].rpartition("/")[2] for record in page["records"]]
                token = page.get("next_page_token", "")
                if not token:
                    break
                extra += 1
                await tekton.post(f"ns/results/r/records/x{extra}", {})
                await tekton.delete(f"ns/results/r/records/x{extra}")
            assert sorted(seen) == [f"n{n:02}" for n in range(23)], order
            assert len(page["records"]) <= 5

    play(tmp_path, scenario)


def test_results_without_the_time_of_an_order_have_their_place_on_pages(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        for n in range(14):
            summary = {"record": f"ns/results/r{n}/records/n", "type": "t"}
            if n % 2:
                summary["start_time"] = f"2026-03-01T10:00:{n // 4:02}Z"
            await tekton.post_result(f"ns/results/r{n}", summary=summary)
        for order in ("summary.start_time asc", "summary.start_time desc"):
            seen, token = [], ""
            while True:
                sent = {"order_by": order, "page_size": 5} | (
                    {"page_token": token} if token else {}
                )
                page = (await tekton.get("-/results", **sent)).json()
                seen += page["results"]
                token = page.get("next_page_token", "")
                if not token:
                    break
            times = [result["summary"].get("start_time") for result in seen]
            assert len({result["name"] for result in seen}) == 14
            there = [time for time in times if time]
            assert there == sorted(there, reverse=order.endswith("desc"))
            missing = times[:7] if order.endswith("desc") else times[7:]
            assert missing == [None] * 7

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    "changed",
    [{"filter": "true"}, {"order_by": "create_time asc"}, {"path": "ns/results/r/records"}],
)
def test_a_token_belongs_to_its_question(tmp_path: Path, changed: dict[str, str]):
    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        for n in range(6):
            await tekton.post(f"ns/results/r/records/n{n}", {})
        path = "ns/results/-/records"
        first = (await tekton.get(path, page_size=5)).json()
        asked = {"page_size": 5, "page_token": first["next_page_token"], **changed}
        answer = await tekton.get(asked.pop("path", path), **asked)
        assert (answer.status_code, answer.json()["code"]) == (400, 3)
        assert answer.json()["message"].startswith("invalid page token: ")

    play(tmp_path, scenario)


def test_logs_are_the_records_that_tell_of_them(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        await tekton.post("ns/results/r/records/run", run_object())
        for path in ("ns/results/r/logs", "ns/results/r/logs/run", "ns/results/r/logs/gone"):
            missing = await tekton.get(path)
            assert (missing.status_code, missing.json()["code"]) == (404, 5), path
        log = b'{"spec": {"type": "S3"}}'
        await tekton.post("ns/results/r/records/log", log, "results.tekton.dev/v1alpha3.Log")
        assert await tekton.names("ns/results/-/logs") == ["log"]
        (listed,) = (await tekton.get("ns/results/-/logs")).json()["records"]
        assert listed["name"] == "ns/results/r/logs/log"
        assert (await tekton.get("ns/results/r/logs/log")).content == log
        v3 = PARENTS.replace("v1alpha2", "v1alpha3")
        assert (await client.get(f"{v3}/ns/results/r/logs/log")).content == log
        assert (await tekton.delete("ns/results/r/logs/run")).status_code == 404
        assert (await tekton.delete("ns/results/r/logs/log")).json() == {}
        assert await tekton.names() == ["run"]

    play(tmp_path, scenario)


def test_a_record_is_an_event_with_what_its_object_says(tmp_path: Path):
    run = {
        "kind": "PipelineRun",
        "metadata": {
            "name": "build-7",
            "namespace": "web",
            "creationTimestamp": "2026-03-01T10:00:00Z",
            "labels": {"tekton.dev/pipeline": "build", "team": "web", "n": 5, "x" * 300: "y"},
            "annotations": {
                "pipelinesascode.tekton.dev/url-org": "acme",
                "pipelinesascode.tekton.dev/url-repository": "shop",
                "pipelinesascode.tekton.dev/sha": "abc",
                "pipelinesascode.tekton.dev/source-branch": "main",
                "pipelinesascode.tekton.dev/log-url": "https://logs.test/7",
            },
        },
        "status": {
            "startTime": "2026-03-01T10:00:05Z",
            "completionTime": "2026-03-01T10:01:05.5Z",
            "conditions": [
                {"type": "Ready", "status": "True"},
                {
                    "type": "Succeeded",
                    "status": "False",
                    "reason": "PipelineRunTimeout",
                    "message": "too long",
                },
            ],
        },
    }
    task = {"metadata": {"labels": {"tekton.dev/pipelineRunUID": "u1"}}}

    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("web/results/r")
        await tekton.post("web/results/r/records/u1", run, "tekton.dev/v1.PipelineRun")
        await tekton.post("web/results/r/records/u2", task, "tekton.dev/v1.TaskRun")
        event = (await client.get("/-/api/events/tekton/web/r%2Fu1")).json()
        expected = {
            "kind": "pipeline",
            "event_type": "tekton.dev/v1.PipelineRun",
            "name": "build-7",
            "pipeline": "build",
            "namespace": "web",
            "repo": "acme/shop",
            "ref": "main",
            "sha": "abc",
            "status": "timed_out",
            "created": "2026-03-01T10:00:00Z",
            "started": "2026-03-01T10:00:05Z",
            "finished": "2026-03-01T10:01:05.500000Z",
            "duration": 60.5,
            "description": "too long",
            "tags": {"tekton.dev/pipeline": ["build"], "team": ["web"]},
            "links": {"log": "https://logs.test/7"},
            "chain": "r",
            "parent": "r",
        }
        assert {name: event[name] for name in expected} == expected
        tasks = (await client.get("/-/api/events/tekton/web/r%2Fu2")).json()
        assert (tasks["kind"], tasks["parent"], tasks["status"]) == ("task", "r/u1", "unknown")
        both = await client.get(
            "/-/api/events",
            params={
                "fields": "id",
                "filter": 'status == "timed_out" && tags.team == "web" && '
                'payload.status.startTime < "2026-03-02" && duration > duration("1m")',
            },
        )
        assert both.json()["events"] == [{"id": "r/u1"}]

    play(tmp_path, scenario)


def test_parent_and_result_may_come_as_one_segment(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        await tekton.post("ns/results/r/records/n", {})
        for path in ("ns%2Fresults%2F-/records", "ns%2Fresults%2Fr/records"):
            assert await tekton.names(path) == ["n"]
        answer = await client.get(f"{PARENTS}/ns%2Fresults%2F-/records/summary")
        assert answer.json() == {"summary": [{"total": 1}]}

    play(tmp_path, scenario)


def test_a_page_of_large_records_is_shorter_and_the_next_one_goes_on(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        for n in range(12):
            await tekton.post(f"ns/results/r/records/n{n:02}", {"text": "x" * 3_000})
        seen, sizes, token = [], [], ""
        while True:
            sent = {"page_size": 10, "order_by": "create_time asc"}
            sent |= {"page_token": token} if token else {}
            page = (await tekton.get("-/results/-/records", **sent)).json()
            names = [record["name"].rpartition("/")[2] for record in page["records"]]
            seen, sizes = seen + names, [*sizes, len(names)]
            token = page.get("next_page_token", "")
            if not token:
                break
        assert seen == [f"n{n:02}" for n in range(12)]
        assert max(sizes) < 10

    play(tmp_path, scenario, answer_bytes_max=15_000)
