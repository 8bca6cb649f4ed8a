"""The family of an event: whole, bounded, and never trapped in a circle."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.apps import play
from tests.builders import a_write
from tests.protocols.fake import FakeServer

from runwell import family
from runwell.family import Family, Tree
from runwell.model import Write
from runwell.protocols.ets import PROTOCOL

Shape = dict[str, Any]  # id -> what is below it


def shape(tree: Tree) -> Shape:
    return {name(child): shape(child) for child in sorted(tree.children, key=name)}


def name(tree: Tree) -> str:
    event = tree.event
    return event["id"] if event["attempt"] == 1 else f"{event['id']}/{event['attempt']}"


def family_of(
    id_: str, *writes: Write, members_max: int = 1000, attempt: int | None = None
) -> tuple[str, Shape, bool]:
    """The root, what is below it, and whether that is all."""
    server = FakeServer(PROTOCOL)

    async def main() -> tuple[str, Shape, bool]:
        for write in writes:
            await server.accept([write])
        asked = Family(server.run, "test", "tests", ("id",), members_max)
        member = await asked.find(id_, attempt)
        assert member is not None
        top = await asked.root(member)
        tree, is_whole = await asked.tree(top.event, member)
        return name(tree), shape(tree), is_whole and not top.is_cut

    return asyncio.run(main())


def test_parents_make_the_tree_from_any_of_its_members():
    writes = [
        a_write("run"),
        a_write("build", parent="run"),
        a_write("test", parent="run"),
        a_write("unit", parent="test"),
        a_write("other"),
        a_write("stranger", parent="run", scope="elsewhere"),
    ]
    for id_ in ("run", "build", "unit"):
        assert family_of(id_, *writes) == ("run", {"build": {}, "test": {"unit": {}}}, True)


def test_an_event_whose_parent_never_came_belongs_to_its_run():
    writes = [
        a_write("run", chain="run"),
        a_write("unit", chain="run", parent="lost"),
        a_write("below", parent="unit"),
    ]
    for id_ in ("run", "unit", "below"):
        assert family_of(id_, *writes) == ("run", {"unit": {"below": {}}}, True)


def test_a_run_whose_root_never_came_is_one_family_all_the_same():
    writes = [a_write("a", parent="run", chain="run"), a_write("b", parent="run", chain="run")]
    for id_ in "ab":
        assert family_of(id_, *writes) == ("a", {"b": {}}, True)


def test_without_root_and_chain_the_oldest_there_is_is_the_root():
    assert family_of("b", a_write("a", parent="lost"), a_write("b", parent="a")) == (
        "a",
        {"b": {}},
        True,
    )


def test_attempts_stand_beside_each_other_with_the_children_of_their_time():
    stage = {"parent": "run", "chain": "run"}
    step = {"parent": "stage", "chain": "run"}
    writes = [
        a_write("run", chain="run", started=0),
        a_write("stage", started=10, **stage),
        a_write("stage", started=20, attempt=2, **stage),
        a_write("before", started=5, **step),
        a_write("first", started=15, **step),
        a_write("second", started=25, **step),
    ]
    stages = {"stage": {"before": {}, "first": {}}, "stage/2": {"second": {}}}
    assert family_of("first", *writes) == ("run", stages, True)


def test_each_attempt_of_a_run_is_a_family_of_its_own():
    stage = {"parent": "run", "chain": "run"}
    writes = [
        a_write("run", chain="run", started=0),
        a_write("run", chain="run", started=100, attempt=2),
        a_write("old", started=10, **stage),
        a_write("both", started=20, **stage),
        a_write("both", started=120, attempt=2, **stage),
        a_write("lost", parent="nobody", chain="run", started=130),
    ]
    first = ("run", {"old": {}, "both": {}}, True)
    second = ("run/2", {"both/2": {}, "lost": {}}, True)
    assert family_of("run", *writes) == second
    assert family_of("run", *writes, attempt=1) == first
    assert family_of("both", *writes) == second
    assert family_of("both", *writes, attempt=1) == first
    assert family_of("old", *writes) == first


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_circle_of_parents_ends(size: int):
    circle = [a_write(str(n), parent=str((n + 1) % size)) for n in range(size)]

    root, below, is_whole = family_of("0", *circle)

    assert root == str(size - 1)
    assert len(str(below).split("{")) - 1 == size
    assert is_whole


def test_a_circle_beside_the_root_hangs_below_it():
    circle = [a_write("a", parent="b", chain="run"), a_write("b", parent="a", chain="run")]

    assert family_of("run", a_write("run", chain="run"), *circle) == ("run", {"a": {"b": {}}}, True)


def test_an_id_that_ran_in_two_runs_shows_each_with_its_own():
    writes = [
        a_write("run-1", chain="run-1", started=0),
        a_write("deploy", parent="run-1", chain="run-1", started=10),
        a_write("s1", parent="deploy", chain="run-1", started=20),
        a_write("run-2", chain="run-2", started=1000),
        a_write("deploy", parent="run-2", chain="run-2", started=1010, attempt=2),
        a_write("s2", parent="deploy", chain="run-2", started=1020),
    ]
    first = ("run-1", {"deploy": {"s1": {}}}, True)
    second = ("run-2", {"deploy/2": {"s2": {}}}, True)
    for id_ in ("run-1", "s1"):
        assert family_of(id_, *writes) == first
    for id_ in ("run-2", "s2", "deploy"):
        assert family_of(id_, *writes) == second
    assert family_of("deploy", *writes, attempt=1) == first


def test_the_asked_event_is_in_its_tree_even_if_its_chain_has_no_root():
    writes = [
        a_write("outer", chain="outer"),
        a_write("a", chain="X", parent="outer"),
        a_write("b", chain="X", parent="X"),
    ]
    assert family_of("b", *writes) == ("a", {"b": {}}, True)


def test_depth_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(family, "DEPTH_MAX", 3)
    line = [a_write("0", chain="0")]
    line += [a_write(str(n), parent=str(n - 1), chain="0") for n in range(1, 8)]

    assert family_of("0", *line) == ("0", {"1": {"2": {"3": {}}}}, False)
    assert family_of("0", *line[:5]) == ("0", {"1": {"2": {"3": {}}}}, False)
    assert family_of("0", *line[:4]) == ("0", {"1": {"2": {"3": {}}}}, True)


def test_the_way_up_is_bounded_and_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(family, "DEPTH_MAX", 3)
    line = [a_write("0"), *(a_write(str(n), parent=str(n - 1)) for n in range(1, 5))]

    assert family_of("4", *line) == ("2", {"3": {"4": {}}}, False)
    assert family_of("2", *line) == ("0", {"1": {"2": {"3": {}}}}, False)
    assert family_of("2", *line[:4]) == ("0", {"1": {"2": {"3": {}}}}, True)

    chains = [a_write(str(n), chain=str(n + 1)) for n in range(9)]
    assert family_of("0", *chains)[2] is False
    assert int(family_of("0", *chains)[0]) < 6

    deep = [a_write("0", chain="0")]
    deep += [a_write(str(n), parent=str(n - 1), chain="0") for n in range(1, 8)]
    root, below, is_whole = family_of("7", *reversed(deep))
    assert (root, is_whole) == ("0", False)
    assert "0" not in below


def test_a_line_below_a_circle_stays_a_line():
    line = [a_write("d", parent="c"), a_write("c", parent="b")]
    circle = [a_write("b", parent="a", chain="r"), a_write("a", parent="b", chain="r")]

    for writes in (line + circle, circle + line):
        root, below, _ = family_of("r", a_write("r", chain="r"), *writes)
        assert root == "r"
        assert below in ({"b": {"a": {}, "c": {"d": {}}}}, {"a": {"b": {"c": {"d": {}}}}})


def test_a_large_circle_takes_no_long_time():
    one = {"attempt": 1, "time": 0, "chain": ""}
    members = [{"id": "r", "parent": "", **one}]
    members += [{"id": str(n), "parent": str(n + 1), **one} for n in range(20_000)]
    members.append({"id": "20000", "parent": "19999", **one})

    (tree,) = family.plant("r", members)

    assert [child.event["id"] for child in tree.children] == ["19999"]

    pairs = [
        {"id": f"{n}{side}", "parent": f"{n}{other}", **one}
        for n in range(9_000)
        for side, other in ("ab", "ba")
    ]
    (tree,) = family.plant("r", [members[0], *pairs])
    assert len(tree.children) == 9_000


def test_members_are_bounded():
    run = [a_write("run"), *(a_write(str(n), parent="run") for n in range(9))]

    _, below, is_whole = family_of("run", *run, members_max=5)

    assert len(below) == 4
    assert not is_whole

    chained = [a_write("run", chain="run"), *(a_write(str(n), chain="run") for n in range(9))]
    for most, is_all in ((9, False), (10, True)):
        assert family_of("run", *chained, members_max=most)[2] is is_all


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(-1, 6), st.booleans()), max_size=12))
def test_every_member_of_a_run_is_shown_once_whatever_the_parents(links):
    events = {str(id_): (str(parent), in_chain) for id_, parent, in_chain in links}
    writes = [a_write("run", chain="run")]
    writes += [
        a_write(id_, parent=parent, chain="run" if in_chain else "")
        for id_, (parent, in_chain) in events.items()
    ]
    wanted = {id_ for id_, (_, in_chain) in events.items() if in_chain}
    while more := {id_ for id_, (parent, _) in events.items() if parent in wanted} - wanted:
        wanted |= more

    root, below, is_whole = family_of("run", *writes)

    def flat(tree: Shape) -> list[str]:
        return list(tree) + [n for inner in tree.values() for n in flat(inner)]

    assert root == "run"
    assert sorted(flat(below)) == sorted(wanted)
    assert is_whole


def test_children_come_in_the_order_of_their_times_and_a_missing_root_is_told(tmp_path: Path):
    async def scenario(_app, client):
        repo = {"host": "h", "owner": "o", "name": "n"}
        for id_, offset in (("c", 3), ("a", 1), ("d", 4), ("b", 2)):
            event = {"id": id_, "chainId": "run", "createdAt": 1_717_400_000_000 + offset}
            body = {"repo": repo, "events": [{**event, "parent": {"eventId": "a"}}]}
            assert (await client.post("/v1/metrics/trackEvents", json=body)).status_code == 200
        tree = (await client.get("/-/api/events/trunk/h%2Fo%2Fn/b/tree?fields=id")).json()
        assert tree["root_missing"] is True
        assert tree["root"]["event"] == {"id": "a"}
        assert [child["event"]["id"] for child in tree["root"]["children"]] == ["b", "c", "d"]

    play(tmp_path, scenario)


def test_the_tree_of_any_protocol_is_asked_by_its_address(tmp_path: Path):
    async def scenario(_app, client):
        report = {
            "pipeline_id": 7,
            "created_at": "2026-01-01T12:00:00Z",
            "project": "p",
            "ref": "main",
            "duration": 9,
            "duration_e2e": 5,
            "has_restarts": False,
            "builds": [{"b": 1}],
            "jobs": [{"name": "e2e", "duration": 5}],
            "jobs_failed": [],
        }
        assert (await client.post("/save_metrics", json=report)).status_code == 200
        path = "/-/api/events/pipeline_metrics/global/7%2Fjob%2F0/tree"
        answer = (await client.get(f"{path}?fields=kind,name,started,duration")).json()
        assert answer == {
            "root": {
                "event": {"kind": "pipeline", "name": "p", "started": None, "duration": 9.0},
                "children": [
                    {
                        "event": {"kind": "build", "name": "b", "started": None, "duration": 1.0},
                        "children": [],
                    },
                    {
                        "event": {"kind": "job", "name": "e2e", "started": None, "duration": 5.0},
                        "children": [],
                    },
                ],
            },
            "truncated": False,
            "root_missing": False,
        }
        session = {"session_h": "s1", "run_date": "2026-01-01T12:00:00"}
        metric = {
            "session_h": "s1",
            "context_h": "c",
            "item_start_time": "2026-01-01T12:00:00",
            "item_path": "tests.t",
            "item": "test_it",
            "item_variant": "test_it",
            "item_fs_loc": "tests/t.py",
            "kind": "function",
            "component": "",
            "total_time": 1,
            "user_time": 1,
            "kernel_time": 0,
            "cpu_usage": 1,
            "mem_usage": 1,
        }
        assert (await client.post("/api/v1/sessions/", json=session)).status_code == 201
        assert (await client.post("/api/v1/metrics/", json=metric)).status_code == 201
        answer = (await client.get("/-/api/events/pytest_monitor/s1/s1/tree")).json()
        assert answer["root"]["event"]["kind"] == "session"
        assert [child["event"]["name"] for child in answer["root"]["children"]] == ["test_it"]
        assert (await client.get("/-/api/events/ets/global/no/tree")).status_code == 404
        assert (await client.get(f"{path}?attempt=2")).status_code == 404
        refused = await client.get(f"{path}?field=id")
        assert (
            refused.json()["detail"] == "field: there is no such parameter; did you mean 'fields'?"
        )

    play(tmp_path, scenario)
