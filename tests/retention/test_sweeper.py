"""What goes when, what stays, and what becomes of an event that changes, comes late or again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.apps import play
from tests.builders import HOUR_US, NOON_US, a_write, an_event
from tests.retention.harness import Kept

from runwell.app import build
from runwell.config import BadSetting, Config
from runwell.filter import Compare, Field
from runwell.model import Kind, Status
from runwell.model.rollup import without_payload
from runwell.query import Select, Summary
from runwell.retention import Action, Manner
from runwell.retention.aged import SAME
from runwell.retention.retire import Retirement
from runwell.store.columns.look import State, look

DAY_US = 24 * HOUR_US
OLD_US, YOUNG_US = NOON_US - 2 * DAY_US, NOON_US - DAY_US + 1
RULES = "*/*=1d"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.close()


def ids(kept: Kept) -> list[str]:
    """The ids of what is in lists."""
    return kept.ask(Select((Field("id"),))).first()


def total(kept: Kept) -> int:
    """How many events are counted."""
    return int(kept.ask(Summary(("total",))).scalar())


def test_the_age_of_an_event_counts_from_its_start_else_its_making_else_its_arrival(kept: Kept):
    kept.put([an_event("started", started=OLD_US, created=YOUNG_US)])
    kept.put([an_event("young start", started=YOUNG_US, created=OLD_US)])
    kept.put([an_event("created", created=OLD_US), an_event("young", created=YOUNG_US)])
    kept.put([an_event("arrived")], received=OLD_US)
    kept.put([an_event("just arrived")], received=YOUNG_US)
    assert kept.sweep(NOON_US, RULES) == {Action.ROLL_UP: 3}
    assert ids(kept) == ["young start", "young", "just arrived"]
    assert total(kept) == 6
    assert kept.sweep(NOON_US, RULES) == {}


def test_nothing_goes_without_a_rule(kept: Kept):
    kept.put([an_event(started=0)])
    assert kept.sweep(NOON_US, "") == {}
    assert kept.sweep(NOON_US, "*/*=keep") == {}
    assert kept.sweep(NOON_US, "other/*=1h") == {}
    assert ids(kept) == ["1"]


def test_what_is_dropped_leaves_nothing(kept: Kept):
    kept.put([an_event(str(n), started=OLD_US, kind=Kind.TEST) for n in range(3)])
    kept.put([an_event("job", started=OLD_US, kind=Kind.JOB)])
    assert kept.sweep(NOON_US, "test/test=1d drop") == {Action.DROP: 3}
    assert (ids(kept), total(kept), kept.ledger.count()) == (["job"], 1, 1)
    samples = {labels: value for name, labels, value in kept.counters.samples() if labels}
    assert samples == {(("source", "test"), ("outcome", "dropped")): 3}


def test_a_run_under_way_stays_until_it_is_over_or_stale(kept: Kept):
    running = [an_event(str(status), status=status, started=OLD_US) for status in Status]
    kept.put(running)
    goes_stale = {"test": Manner(without_payload, goes_stale=True)}
    sweeper = kept.retention(RULES, goes_stale, stale_after_hours=24)
    asyncio.run(sweeper.sweep(NOON_US))
    assert ids(kept) == ["queued", "running"]
    kept.sweep(NOON_US, RULES, stale_after_hours=0)
    assert ids(kept) == ["queued", "running"]
    kept.sweep(NOON_US, RULES, stale_after_hours=72)
    assert ids(kept) == ["queued", "running"]
    kept.sweep(NOON_US, RULES, stale_after_hours=24)
    assert ids(kept) == []
    assert total(kept) == len(Status)


def test_the_root_of_a_chain_stays_as_long_as_a_part_of_it(kept: Kept):
    root = an_event("root", chain="root", started=OLD_US)
    kept.put([root, an_event("part", chain="root", parent="root", started=YOUNG_US)])
    kept.sweep(NOON_US, RULES)
    assert ids(kept) == ["root", "part"]
    kept.sweep(NOON_US + DAY_US, RULES)
    assert ids(kept) == []


def test_what_the_answers_of_others_need_stays(kept: Kept):
    kept.put([an_event("a", started=OLD_US), an_event("b", started=OLD_US)])
    needed = {"test": Manner(without_payload, Compare(Field("id"), "==", "a"))}
    asyncio.run(kept.retention(RULES, needed).sweep(NOON_US))
    assert ids(kept) == ["a"]


def test_the_attempts_of_an_id_go_together(kept: Kept):
    kept.put([an_event(started=OLD_US, attempt=1), an_event(started=YOUNG_US, attempt=2)])
    kept.sweep(NOON_US, RULES)
    assert ids(kept) == ["1", "1"]
    kept.sweep(NOON_US + DAY_US, RULES)
    assert (ids(kept), total(kept)) == ([], 2)


def test_an_attempt_without_a_first_one_goes_alone(kept: Kept):
    kept.put([an_event(started=OLD_US, attempt=3)])
    kept.sweep(NOON_US, RULES)
    assert (ids(kept), total(kept)) == ([], 1)


@pytest.mark.parametrize("attempts", [1, 2])
def test_what_changes_while_it_is_looked_at_stays(kept: Kept, attempts: int):
    before = [an_event(attempt=n + 1, started=OLD_US) for n in range(attempts)]
    after = an_event(attempt=attempts, started=OLD_US, status=Status.FAILED)
    kept.put(before)
    sweeper = kept.retention(RULES)
    accept = kept.accept

    async def late(writes):
        kept.put([after])
        return await accept(writes)

    sweeper._store = kept.store(late)
    assert asyncio.run(sweeper._pass(NOON_US)) == {}
    assert len(ids(kept)) == total(kept) == attempts
    assert kept.ledger.get(after.key) == after


def test_an_attempt_that_comes_while_the_others_are_looked_at_keeps_them(kept: Kept):
    kept.put([an_event(started=OLD_US)])
    sweeper = kept.retention(RULES)
    accept = kept.accept

    async def late(writes):
        kept.put([an_event(started=YOUNG_US, attempt=2)])
        return await accept(writes)

    sweeper._store = kept.store(late)
    assert asyncio.run(sweeper._pass(NOON_US)) == {}
    assert ids(kept) == ["1", "1"]


def test_what_comes_again_after_it_was_rolled_up_counts_once(kept: Kept):
    events = [an_event(str(n), started=OLD_US) for n in range(3)]
    kept.put(events)
    kept.sweep(NOON_US, RULES)
    kept.put(events[:2])
    kept.put([an_event("late", started=OLD_US)])
    assert total(kept) == 3 + 2 + 1  # until the next look
    kept.sweep(NOON_US, RULES)
    assert (ids(kept), total(kept)) == ([], 4)
    outcomes = {dict(labels).get("outcome"): value for _, labels, value in kept.counters.samples()}
    assert (outcomes["rolled_up"], outcomes["repeated"]) == (4, 2)


def test_names_and_what_is_told_once_more_leave_no_roll_up(kept: Kept):
    kept.put([an_event("s", kind=Kind.SEQUENCE, created=OLD_US)])
    kept.put([an_event("r", kind=Kind.RESULT, created=OLD_US)])
    kept.sweep(NOON_US, RULES)
    assert (kept.ledger.count(), total(kept)) == (0, 0)


def test_removed_keys_are_forgotten_in_time_and_numbers_go_on(kept: Kept):
    kept.put([an_event(str(n), started=OLD_US) for n in range(5)])
    kept.sweep(NOON_US, "*/*=1d drop", retention_memory_days=1e6)
    last = kept.ledger.last_seq()
    assert kept.ledger.forgotten == 0
    assert asyncio.run(kept.forget(NOON_US, 2)) == 2
    assert asyncio.run(kept.forget(NOON_US, 100)) == 2  # not the newest change: its number stays
    assert asyncio.run(kept.forget(NOON_US, 100)) == 0
    assert (kept.ledger.last_seq(), kept.ledger.forgotten) == (last, last - 1)
    kept.put([an_event("new")])
    assert (kept.ledger.last_seq(), ids(kept)) == (last + 1, ["new"])
    assert kept.ledger.check() == []


def test_a_sweep_forgets_what_was_removed_longer_ago_than_it_is_to_remember(kept: Kept):
    kept.put([an_event(str(n), started=OLD_US) for n in range(5)])
    kept.sweep(NOON_US, "*/*=1d drop", retention_memory_days=1e6)
    assert kept.ledger.forgotten == 0
    kept.sweep(NOON_US + 10_000 * DAY_US, "*/*=1d drop", retention_memory_days=1)
    assert kept.ledger.forgotten == kept.ledger.last_seq() - 1
    assert ids(kept) == []


def test_of_an_id_whose_first_attempts_went_before_only_what_is_the_same_goes():
    event = an_event("1", attempt=2, started=OLD_US)
    row = {"arrival": 7, "received": OLD_US, "scope": event.scope, "id": "1", "attempt": 2}
    row |= {name: getattr(event, name) for name in SAME}
    retirement = Retirement(event.source, [row])
    (write,) = retirement.removals()
    changed = msgspec.structs.replace(event, started=YOUNG_US)
    assert write.rule(changed, write.event) is changed
    assert write.rule(None, write.event) is None
    assert retirement.taken == {}
    assert write.rule(event, write.event) is None
    assert list(retirement.taken) == [7]


def test_what_was_never_started_can_be_stopped(tmp_path: Path):
    app = build(Config(data=str(tmp_path)))
    asyncio.run(app.retention.stop())
    app.store.close()


def test_columns_know_how_many_events_the_ledger_has(kept: Kept):
    kept.put([an_event(str(n), started=OLD_US + n) for n in range(9)])
    kept.sweep(NOON_US, "*/*=1d")
    kept.put([an_event("kept")])
    assert total(kept) == 10
    kept.columns.close()
    found = look(f"duckdb:///{kept.folder}/columns.duckdb", kept.ledger.identity)
    assert (found.state, found.events, kept.ledger.count()) == (State.OURS, 2, 2)
    kept.rebuild()
    assert (total(kept), ids(kept)) == (10, ["kept"])


def test_a_bad_rule_keeps_a_server_from_starting_and_says_which(tmp_path: Path):
    with pytest.raises(BadSetting, match=r"retention: 'tekton=90d' is no rule"):
        build(Config(data=str(tmp_path), retention="*/*=1y, tekton=90d"))


def test_a_server_looks_when_it_starts(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write(started=OLD_US), a_write("2", started=OLD_US)])

    play(tmp_path, scenario)

    async def rolled_up(app, client):
        for _ in range(600):
            if not (await client.get("/-/api/events")).json()["events"]:
                break
            await asyncio.sleep(0.1)
        assert (await client.get("/-/api/events")).json()["events"] == []
        summary = (await client.get("/-/api/summary?summary=total")).json()["summary"]
        assert summary == [{"total": 2}]
        metrics = (await client.get("/-/metrics")).text
        assert 'runwell_retention_events_total{source="test",outcome="rolled_up"} 2' in metrics

    play(tmp_path, rolled_up, retention="test/*=1d")


def test_columns_from_before_a_removal_that_is_forgotten_are_made_anew(tmp_path: Path):
    columns, copy = tmp_path / "columns.duckdb", tmp_path / "copy"

    async def fill(app, client):
        await app.ingest.accept([a_write(str(n), started=OLD_US) for n in range(3)])
        assert len((await client.get("/-/api/events")).json()["events"]) == 3

    async def remove(app, client):
        await app.retention.stop()
        await app.retention.sweep(NOON_US)
        await app.ingest.accept([a_write("new", started=NOON_US)])
        assert len((await client.get("/-/api/events")).json()["events"]) == 1
        assert await app._forget(2**60, 100) == 3

    async def look_again(app, client):
        await app.retention.stop()
        (event,) = (await client.get("/-/api/events")).json()["events"]
        assert event["id"] == "new"

    play(tmp_path, fill)
    copy.write_bytes(columns.read_bytes())
    play(tmp_path, remove, retention="*/*=1h drop")
    columns.write_bytes(copy.read_bytes())
    play(tmp_path, look_again)


def test_a_failed_look_is_followed_by_another(tmp_path: Path, capsys):
    async def scenario(app, client):
        await app.retention.stop()
        calls = []

        async def sweep(now):
            calls.append(now)
            raise RuntimeError("out of paper")

        app.retention.sweep = sweep
        app.retention._pause_seconds = 0
        app.retention.start()
        while len(calls) < 3:
            await asyncio.sleep(0)
        await app.retention.stop()
        assert "out of paper" in capsys.readouterr().err

    play(tmp_path, scenario)


def test_a_replaced_event_counts_with_its_newest_content(kept: Kept):
    kept.put([an_event(started=OLD_US, name="a")])
    kept.put([an_event(started=OLD_US, name="b", payload='{"a": 1}')])
    kept.sweep(NOON_US, RULES)
    rows = kept.ask(Summary(("total",), (Field("name"),))).rows
    assert rows == [("b", 1)]
