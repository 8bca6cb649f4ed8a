"""Reports of pipelines: translation, the leniencies of the original, refusals, and races."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.apps import an_app, play

from runwell.model import Kind, Status
from runwell.protocols.pipeline_metrics.decode import read_report
from runwell.protocols.pipeline_metrics.errors import AlreadyReported, BadField
from runwell.protocols.pipeline_metrics.numbers import read_id, read_seconds
from runwell.protocols.pipeline_metrics.translate import (
    Rules,
    read_created_at,
    refuse_repeat,
    to_writes,
)

GLOBAL = Rules(by_project=False, main_refs=frozenset({"master", "main"}))
BY_PROJECT = Rules(by_project=True, main_refs=frozenset({"trunk"}))
REPORT = {
    "jobs": [{"name": "e2e", "duration": 27, "up": 7, "e2e": 5, "pull": 1, "up_without_pull": 6}],
    "builds": [{"build-e2e": 64, "ignored": 1}, {"other": 2}],
    "build": 66,
    "created_at": "2023-06-13T14:11:24.029+07:00",
    "ref": "main",
    "duration": 97,
    "duration_e2e": 27,
    "jobs_failed": [{"name": "e2e", "duration": 9}],
    "has_restarts": False,
    "project": "test/project",
    "pipeline_id": 1,
}


def events(rules: Rules = GLOBAL, without: str = "", **changes):
    body = {name: value for name, value in {**REPORT, **changes}.items() if name != without}
    text = json.dumps(body)
    return [write.event for write in to_writes(read_report(text.encode()), text, rules, "client")]


def refusal(without: str = "", **changes) -> tuple[str, str]:
    with pytest.raises(BadField) as refused:
        events(without=without, **changes)
    return refused.value.pointer, refused.value.message


def test_a_report_becomes_a_pipeline_its_builds_its_jobs_and_its_failed_jobs():
    pipeline, build, other, job, failed = events()

    assert (pipeline.kind, pipeline.scope, pipeline.id) == (Kind.PIPELINE, "global", "1")
    assert pipeline.created == 1_686_640_284_029_000
    assert (pipeline.duration, pipeline.metrics) == (
        97_000_000,
        {"duration": 97.0, "duration_e2e": 27.0},
    )
    assert pipeline.tags == {"is_main": ["true"], "has_restarts": ["false"]}
    assert [(e.kind, e.name, e.duration) for e in (build, other)] == [
        (Kind.BUILD, "build-e2e", 64_000_000),
        (Kind.BUILD, "other", 2_000_000),
    ]
    assert job.metrics == {
        "duration": 27.0,
        "duration_up": 7.0,
        "duration_e2e": 5.0,
        "duration_pull": 1.0,
        "duration_up_without_pull": 6.0,
    }
    assert (failed.status, failed.duration) == (Status.FAILED, 9_000_000)
    assert json.loads(job.payload) == REPORT["jobs"][0]
    assert {event.chain for event in (build, other, job, failed)} == {"1"}


def test_the_settings_decide_what_a_report_means():
    pipeline = events(BY_PROJECT)[0]
    assert (pipeline.scope, pipeline.tags["is_main"]) == ("test/project", ["false"])
    assert events(BY_PROJECT, ref="trunk")[0].tags["is_main"] == ["true"]


def test_without_builds_their_sum_stands_for_them():
    assert [(e.name, e.metrics) for e in events(without="builds") if e.kind is Kind.BUILD] == [
        ("build-e2e", {"duration": 66.0})
    ]


def test_nulls_are_kept_as_nothing():
    pipeline = events(duration=None, duration_e2e=None, ref=None, has_restarts=None)[0]
    assert (pipeline.duration, pipeline.metrics, pipeline.ref) == (None, {}, "")
    assert pipeline.tags == {"is_main": ["false"]}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("97", 97),
        (97.7, 98),
        (97.5, 98),
        (98.5, 99),
        (-0.5, -1),
        (" 5 ", 5),
        (None, None),
        (2**31 - 1, 2**31 - 1),
    ],
)
def test_durations_are_read_as_the_database_did(value, seconds):
    assert read_seconds("duration", value) == seconds


@given(st.floats(-2e9, 2e9))
def test_fractions_round_half_away_from_zero(value: float):
    exact = Fraction(str(value))
    expected = int(abs(exact) + Fraction(1, 2)) * (1 if exact >= 0 else -1)
    assert read_seconds("duration", value) == expected


@pytest.mark.parametrize(
    "value", ["", "x", "1e99", "9" * 41, "NaN", "Infinity", 2**31, -(2**31) - 1, 1e300]
)
def test_what_is_no_number_of_seconds_is_refused(value):
    with pytest.raises(BadField, match="duration"):
        read_seconds("duration", value)


def test_ids_are_eight_bytes_wide():
    assert read_id("pipeline_id", "9223372036854775807") == 2**63 - 1
    with pytest.raises(BadField, match="out of range"):
        read_id("pipeline_id", 2**63)


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("2023-06-13T14:11:24.029+07:00", 1_686_640_284_029_000),
        ("2023-06-13T07:11:24Z", 1_686_640_284_000_000),
        ("2023-06-13T07:11:24.1+0000", 1_686_640_284_100_000),
        ("2023-06-13T07:11:24.123456Z", 1_686_640_284_123_456),
    ],
)
def test_created_at_says_its_zone_and_may_leave_out_the_fraction(text: str, us: int):
    assert read_created_at(text) == us


@pytest.mark.parametrize(
    "text",
    [
        "2023-06-13T14:11:24",
        "2023-06-13 14:11:24Z",
        "2023-06-13",
        "2023-06-13T14:11:24.1234567Z",
        "2023-13-13T14:11:24Z",
        "1969-06-13T14:11:24Z",
        "",
    ],
)
def test_another_form_of_created_at_is_refused(text: str):
    with pytest.raises(BadField, match="created_at"):
        read_created_at(text)


@pytest.mark.parametrize("name", sorted(set(REPORT) - {"builds", "build"}))
def test_a_missing_field_is_named(name: str):
    assert refusal(without=name) == (name, f"{name}: is required")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"builds": [{}]}, "builds[0]"),
        ({"builds": None, "build": None}, "builds"),
        ({"builds": [{"a": "x"}]}, "builds[0]"),
        ({"builds": [5]}, "builds[0]"),
        ({"builds": 5}, "builds"),
        ({"jobs": [{"duration": 1}]}, "jobs[0].name"),
        (
            {"jobs": [{"name": "a", "duration": 1}, {"name": "a", "duration": True}]},
            "jobs[1].duration",
        ),
        ({"jobs_failed": [{"name": "a"}]}, "jobs_failed[0].duration"),
        ({"jobs_failed": [{"name": "a", "duration": "x"}]}, "jobs_failed[0].duration"),
        ({"has_restarts": "true"}, "has_restarts"),
        ({"has_restarts": 2}, "has_restarts"),
        ({"pipeline_id": None}, "pipeline_id"),
        ({"project": None}, "project"),
        ({"project": "x" * 4097}, "project"),
        ({"duration": 3e9}, "duration"),
    ],
)
def test_a_wrong_field_is_named(changes: dict, field: str):
    assert refusal(**changes)[0] == field


def test_restarts_may_be_a_number():
    assert events(has_restarts=1)[0].tags["has_restarts"] == ["true"]


def test_a_stored_pipeline_refuses_its_repeat():
    pipeline = events()[0]
    assert refuse_repeat(None, pipeline) is pipeline
    with pytest.raises(AlreadyReported):
        refuse_repeat(pipeline, pipeline)


def test_eight_at_once_are_one_200_and_seven_208(tmp_path: Path):
    async def scenario(_app, client):
        for number in range(20):
            bodies = [{**REPORT, "pipeline_id": number, "duration": n} for n in range(8)]
            answers = await asyncio.gather(
                *[client.post("/save_metrics", json=body) for body in bodies]
            )
            statuses = [answer.status_code for answer in answers]
            assert sorted(statuses) == [200] + [208] * 7
            assert all(answer.content == b"" for answer in answers)
            question = f"SELECT duration FROM metrics_pipeline WHERE pipeline_id = {number}"
            answer = await client.post("/-/api/sql", json={"sql": question})
            assert answer.json()["rows"] == [[statuses.index(200)]]
        answer = await client.post("/-/api/sql", json={"sql": "SELECT count(*) FROM metrics_build"})
        assert answer.json()["rows"] == [[40]]

    play(tmp_path, scenario)


def test_a_pipeline_id_may_be_unique_within_its_project_only(tmp_path: Path):
    async def scenario(_app, client):
        for project, status in (("a", 200), ("b", 200), ("a", 208)):
            answer = await client.post("/save_metrics", json={**REPORT, "project": project})
            assert answer.status_code == status

    play(tmp_path, scenario, pipeline_metrics_key="project")


@pytest.mark.parametrize("text", [r'"\ud800"', r'"\u0000"'])
def test_a_broken_text_that_nobody_reads_is_refused_and_stops_nothing(text: str, tmp_path: Path):
    async def scenario(_app, client):
        body = json.dumps(REPORT).replace('{"name":', f'{{"x": {text}, "name":', 1)
        assert (await client.post("/save_metrics", content=body.encode())).status_code == 400
        assert (await client.post("/save_metrics", json=REPORT)).status_code == 200
        total = await client.get("/-/api/summary?summary=total")
        assert total.json() == {"summary": [{"total": 5}]}

    play(tmp_path, scenario)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)
CHANGES = st.dictionaries(st.sampled_from(sorted(REPORT)), VALUES, max_size=3)
WHOLE = st.builds(lambda changes: {**REPORT, **changes}, CHANGES)


@given(st.lists(WHOLE | VALUES, min_size=1, max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_body_is_stored_or_refused_and_the_relations_stay_well(bodies):
    folder = Path(tempfile.mkdtemp(prefix="runwell-test-"))

    async def main() -> None:
        async with an_app(folder) as (app, client):
            for body in bodies:
                before = app.store.ledger.last_seq()
                answer = await client.post("/save_metrics", content=json.dumps(body).encode())
                assert answer.status_code in (200, 208, 400), answer.text
                if answer.status_code != 200:
                    assert app.store.ledger.last_seq() == before
            for name in ("pipeline", "build", "job", "job_failed"):
                question = {"sql": f"SELECT * FROM metrics_{name}"}
                answer = await client.post("/-/api/sql", json=question)
                assert answer.status_code == 200, answer.text

    asyncio.run(main())
    shutil.rmtree(folder)
