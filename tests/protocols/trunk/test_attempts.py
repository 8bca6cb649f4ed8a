"""Messages of a run in any order, any number of times: one outcome."""

from __future__ import annotations

import itertools
import json
import operator
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.engines import LEDGERS

from runwell.errors import TooLarge
from runwell.model import Event, Kind, Outcome, Status, Write
from runwell.protocols.trunk import attempts
from runwell.protocols.trunk.attempts import join_attempts
from runwell.protocols.trunk.decode import read_request
from runwell.protocols.trunk.translate import Rules, newest, to_writes
from runwell.store.ledger.base import decode_event

T0 = 1_717_400_000_000
RULES = Rules(frozenset(), branch_from_name=False, bounds=(128, 128, 8192))
REPO = {"host": "github.com", "owner": "acme", "name": "webshop"}


def a_message(start: int = 0, end: int | None = None, **fields: Any) -> dict[str, Any]:
    """A message of the run "run#1"; times in milliseconds after T0."""
    message = {"id": "run#1", "chainId": "run#1", "createdAt": T0 + start, **fields}
    if end is not None:
        message |= {"finishedAt": T0 + end}
        message.setdefault("conclusion", "SUCCESS")
    return message


def payload(metrics: dict[str, float] | None = None, **tags: Any) -> dict[str, Any]:
    return {
        "metrics": [{"k": name, "v": value} for name, value in (metrics or {}).items()],
        "tags": [
            {"k": name, "v": value}
            for name, values in tags.items()
            for value in (values if isinstance(values, list) else [values])
        ],
    }


def writes_of(*messages: dict[str, Any]) -> list[Write]:
    body = json.dumps({"repo": REPO, "events": list(messages)}).encode()
    return [write for write, _ in to_writes(read_request(body), RULES, "test")]


def events_of(*messages: dict[str, Any]) -> list[Event]:
    return [write.event for write in writes_of(*messages) if write.attempts]


def told(messages: Sequence[Event]) -> list[Event]:
    """The attempts after these messages in this order, numbered as the ledger numbers them."""
    stored: Sequence[Event] = []
    for message in messages:
        stored = join_attempts(stored, message)
        stored = [msgspec.structs.replace(e, attempt=n) for n, e in enumerate(stored, 1)]
    return list(stored)


def spans(stored: Sequence[Event]) -> list[tuple[int, int | None]]:
    zero = T0 * 1000
    return [
        (
            (event.started - zero) // 1000,
            None if event.finished is None else (event.finished - zero) // 1000,
        )
        for event in stored
    ]


START = a_message(0, payload=payload({"duration_ms": 0.0, "init_ms": 850}, build=412))
END = a_message(0, 184_233, payload=payload({"duration_ms": 184_233.0, "init_ms": 850}, build=412))


def test_an_end_finishes_what_its_start_began():
    (event,) = told(events_of(START, END))

    assert (event.status, event.duration) == (Status.SUCCEEDED, 184_233_000)
    assert event.metrics == {"duration_ms": 184_233.0, "init_ms": 850.0}
    assert event.queued == T0 * 1000 - 850_000
    assert event.memo == ""


def test_a_start_that_comes_late_changes_nothing():
    assert told(events_of(END, START)) == told(events_of(END))


def test_a_running_event_has_no_duration_and_no_placeholder():
    (event,) = told(events_of(START))

    assert (event.status, event.duration, event.metrics) == (Status.RUNNING, None, {"init_ms": 850})


def test_a_repeat_replaces_by_name_and_keeps_what_it_leaves_out():
    first = a_message(0, payload=payload({"a": 1, "b": 1}, runner="r1", branch="main"))
    again = a_message(0, payload=payload({"b": 2}, runner=["r2", "r3"]))

    (event,) = told(events_of(first, again))

    assert event.metrics == {"a": 1, "b": 2}
    assert event.tags == {"runner": ["r2", "r3"], "branch": ["main"]}


def test_an_id_that_starts_again_after_its_end_is_a_new_attempt():
    messages = [
        a_message(0),
        a_message(0, 10, conclusion="FAILURE"),
        a_message(20),
        a_message(20, 30),
    ]

    stored = told(events_of(*messages))

    assert spans(stored) == [(0, 10), (20, 30)]
    assert [event.status for event in stored] == [Status.FAILED, Status.SUCCEEDED]


