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


@pytest.mark.parametrize("order", ["", "create_time desc", "update_time asc"])
def test_pages_hold_every_record_once_whatever_is_added_or_removed_meanwhile(
    tmp_path: Path, order: str
):
    lasting = {f"n{n:02}" for n in range(23)}

    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        for name in (*sorted(lasting), "last-of-page"):
            await tekton.post(f"ns/results/r/records/{name}", {})
        query = {"page_size": 5, **({"order_by": order} if order else {})}
        seen, token = [], ""
        while True:
            sent = {**query, **({"page_token": token} if token else {})}
            page = (await tekton.get("ns/results/-/records", **sent)).json()
            names = [record["name"].rpartition("/")[2] for record in page["records"]]
            assert len(names) <= 5
            seen += names
            token = page.get("next_page_token", "")
            if not token:
                break
            await tekton.post(f"ns/results/r/records/x{len(seen)}", {})
            if "last-of-page" in seen:  # what the token points at may be gone
                await tekton.delete("ns/results/r/records/last-of-page")
        assert len(seen) == len(set(seen))
        assert {name for name in seen if name in lasting} == lasting
        assert {name for name in seen if name not in lasting} <= {
            "last-of-page",
            *(f"x{n}" for n in range(50)),
        }

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


PLACES = [
    ("metadata", "ownerReferences", 0, "kind"),
    ("metadata", "ownerReferences", 0, "uid"),
    ("metadata", "labels", "tekton.dev/pipelineRunUID"),
    ("metadata", "annotations", "pipelinesascode.tekton.dev/log-url"),
    ("metadata", "name"),
    ("metadata", "namespace"),
    ("metadata", "creationTimestamp"),
    ("status", "conditions", 0, "reason"),
    ("status", "conditions", 0, "type"),
    ("status", "startTime"),
    ("spec", "pipelineRef", "name"),
]


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "", "x", [], ["PipelineRun"], {}, {"a": 1}])
def test_nothing_in_an_object_makes_a_record_fail(value):
    for steps in PLACES:
        for depth in range(1, len(steps) + 1):
            built = value
            for step in reversed(steps[:depth]):
                built = [built] if step == 0 else {step: built}
            server = FakeServer(PROTOCOL)
            server.ask("POST", f"{PARENTS}/ns/results", {"name": "ns/results/r"})
            name = "ns/results/r/records/n"
            body = {"name": name, "data": data_of(built, "tekton.dev/v1.PipelineRun")}
            made = server.ask("POST", f"{PARENTS}/ns/results/r/records", body)
            assert made.status == 200, (built, made.body)
            changed = server.ask("PATCH", f"{PARENTS}/{name}", {"data": data_of(built, "t")})
            assert changed.status == 200, (built, changed.body)


def test_of_a_key_that_comes_twice_the_first_counts_everywhere(tmp_path: Path):
    content = (
        b'{"status":{"startTime":"2026-01-05T10:00:00Z","startTime":"2027-01-05T10:00:00Z",'
        b'"conditions":[{"reason":"Failed","reason":"Succeeded","status":"False","status":"True"}]},'
        b'"metadata":{"name":"one","name":"two"}}'
    )

    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        await tekton.post("ns/results/r/records/n", content)
        for text in (
            'data.status.startTime == "2026-01-05T10:00:00Z"',
            'data.status.startTime == timestamp("2026-01-05T10:00:00Z")',
            "data.status.startTime.getFullYear() == 2026",
            'data.status.conditions[0].reason == "Failed"',
            'data.metadata.name == "one"',
        ):
            assert await tekton.names(filter=text) == ["n"], text
        (row,) = await tekton.summary(summary="failed,last_runtime", group_by="year startTime")
        assert row == {"failed": 1, "last_runtime": 1767607200, "group_value": 1767225600}
        event = (await client.get("/-/api/events/tekton/ns/r%2Fn")).json()
        assert (event["name"], event["status"]) == ("one", "failed")

    play(tmp_path, scenario)


def test_an_update_counts_by_its_size_like_everything_that_waits(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        await tekton.post("ns/results/r/records/n", {})
        large = {"data": data_of({"text": "x" * 200_000})}
        refused = await tekton.patch("ns/results/r/records/n", large)
        assert refused.status_code == 413
        refused = await tekton.patch("ns/results/r", {"annotations": {"k": "x" * 200_000}})
        assert refused.status_code == 413

    play(tmp_path, scenario, queue_bytes_max=100_000)


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"status": "Unknown", "reason": "Running"}, "running"),
        ({"status": "Unknown", "reason": "PipelineRunPending"}, "queued"),
        ({"status": "True", "reason": "Completed"}, "succeeded"),
        ({"status": "False", "reason": "Failed"}, "failed"),
        ({"status": "False", "reason": "TaskRunCancelled"}, "cancelled"),
        ({"status": "False", "reason": "TaskRunTimeout"}, "timed_out"),
        ({"status": "Maybe"}, "unknown"),
    ],
)
def test_a_condition_says_how_a_run_stands(tmp_path: Path, condition: dict[str, str], status: str):
    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        await tekton.post("ns/results/r/records/n", run_object(conditions=[condition]))
        event = (await client.get("/-/api/events/tekton/ns/r%2Fn")).json()
        assert event["status"] == status

    play(tmp_path, scenario)


def test_a_type_alone_may_change_and_what_it_makes_of_the_record(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        await tekton.post("ns/results/r/records/n", run_object(), "tekton.dev/v1.PipelineRun")
        made = (await client.get("/-/api/events/tekton/ns/r%2Fn")).json()
        changed = await tekton.patch(
            "ns/results/r/records/n", {"data": {"type": "tekton.dev/v1.TaskRun"}}
        )
        assert json.loads(value_of(changed)) == run_object()
        event = (await client.get("/-/api/events/tekton/ns/r%2Fn")).json()
        assert (made["kind"], event["kind"]) == ("pipeline", "task")
        assert (event["name"], event["created"]) == (made["name"], made["created"])
        empty = await tekton.client.post(
            f"{PARENTS}/ns/results/r/records", json={"name": "ns/results/r/records/empty"}
        )
        assert empty.status_code == 200
        refused = await tekton.patch("ns/results/r/records/empty", {"data": {"type": "t"}})
        assert (refused.status_code, refused.json()["message"]) == (
            400,
            "unexpected end of JSON input",
        )

    play(tmp_path, scenario)


def test_a_parameter_is_given_once(tmp_path: Path):
    async def scenario(_app, client):
        answer = await client.get(f"{PARENTS}/-/results/-/records?filter=true&filter=false")
        assert (answer.status_code, answer.json()["message"]) == (
            400,
            'too many values for field "filter"',
        )
        own = await client.get("/-/api/events?filter=true&filter=false")
        assert (own.status_code, own.json()["pointer"]) == (400, "filter")

    play(tmp_path, scenario)


@pytest.mark.parametrize("blanks", ["", " "])
def test_of_too_many_labels_the_first_become_tags_however_the_object_is_written(
    tmp_path: Path, blanks: str
):
    labels = ",".join(f'"l{n}":{blanks}"{n}"' for n in range(9))
    content = f'{{"metadata":{{"labels":{{{labels}}}}}}}'.encode()

    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        await tekton.post("ns/results/r/records/n", content)
        event = (await client.get("/-/api/events/tekton/ns/r%2Fn")).json()
        assert event["tags"] == {f"l{n}": [str(n)] for n in range(4)}

    play(tmp_path, scenario, tags_per_event_max=4)
