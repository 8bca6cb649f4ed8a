"""Results: made once, replaced by their etag, removed with their records."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.apps import play
from tests.protocols.tekton.asking import Tekton


def test_a_result_goes_with_all_its_records_and_nothing_else(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        for result in ("r", "r2"):
            await tekton.post_result(f"ns/results/{result}")
            for record in ("a", "b"):
                await tekton.post(f"ns/results/{result}/records/{record}", {})
        await tekton.post_result("other/results/r")
        await tekton.post("other/results/r/records/a", {})
        gone = await tekton.delete("ns/results/r")
        assert (gone.status_code, gone.json()) == (200, {})
        assert (await tekton.get("ns/results/r/records/a")).status_code == 404
        assert await tekton.names("-/results/r/records") == ["a"]
        assert sorted(await tekton.names()) == ["a", "a", "b"]
        assert (await tekton.post("ns/results/r/records/c", {})).status_code == 404
        # a result of the same name begins without records
        await tekton.post_result("ns/results/r")
        assert await tekton.names("ns/results/r/records") == []

    play(tmp_path, scenario)


def test_no_record_outlives_its_result_however_the_requests_meet(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        for round_ in range(5):
            await tekton.post_result("ns/results/r")
            posts = [tekton.post(f"ns/results/r/records/n{n}", {}) for n in range(20)]
            posts.insert(7 + round_, tekton.delete("ns/results/r"))
            answers = await asyncio.gather(*posts)
            assert {answer.status_code for answer in answers} <= {200, 404}
            assert await tekton.names("ns/results/r/records") == []

    play(tmp_path, scenario)


def test_of_updates_with_one_etag_one_wins(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        etag = (await tekton.post_result("ns/results/r")).json()["etag"]
        answers = await asyncio.gather(
            *(
                tekton.patch("ns/results/r", {"annotations": {"k": str(n)}}, etag=etag)
                for n in range(32)
            )
        )
        won = [answer.json() for answer in answers if answer.status_code == 200]
        assert len(won) == 1
        assert (await tekton.get("ns/results/r")).json() == won[0]
        refused = [answer.json() for answer in answers if answer.status_code != 200]
        assert refused == [{"code": 9, "message": "the etag mismatches"}] * 31

    play(tmp_path, scenario)


def test_every_update_changes_the_etag_and_no_update_the_uid(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        first = (await tekton.post_result("ns/results/r")).json()
        later = [(await tekton.patch("ns/results/r", {})).json() for _ in range(5)]
        assert len({first["etag"], *(one["etag"] for one in later)}) == 6
        assert {one["uid"] for one in later} == {first["uid"]}
        assert {one["create_time"] for one in later} == {first["create_time"]}

    play(tmp_path, scenario)


def test_a_name_in_the_query_must_be_that_of_the_path(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        assert (await tekton.patch("ns/results/r", {}, name="ns/results/r")).status_code == 200
        answer = await tekton.patch("ns/results/r", {}, name="ns/results/x")
        assert (answer.status_code, answer.json()["code"]) == (400, 3)

    play(tmp_path, scenario)


def test_a_summary_comes_back_as_it_was_sent_and_can_be_asked(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        summary = {
            "record": "ns/results/r/records/n",
            "type": "tekton.dev/v1.PipelineRun",
            "start_time": "2026-03-01T10:00:05.5Z",
            "end_time": "0001-01-01T00:00:00Z",
            "status": "FAILURE",
            "annotations": {"branch": "main"},
        }
        made = await tekton.post_result("ns/results/r", summary=summary, annotations={"a": "1"})
        shown = made.json()
        assert shown["summary"] == summary | {"start_time": "2026-03-01T10:00:05.500Z"}
        assert (await tekton.get("ns/results/r")).json() == shown
        await tekton.post_result("ns/results/plain")
        asked = {
            "summary.status == FAILURE": ["r"],
            "summary.status == UNKNOWN": ["plain"],
            "has(summary.start_time)": ["r"],
            'summary.start_time > timestamp("2026-03-01T10:00:05Z")': ["r"],
            'annotations["a"] == "1"': ["r"],
            '!(annotations["a"] == "1")': ["plain"],
            'uid == "x"': [],
        }
        for text, expected in asked.items():
            assert await tekton.names("-/results", filter=text) == expected, text

    play(tmp_path, scenario)


def test_a_result_is_listed_here_and_is_no_event(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        await tekton.post("ns/results/r/records/n", {})
        listed = (await client.get("/-/api/events?fields=id,kind")).json()["events"]
        assert listed == [{"id": "r/n", "kind": "event"}]
        counted = (await client.get("/-/api/summary?summary=total")).json()["summary"]
        assert counted == [{"total": 1}]

    play(tmp_path, scenario)