def test_a_start_within_the_span_of_a_run_is_no_new_attempt():
    assert spans(told(events_of(a_message(0, 10), a_message(10)))) == [(0, 10)]
    assert spans(told(events_of(a_message(0), a_message(7, 10)))) == [(7, 10)]


def test_attempts_are_numbered_by_their_start_however_they_arrive():
    messages = events_of(
        a_message(40, 50), a_message(0, 10), a_message(20), a_message(0), a_message(20, 30)
    )

    for order in itertools.permutations(messages):
        assert spans(told(order)) == [(0, 10), (20, 30), (40, 50)]


def test_an_end_told_later_parts_what_looked_like_one_attempt():
    start, again = a_message(0, payload=payload(only="first")), a_message(20)
    joined = told(events_of(start, again))
    assert spans(joined) == [(20, None)]
    assert joined[0].tags == {"only": ["first"]}

    parted = told(events_of(start, again, a_message(0, 10)))
    assert spans(parted) == [(0, 10), (20, None)]
    assert [event.tags for event in parted] == [{"only": ["first"]}, {}]


def test_an_end_before_the_start_is_flagged_and_lasts_as_long_as_it_says():
    (event,) = told(events_of(a_message(1000, 0, payload=payload({"duration_ms": 300}))))
    assert (event.duration, event.metrics["clock_skew_ms"]) == (300_000, 1000.0)

    (event,) = told(events_of(a_message(1000, 0)))
    assert event.duration == 0


def test_a_conclusion_without_an_end_is_an_end_at_an_unknown_time():
    (failed,) = told(events_of(a_message(0, conclusion="FAILURE")))
    (skipped,) = told(events_of(a_message(0, conclusion="SKIPPED")))

    assert (failed.status, failed.finished, failed.duration) == (Status.FAILED, None, None)
    assert (skipped.status, skipped.finished, skipped.duration) == (
        Status.SKIPPED,
        T0 * 1000,
        0,
    )


def test_a_stale_run_is_still_finished_by_a_late_end():
    stale = [msgspec.structs.replace(event, status=Status.STALE) for event in events_of(START)]

    (event,) = join_attempts(stale, events_of(END)[0])

    assert event.status is Status.SUCCEEDED


NAMES = st.sampled_from(["a", "b", "duration_ms", "queue_ms"])
PAYLOADS = st.none() | st.builds(
    payload,
    st.dictionaries(NAMES, st.sampled_from([0.0, 1.0, 250.0]), max_size=3),
    x=st.lists(st.sampled_from(["1", "2"]), max_size=2),
    y=st.lists(st.sampled_from(["1"]), max_size=1),
)
SEQUENCES = st.none() | st.fixed_dictionaries(
    {
        "platform": st.just("jenkins"),
        "kind": st.sampled_from(["pipeline", "stage", "whatever"]),
        "key": st.sampled_from(["k1", "k2"]),
        "name": st.sampled_from(["n1", "n2"]),
    }
)


EXTRAS = st.fixed_dictionaries(
    {
        "payload": PAYLOADS,
        "sequence": SEQUENCES,
        "parent": st.none() | st.just({"eventId": "run"}),
    }
)
ENDS = st.sampled_from(["SUCCESS", "FAILURE", "UNSPECIFIED", "NEUTRAL", "STALE"])


