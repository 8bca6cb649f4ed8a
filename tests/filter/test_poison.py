"""A record with absurd content changes nobody else's answer; a query that cannot run says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.apps import play
from tests.protocols.tekton.asking import Tekton, value_of

from runwell.protocols.tekton.questions import MEASURES

P = "tekton.dev/v1.PipelineRun"
TIME_NAMES = ("startTime", "completionTime")
TIMES = [
    *("", " ", "garbage", "now", "infinity", "-infinity", "epoch", "0000-00-00T00:00:00Z"),
    *("2026-02-30T00:00:00Z", "2026-03-01T25:00:00Z", "2026-03-01T10:00:00+99:99", "-1", "NaN"),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "99999-01-01T00:00:00Z"),
    *("1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "2199-12-31T23:59:59-14:59", "9" * 500),
    *(None, True, 0, -1, 1.5, 1772323200, 10**30, -1e308, [], {}, ["2026-03-01T10:00:00Z"]),
    *({"seconds": 1}, "2026-03-01T10:00:00Z'; DROP TABLE event; --", "{0}", "☃", "\u202e"),
]
WRONG = [None, True, False, 0, -1.5, 10**30, "", "x", "☃" * 1000, [], [None], [[]], {}, {"": {}}]
PLACES = [
    ("metadata",),
    ("metadata", "name"),
    ("metadata", "namespace"),
    ("metadata", "creationTimestamp"),
    ("metadata", "labels"),
    ("metadata", "labels", "tekton.dev/pipeline"),
    ("metadata", "annotations"),
    ("metadata", "annotations", "pipelinesascode.tekton.dev/repository"),
    ("metadata", "ownerReferences"),
    ("spec", "pipelineRef"),
    ("status",),
    ("status", "conditions"),
    ("kind",),
]
WHOLE = [None, True, 5, 1e308, 10**30, "", "text", [], [1, [2]], {}, {"": ""}]
RAW = [
    b'{"status": {"startTime": "2026-03-01T10:00:00Z", "startTime": "garbage"}}',
    b'{"metadata": {"namespace": "\\ud83d\\ude00"}, "metadata": null}',
    b'{"status": {"conditions": ' + b"[" * 40 + b"]" * 40 + b"}}",
    b'{"n": 123456789012345678901234567890, "e": 1e-400, "z": -0.0, "f": 1.7976931348623157e308}',
    b' {"kind" : "PipelineRun"} ',
]


def at(place: tuple[str, ...], value: Any) -> Any:
    for step in reversed(place):
        value = {step: value}
    return value


def poison() -> list[bytes]:
    documents: list[Any] = [*WHOLE]
    for time in TIMES:
        documents += [
            {"status": dict.fromkeys(TIME_NAMES, time)},
            {"status": {"startTime": "2026-03-01T10:00:00Z", "completionTime": time}},
            {"metadata": {"creationTimestamp": time}},
        ]
    for value in WRONG:
        documents += [at(place, value) for place in PLACES]
        documents += [{"status": {"conditions": [{key: value}]}} for key in ("reason", "status")]
    return [json.dumps(one, ensure_ascii=False).encode() for one in documents] + RAW


def a_run(number: int, reason: str) -> dict[str, Any]:
    return {
        "kind": "PipelineRun",
        "metadata": {
            "name": f"run-{number}",
            "namespace": "good",
            "creationTimestamp": f"2026-03-0{number}T09:59:00Z",
            "labels": {"tekton.dev/pipeline": "build", "app": "web"},
            "annotations": {"pipelinesascode.tekton.dev/repository": "repo"},
        },
        "status": {
            "startTime": f"2026-03-0{number}T10:00:00Z",
            "completionTime": f"2026-03-0{number + 1}T10:00:{number:02}.5Z",
            "conditions": [{"type": "Succeeded", "reason": reason, "status": "True"}],
        },
    }


FILTERS = [
    'data.metadata.namespace == "good"',
    'data.status.startTime > timestamp("2026-03-02T00:00:00Z") && data.metadata.name == "run-2"',
    'data.status.completionTime.getFullYear() == 2026 && data.metadata.name.startsWith("run")',
    'data.status.completionTime - data.status.startTime > duration("1h")',
    'data.status.conditions[0].reason == "Failed" && data_type == PIPELINE_RUN',
    'data.metadata.labels["app"] in ["web", "api"]',
    '!(data.metadata.labels["app"] != "web")',
    'data.metadata.annotations.contains("\\"repo\\"")',
    'data.metadata.name.matches("^run-[0-9]$")',
    "has(data.metadata.labels.app) && size(data.metadata.labels) == 2",
    'int(data.status.completionTime.getHours()) == 10 && "app" in data.metadata.labels',
    'timestamp(data.status.startTime) < timestamp("2026-04-01T00:00:00Z") && parent == "good"',
]
GROUPS = ["namespace", "pipeline", "repository", "minute", "hour startTime", "day", "week"]
GROUPS += ["month completionTime", "year"]
GOOD = 'data.metadata.namespace == "good"'


async def answers(tekton: Tekton) -> dict[str, Any]:
    """What somebody with records of their own asks, over all parents."""
    measures = ",".join(MEASURES)
    found: dict[str, Any] = {text: sorted(await tekton.names(filter=text)) for text in FILTERS}
    for group in GROUPS:
        found[group] = sorted(
            await tekton.summary(summary=measures, group_by=group, filter=GOOD), key=str
        )
    found["all"] = await tekton.summary(summary=measures, filter=GOOD)
    places = await tekton.summary(summary=measures, group_by="namespace")
    found["mine among all"] = [row for row in places if row["group_value"] == "good"]
    times = await tekton.summary(summary="avg_duration,min_duration,max_duration,total_duration")
    found["durations of all"] = times
    ordered = await tekton.get("good/results/-/records", order_by="create_time desc")
    found["list"] = [record["name"] for record in ordered.json()["records"]]
    results = await tekton.get(
        "-/results", filter='summary.start_time < timestamp("2026-04-01T00:00:00Z")'
    )
    found["results"] = [result["name"] for result in results.json()["results"]]
    return found


def test_no_content_of_a_record_changes_the_answers_about_others(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        summary = {"record": "good/results/r/records/a", "type": P}
        summary["start_time"] = "2026-03-01T10:00:00Z"
        assert (await tekton.post_result("good/results/r", summary=summary)).status_code == 200
        for number, reason in enumerate(["Succeeded", "Failed", "Cancelled", "Odd"], 1):
            posted = await tekton.post(
                f"good/results/r/records/run-{number}", a_run(number, reason), P
            )
            assert posted.status_code == 200
        before = await answers(tekton)
        assert all(before.values())

        await tekton.post_result("bad/results/r", annotations={"": "☃", "'": "{0}"})
        far = {**summary, "record": "bad/results/s/records/a"}
        far |= {"start_time": "0001-01-01T00:00:00Z", "end_time": "9999-12-31T23:59:59Z"}
        assert (await tekton.post_result("bad/results/s", summary=far)).status_code == 200
        documents = poison()
        for number, document in enumerate(documents):
            posted = await tekton.post(f"bad/results/r/records/p{number}", document, P)
            assert (posted.status_code, value_of(posted)) == (200, document)

        assert await answers(tekton) == before
        (total,) = await tekton.summary(summary="total")
        assert total == {"total": len(documents) + 4}
        assert len(documents) > 300

    play(tmp_path, scenario)


CANNOT_RUN = [
    ('{0}.matches("[")', "missing ]: ["),
    ('{0}.matches("(?=a)")', "invalid perl operator: (?="),
    ('{0}.matches("a{{1001}}")', "invalid repetition size: {1001}"),
    ('{0}.matches("(")', "missing ): ("),
    ("{0} == 'a' || 9223372036854775808 == 1", "invalid int literal"),
    ("18446744073709551615u == 1u", "integer literal beyond 64 bits with a sign"),
    ('duration("9999999h") > duration("1s")', "duration: '9999999h' is none"),
    ('timestamp("garbage") > timestamp("2026-01-01")', "timestamp: 'garbage' is none"),
    ('timestamp("2026-01-01").getHours("posix/UTC") == 1', "unknown time zone posix/UTC"),
    ('timestamp("2026-01-01").getHours("localtime") == 1', "unknown time zone localtime"),
    ("{0} == 1", "found no matching overload for '_==_' applied to '(string, int)'"),
    ("undeclared == 1", "undeclared reference to 'undeclared'"),
    ("[1].all(x, x == 1)", "unsupported CEL statement"),
    ("{0}", "expected boolean expression, but got string"),
]


@pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
def test_a_query_that_cannot_run_is_refused_with_the_reason(tmp_path: Path, filled: bool):
    async def scenario(_app, client):
        tekton = Tekton(client)
        if filled:
            await tekton.post_result("good/results/r")
            await tekton.post("good/results/r/records/a", a_run(1, "Failed"), P)
        for template, reason in CANNOT_RUN:
            text = template.format("name")
            for path in ("-/results/-/records", "-/results/-/records/summary"):
                answer = await tekton.get(path, filter=text)
                assert (answer.status_code, answer.json()["code"]) == (400, 3), text
                assert reason in answer.json()["message"]
            text = template.format("parent")
            answer = await tekton.get("-/results", filter=text)
            assert (answer.status_code, answer.json()["code"]) == (400, 3), text
            assert reason in answer.json()["message"]

            text = template.format("name")
            for path in ("events", "summary"):
                answer = await client.get(f"/-/api/{path}", params={"filter": text})
                assert answer.status_code == 400, text
                assert reason in answer.json()["detail"]

    play(tmp_path, scenario)


def test_what_has_no_value_is_no_error(tmp_path: Path):
    texts = [
        "1 / 0 == 1",
        "9223372036854775807 + 1 > 0",
        "-9223372036854775808 % -1 == 0",
        "-(-9223372036854775808) > 0",
        "timestamp(9223372036854775807) > timestamp(0)",
        'timestamp("2199-12-31") + duration("2562047h") > timestamp(0) && 1 / 0 == 1',
        "1e300 * 1e300 < 1.0",
        'int("9223372036854775808") > 0',
    ]

    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("good/results/r")
        await tekton.post("good/results/r/records/a", a_run(1, "Failed"), P)
        for text in texts:
            assert await tekton.names(filter=text) == [], text
            answer = await client.get("/-/api/events", params={"filter": text})
            assert (answer.status_code, answer.json()["events"]) == (200, []), text

    play(tmp_path, scenario)


def test_hostile_texts_come_through_both_routes_as_they_are(tmp_path: Path):
    hostile = [
        "'",
        '"',
        "' OR '1'='1",
        "$1",
        "?",
        "{0}",
        "%",
        "\\",
        "--",
        "/*",
        "☃",
        "a/b~c",
        "+&#=",
    ]

    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("good/results/r", annotations={text: text for text in hostile})
        await tekton.post_result("good/results/s")
        for number, text in enumerate(hostile):
            labels = {"metadata": {"labels": {text: text}, "name": text}}
            await tekton.post(f"good/results/r/records/r{number}", labels)
        for number, text in enumerate(hostile):
            quoted = json.dumps(text, ensure_ascii=False)
            same = f"data.metadata.labels[{quoted}] == {quoted} && data.metadata.name == {quoted}"
            assert await tekton.names(filter=same) == [f"r{number}"]
            assert await tekton.names("-/results", filter=f"annotations[{quoted}] == {quoted}") == [
                "r"
            ]
            ours = f"tags[{quoted}] == {quoted} && payload.metadata.name.endsWith({quoted})"
            answer = await client.get("/-/api/events", params={"filter": ours, "fields": "id"})
            assert answer.json()["events"] == [{"id": f"r/r{number}"}]

    play(tmp_path, scenario)
