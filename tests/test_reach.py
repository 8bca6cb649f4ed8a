"""Reach: what a glob matches, in Python and in the engine alike, and what it does to a question."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.apps import EVERYBODY, an_app
from tests.builders import an_event, remove

from runwell.access import Acting, Caller
from runwell.app import App
from runwell.errors import Conflict, NotFound, OutOfReach
from runwell.filter import Among, And, Compare, Field, Not, Or
from runwell.model import Event, Outcome, Write, keep_stored, replace
from runwell.query import Count, Measure, Names, Query, Select, Summary, count_events
from runwell.reach import Reach, pattern_of, reach_of

OURS, THEIRS = "acme/web", "other/vault"
REACH = Reach(["acme/*"])
BOUND = Caller(None, "write", REACH)


@pytest.mark.parametrize(
    ("glob", "matching", "others"),
    [
        ("acme/*", ["acme/web", "ACME/Web", "acme/", "acme/a/b"], ["acme", "xacme/web", "", "b/c"]),
        ("ACME/web", ["acme/WEB"], ["acme/webs", "acme/we"]),
        ("acme/w?b", ["acme/web", "acme/w\nb", "acme/w/b"], ["acme/wb", "acme/weeb"]),
        ("*", ["", "a", "a/b"], []),
        ("**", ["", "a"], []),
        ("?*", ["a"], [""]),
        ("a.c/[x]$", ["a.c/[x]$"], ["abc/x", "a.c/x"]),
        ("", [""], ["a"]),
        ("straße/*", ["straße/a"], ["STRASSE/a", "STRASSE/A"]),
    ],
)
def test_a_glob_matches_whole_names_whatever_their_case(
    glob: str, matching: list[str], others: list[str]
):
    reach = Reach([glob])
    assert [name for name in matching if not reach.holds(an_event(repo=name))] == []
    assert [name for name in others if reach.holds(an_event(repo=name))] == []


def test_no_name_takes_long_however_many_stars_there_are():
    reach = Reach(["acme/*-*-*-*ci", "*a?*a*b"])
    began = time.process_time()
    assert not reach.holds(an_event(repo="acme/" + "-" * 20_000))
    assert not reach.holds(an_event(repo="a" * 20_000))
    assert reach.holds(an_event(repo="acme/" + "-" * 20_000 + "ci"))
    assert time.process_time() - began < 1


def test_some_glob_is_enough_and_a_star_is_everything():
    reach = Reach(["a/*", "b/c"])
    assert [reach.holds(an_event(repo=name)) for name in ("a/x", "B/C", "b/d")] == [
        True,
        True,
        False,
    ]
    assert reach_of(()) is None
    assert reach_of(("a/*", "*")) is None
    assert reach_of(("**",)) is None
    assert reach_of(("a/*",)) is reach_of(("a/*",))


LETTERS = st.text("aAbB/.*?[]()|^$\\+{}-# \n\tßİıſé", max_size=8)


@given(LETTERS, LETTERS)
def test_a_glob_is_what_a_plain_matcher_says(glob: str, name: str):
    def lower(text: str) -> str:
        return "".join(one.lower() if one.isascii() else one for one in text)

    plain = lower(glob).replace("[", "[[]")
    assert Reach([glob]).holds(an_event(repo=name)) == fnmatchcase(lower(name), plain)


def test_the_engine_matches_as_python_does(tmp_path: Path):
    names = ["", "a", "A/b", "a/b\n", "a.b", "a[b]", "ß/a", "SS/a", "ſ", "İ", "k", "K", "\u212a"]
    globs = ["*a*", "a/b?", "a.b", "A[B]", "ß/*", "s*", "i*", "K", "?", "a\\b", "*#*", "* *"]

    async def main() -> None:
        async with an_app(tmp_path) as (app, _):
            events = [an_event(str(place), repo=name) for place, name in enumerate(names)]
            await app.ingest.accept([Write(event) for event in events])
            for glob in globs:
                reach = Reach([glob])
                found = await app.questions.run(reach.narrow(Select((Field("id"),))))
                wanted = [event.id for event in events if reach.holds(event)]
                assert found.first() == wanted, glob

    asyncio.run(main())


def test_a_pattern_takes_every_character_for_itself():
    assert pattern_of("a+b") == r"[aA]\+[bB]"


async def fill(app: App) -> None:
    """A session of theirs and one of ours; each has a metric of both."""
    events = [
        *(
            an_event(f"session-{s}", scope=s, chain=s, repo=repo, sha="4be1")
            for s, repo in SESSIONS
        ),
        *(
            an_event(f"{s}-{repo}", scope=s, repo=repo, tags={f"t-{repo}": ["x"]}, metrics={"m": 1})
            for s, _ in SESSIONS
            for repo in (OURS, THEIRS)
        ),
    ]
    await app.ingest.accept([Write(event) for event in events])


SESSIONS = (("s1", OURS), ("s2", THEIRS))
OF_SESSIONS = Among(Field("scope"), Field("chain"), Compare(Field("sha"), "==", "4be1"))
NOBODYS = Compare(Field("source"), "!=", "nothing")
IDS = (Field("id"),)
MEASURED = Measure("count", where=And((Or((OF_SESSIONS,)), Not(Compare(Field("sha"), "!=", "")))))


@pytest.mark.parametrize(
    ("query", "everything", "within"),
    [
        (count_events(None), [(6,)], [(3,)]),
        (Count(Select((Field("repo"),), NOBODYS, distinct=True)), [(2,)], [(1,)]),
        (Names("tags"), [("t-acme/web", 2), ("t-other/vault", 2)], [("t-acme/web", 2)]),
        (
            Names("tags", NOBODYS, 1),
            [("t-acme/web", 2)],
            [("t-acme/web", 2)],
        ),
        (
            Summary(("total",), (Field("repo"),)),
            [(OURS, 3), (THEIRS, 3)],
            [(OURS, 3)],
        ),
        # s2 is a session of theirs: it must not tell that the metric in it belongs to a commit
        (Select(IDS, OF_SESSIONS), 6, ["session-s1", "s1-acme/web"]),
        (Select(IDS, And((OF_SESSIONS,))), 6, ["session-s1", "s1-acme/web"]),
        (Select(IDS, Or((OF_SESSIONS,))), 6, ["session-s1", "s1-acme/web"]),
        (Select(IDS, Not(OF_SESSIONS)), 0, ["s2-acme/web"]),
        (Summary(("n",), defined={"n": Measure("count", where=OF_SESSIONS)}), [(6,)], [(2,)]),
        (Summary(("n",), defined={"n": MEASURED}), [(4,)], [(1,)]),
        (Summary(("n",), defined={"n": Measure("count")}), [(6,)], [(3,)]),
    ],
)
def test_a_question_is_about_what_is_within_reach_wherever_it_looks(
    query: Query, everything: object, within: object, tmp_path: Path
):
    async def main() -> None:
        async with an_app(tmp_path) as (app, _):
            await fill(app)
            for caller, wanted in ((EVERYBODY, everything), (BOUND, within)):
                with Acting(caller):
                    rows = await app.services.run(query)
                if isinstance(wanted, int):
                    assert len(rows.rows) == wanted
                elif wanted and isinstance(wanted, list) and isinstance(wanted[0], str):
                    assert rows.first() == wanted
                else:
                    assert rows.rows == wanted

    asyncio.run(main())


def test_an_event_out_of_reach_is_not_found(tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path) as (app, _):
            await fill(app)
            keys = [
                an_event(f"session-{scope}", scope=scope).key for scope in ("s1", "s2", "nowhere")
            ]
            with Acting(BOUND):
                assert (await app.services.find(keys[0])).id == "session-s1"
                assert [await app.services.find(key) for key in keys[1:]] == [None, None]
                found = await app.services.find_each(keys)
            assert [event.id if event else None for event in found] == ["session-s1", None, None]
            with Acting(EVERYBODY):
                assert (await app.services.find(keys[1])).repo == THEIRS
                assert len(list(filter(None, await app.services.find_each(keys)))) == 2

    asyncio.run(main())


def refuse_repeat(stored: Event | None, incoming: Event) -> Event:
    if stored is not None:
        raise Conflict
    return incoming


def must_exist(stored: Event | None, incoming: Event) -> Event:
    if stored is None:
        raise NotFound
    return stored


def removed(stored: Event | None, incoming: Event) -> None:
    if stored is None:
        raise NotFound


def only_there(stored: Event | None, incoming: Event) -> Event | None:
    return incoming if stored else None


def renumbered(attempts: Sequence[Event], incoming: Event) -> Sequence[Event]:
    return [*attempts, incoming]


@pytest.mark.parametrize(
    ("stored", "incoming", "rule", "outcome"),
    [
        (None, OURS, keep_stored, Outcome.CREATED),
        (None, THEIRS, keep_stored, OutOfReach),
        (None, "", keep_stored, OutOfReach),
        (OURS, OURS, replace, Outcome.REPLACED),
        (OURS, THEIRS, replace, OutOfReach),  # nothing is given away either
        (THEIRS, OURS, replace, OutOfReach),
        (THEIRS, OURS, keep_stored, OutOfReach),
        (THEIRS, THEIRS, keep_stored, OutOfReach),
        (OURS, OURS, refuse_repeat, Conflict),
        (THEIRS, OURS, refuse_repeat, OutOfReach),  # and not a conflict: that would tell
        (THEIRS, "", must_exist, NotFound),
        (OURS, "", must_exist, Outcome.EXISTED),
        (THEIRS, "", removed, NotFound),
        (OURS, "", removed, Outcome.REMOVED),
        (THEIRS, "", remove, Outcome.ABSENT),
        (OURS, "", remove, Outcome.REMOVED),
        (THEIRS, OURS, only_there, Outcome.ABSENT),
        (None, OURS, only_there, Outcome.ABSENT),
        (OURS, OURS, only_there, Outcome.REPLACED),
    ],
)
def test_a_write_neither_looks_at_nor_makes_what_is_out_of_reach(
    stored: str | None, incoming: str, rule, outcome, tmp_path: Path
):
    async def main() -> None:
        async with an_app(tmp_path) as (app, _):
            if stored is not None:
                await app.ingest.accept([Write(an_event(repo=stored, name="before"))])
            before = app.store.ledger.last_seq()
            event = an_event(repo=incoming, name="after")
            other = Write(an_event("other", repo=OURS))
            with Acting(BOUND):
                if isinstance(outcome, Outcome):
                    (written,) = await app.services.accept([Write(event, rule)])
                    assert written.outcome is outcome
                    assert written.event.repo in (OURS, incoming)
                else:
                    with pytest.raises(outcome):  # whole or not at all
                        await app.services.accept([other, Write(event, rule)])
            assert (app.store.ledger.last_seq() == before) == (
                not isinstance(outcome, Outcome) or outcome in (Outcome.EXISTED, Outcome.ABSENT)
            )

    asyncio.run(main())


@pytest.mark.parametrize(
    ("stored", "incoming", "refused"),
    [
        ([], OURS, False),
        ([OURS], OURS, False),
        ([OURS], THEIRS, True),
        ([OURS, THEIRS], OURS, True),
    ],
)
def test_attempts_are_written_only_where_all_of_them_are_within_reach(
    stored: list[str], incoming: str, refused: bool, tmp_path: Path
):
    async def main() -> None:
        async with an_app(tmp_path) as (app, _):
            for repo in stored:
                await app.ingest.accept([Write(an_event(repo=repo), attempts=renumbered)])
            write = Write(an_event(repo=incoming), attempts=renumbered)
            with Acting(BOUND):
                if refused:
                    with pytest.raises(OutOfReach):
                        await app.services.accept([write])
                else:
                    await app.services.accept([write])
            assert app.store.ledger.count() == len(stored) + (not refused)

    asyncio.run(main())


def test_what_goes_with_an_event_may_be_of_others_and_so_it_stays(tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path) as (app, _):
            owned = an_event("record", repo=THEIRS, owner="1")
            await app.ingest.accept([Write(an_event(repo=OURS)), Write(owned)])
            gone = Write(an_event(), removed, with_owned=True)
            with Acting(BOUND), pytest.raises(OutOfReach, match="of other repositories"):
                await app.services.accept([gone])
            assert app.store.ledger.count() == 2
            with Acting(EVERYBODY):
                await app.services.accept([gone])
            assert app.store.ledger.count() == 0

    asyncio.run(main())