@st.composite
def runs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Attempts of one id: of each a start, a conclusion, one or two ends, or some of these."""
    messages: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 4))):
        start = number * 100
        told = draw(st.sets(st.sampled_from(["start", "over", "end", "late"]), min_size=1))
        jitter = draw(st.sampled_from([0, 0, 5]))
        if "start" in told:
            messages.append(a_message(start, conclusion="UNSPECIFIED", **draw(EXTRAS)))
        if "over" in told:
            words = st.sampled_from(["FAILURE", "NEUTRAL", "SKIPPED", "STALE"])
            messages.append(a_message(start, conclusion=draw(words), **draw(EXTRAS)))
        if "end" in told:
            messages.append(
                a_message(start + jitter, start + 10, conclusion=draw(ENDS), **draw(EXTRAS))
            )
        if "late" in told:
            end = start + draw(st.sampled_from([50, 150]))
            messages.append(a_message(start, end, conclusion=draw(ENDS), **draw(EXTRAS)))
    return messages


@given(st.data())
@settings(max_examples=300)
def test_any_order_and_any_number_of_repeats_end_in_one_state(data: st.DataObject):
    messages = events_of(*data.draw(runs()))
    several = messages + data.draw(st.lists(st.sampled_from(messages), max_size=4))
    order = data.draw(st.permutations(several))

    assert told(order) == told(messages)


@given(st.data())
def test_looking_at_the_neighbourhood_is_as_good_as_looking_at_everything(data: st.DataObject):
    messages = data.draw(st.permutations(events_of(*data.draw(runs()))))
    groups = attempts.Groups(
        {attempts.rank(message): message for message in messages}.values()
    ).found

    everything = [
        msgspec.structs.replace(attempts._attempt(group), attempt=number)
        for number, group in enumerate(groups, 1)
    ]
    assert told(messages) == everything


def stored_in(folder: Path, requests: list[list[Write]]) -> dict[tuple[str, str, int], Event]:
    """What a ledger holds after these requests, each committed alone."""
    folder.mkdir()
    ledger = LEDGERS["sqlite"](folder)
    for request in requests:
        (answer,) = ledger.commit([request], 1)
        assert isinstance(answer, list)
    events = [decode_event(c.document) for c in ledger.changes(0, 1000) if c.document]
    ledger.close()
    return {(event.scope, event.id, event.attempt): event for event in events}


def test_every_order_of_a_run_with_its_stage_is_stored_alike(tmp_path: Path):
    sequence = {"platform": "jenkins", "kind": "pipeline", "key": "k", "name": "before"}
    run = [
        a_message(0, sequence=sequence),
        a_message(0, 90, sequence=sequence),
        a_message(200, sequence={**sequence, "name": "after"}),
    ]
    stage = [
        {**message, "id": "stage#1", "parent": {"eventId": "run#1"}}
        for message in (a_message(5), a_message(5, 50), a_message(60, 80, conclusion="FAILURE"))
    ]
    expected = None
    for number, order in enumerate(itertools.permutations(run + stage)):
        if number % 23:  # nothing that divides 720: every place sees every message
            continue
        requests = [writes_of(message) for message in (*order, order[0])]
        stored = stored_in(tmp_path / str(number), requests)
        expected = expected or stored
        assert stored == expected
    assert expected is not None
    assert sorted(expected) == [
        ("github.com/acme/webshop", "run#1", 1),
        ("github.com/acme/webshop", "run#1", 2),
        ("github.com/acme/webshop", "stage#1", 1),
        ("github.com/acme/webshop", "stage#1", 2),
        ("github.com/acme/webshop/sequences", "k", 1),
    ]
    assert expected["github.com/acme/webshop/sequences", "k", 1].name == "after"


SERIES = {"platform": "jenkins", "kind": "pipeline", "key": "k"}
TEAMS = [
    {**SERIES, "name": "1", "payload": payload(team="a")},
    {**SERIES, "name": "2"},
    {**SERIES, "name": "3", "payload": payload(team="b")},
    {**SERIES, "name": "4", "payload": {}},
]


@given(st.permutations(range(8)))
def test_a_sequence_has_its_newest_name_and_its_newest_tags_in_any_order(order):
    stored: Event | None = None
    for number in order:
        message = a_message(number % 4, sequence=TEAMS[number % 4])
        (sequence,) = [write.event for write in writes_of(message) if not write.attempts]
        stored = newest(stored, sequence)

    assert stored is not None
    assert (stored.name, stored.tags) == ("4", {"team": ["b"]})
    together = writes_of(*(a_message(n % 4, sequence=TEAMS[n % 4], id=str(n)) for n in order))
    stored = reduce(newest, [write.event for write in together if not write.attempts], None)
    assert (stored.name, stored.tags) == ("4", {"team": ["b"]})


def test_a_repeat_of_what_is_known_writes_nothing(tmp_path: Path):
    ledger = LEDGERS["sqlite"](tmp_path)
    outcomes = []
    for message in (START, END, END, START, a_message(200_000), END):
        (answer,) = ledger.commit([writes_of(message)], 1)
        outcomes.append(answer[0].outcome)

    assert outcomes == [
        Outcome.CREATED,
        Outcome.MERGED,
        Outcome.EXISTED,
        Outcome.EXISTED,
        Outcome.CREATED,
        Outcome.EXISTED,
    ]
    assert ledger.last_seq() == 3
    ledger.close()


def test_what_an_attempt_keeps_aside_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attempts, "MESSAGES_MAX", 3)
    restless = [a_message(n, payload=payload(**{f"t{n}": "x"})) for n in range(20)]

    (event,) = told(events_of(*restless))

    assert len(event.tags) == 20
    assert len(attempts.decode_memo(event.memo)) == 3


def test_what_is_kept_aside_has_no_payload_and_a_bound_in_bytes():
    large = [
        a_message(n, payload=payload(**{f"t{n}": "x" * 8_000}), x="y" * 9_000_000) for n in (0, 1)
    ]
    larger = [a_message(n, payload=payload(**{f"t{n}": ["x" * 8_000] * 16})) for n in range(2, 8)]

    (event,) = told(events_of(*large))
    assert len(event.memo) < 20_000
    assert len(event.payload) > 9_000_000
    (event,) = told(events_of(*large, *larger))
    assert len(event.memo) <= attempts.MEMO_BYTES_MAX
    assert len(event.tags) == 8


STAGE = {"platform": "jenkins", "kind": "stage", "key": "k", "name": "Build"}


@pytest.mark.parametrize(
    "end",
    [{}, {"parent": {"eventId": "run"}}, {"sequence": STAGE}, {"sequence": {**STAGE, "name": "x"}}],
)
def test_what_an_end_leaves_out_stays_as_its_start_told_it(end: dict[str, Any]):
    url = {"url": "https://ci.acme.test/1"}
    said = {"parent": {"eventId": "run"}, "sequence": STAGE}
    start = a_message(0, payload=payload(path="webshop-ci/Build", **url), **said)

    for order in ((start, a_message(0, 10, **end)), (a_message(0, 10, **end), start)):
        (event,) = told(events_of(*order))
        assert (event.kind, event.parent, event.pipeline) == (Kind.STAGE, "run", "webshop-ci")
        assert event.links == url
        assert event.component == "k"


def test_a_link_goes_with_its_tag():
    start = a_message(0, payload=payload(logs="https://x", url=["x", "https://y"]))
    (event,) = told(events_of(start, a_message(0, 10, payload=payload(logs="n/a"))))

    assert event.links == {"url": "https://y"}


def test_a_run_that_ended_at_an_unknown_time_is_not_overwritten_by_the_next():
    messages = events_of(a_message(0, conclusion="FAILURE"), a_message(100), a_message(100, 110))
    for order in itertools.permutations(messages):
        stored = told(order)
        assert [event.status for event in stored] == [Status.FAILED, Status.SUCCEEDED]
        assert spans(stored) == [(0, None), (100, 110)]


def test_a_thousand_attempts_are_told_again_without_looking_at_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
):
    stored: Sequence[Event] = []
    messages = events_of(*(a_message(n * 10, n * 10 + 5) for n in range(1_000)))
    for number, message in enumerate(messages):
        stored = [*stored, msgspec.structs.replace(message, attempt=number + 1)]
    looked = []
    original = attempts._messages
    monkeypatch.setattr(attempts, "_messages", lambda e: looked.append(e) or original(e))

    for message in messages:
        again = join_attempts(stored, message)
        assert all(map(operator.is_, again, stored))
    assert len(looked) <= 2 * len(messages)


def test_an_end_that_swallows_a_thousand_attempts_is_told_in_one_go(
    monkeypatch: pytest.MonkeyPatch,
):
    stored: Sequence[Event] = []
    for number, message in enumerate(
        events_of(
            *(a_message(n * 10, n * 10 + 5, payload=payload({f"m{n % 50}": 1})) for n in range(999))
        )
    ):
        stored = [*stored, msgspec.structs.replace(message, attempt=number + 1)]
    overlaid = []
    original = attempts._overlaid
    monkeypatch.setattr(attempts, "_overlaid", lambda *pair: overlaid.append(1) or original(*pair))

    (event,) = join_attempts(stored, *events_of(a_message(0, 1_000_000)))

    assert (len(event.metrics), len(attempts.decode_memo(event.memo))) == (50, 16)
    assert len(overlaid) < 2_000


def test_an_id_for_everything_is_refused_in_the_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attempts, "ATTEMPTS_MAX", 3)
    with pytest.raises(TooLarge, match="names 3 runs already"):
        told(events_of(*(a_message(n * 10, n * 10 + 1) for n in range(4))))
    monkeypatch.setattr(attempts, "NAMES_MAX", 3)
    with pytest.raises(TooLarge, match="more than 3 metrics or tags"):
        told(events_of(*(a_message(0, payload=payload(**{f"t{n}": "x"})) for n in range(4))))
