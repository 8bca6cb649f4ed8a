"""What every ledger promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from tests.builders import NOON_US, a_write, an_event, remove

from runwell.errors import Conflict
from runwell.model import Event, Outcome, Write, replace
from runwell.store.ledger import Change, Ledger
from runwell.store.ledger.base import REMOVED, decode_event


def merge_tags(stored: Event | None, incoming: Event) -> Event:
    if stored is None:
        return incoming
    return msgspec.structs.replace(stored, tags={**stored.tags, **incoming.tags})


def refuse_repeats(stored: Event | None, incoming: Event) -> Event:
    if stored is not None:
        raise Conflict
    return incoming


def outcomes(ledger: Ledger, *requests: list) -> list:
    answers = ledger.commit(requests, 1)
    return [
        [written.outcome for written in answer] if isinstance(answer, list) else type(answer)
        for answer in answers
    ]


def documents(changes: list[Change]) -> list[Event]:
    return [decode_event(change.document) for change in changes]


def test_a_new_key_is_created_and_read_back_whole(ledger: Ledger):
    event = an_event(
        metrics={"a": 0.1, "b": -1e308},
        tags={"t": ["x", "y"]},
        links={"l": "https://example.org/?a=b"},
        payload='{ "spaces":  "kept", "n": 1.50, "u": "é☃" }',
        started=5,
        duration=0,
    )

    assert outcomes(ledger, [a_write()]) == [[Outcome.CREATED]]
    assert outcomes(ledger, [a_write("2")]) == [[Outcome.CREATED]]
    ledger.commit([[a_write("3")]], 1)
    assert ledger.commit([[type(a_write())(event, replace)]], 1)[0][0].event == event
    assert ledger.get(event.key) == event


def test_a_key_is_source_scope_id_and_attempt(ledger: Ledger):
    writes = [
        a_write(),
        a_write(source="other"),
        a_write(scope="other"),
        a_write("other"),
        a_write(attempt=2),
        a_write("1", scope="tests/"),
    ]

    assert outcomes(ledger, writes) == [[Outcome.CREATED] * len(writes)]
    assert ledger.count() == len(writes)


def test_the_stored_event_stays_when_the_rule_keeps_it(ledger: Ledger):
    ledger.commit([[a_write(name="first")]], 1)

    (answer,) = ledger.commit([[a_write(name="second")]], 2)

    assert [(written.outcome, written.event.name) for written in answer] == [
        (Outcome.EXISTED, "first")
    ]
    assert ledger.last_seq() == 1


def test_a_replaced_event_gets_a_new_number_and_keeps_its_arrival(ledger: Ledger):
    ledger.commit([[a_write("a"), a_write("b")]], 1)

    assert outcomes(ledger, [a_write("a", replace, name="new")]) == [[Outcome.REPLACED]]
    changes = ledger.changes(0, 10)
    assert [(change.seq, change.arrival) for change in changes] == [(2, 2), (3, 1)]
    assert [event.name for event in documents(changes)] == ["", "new"]


def test_a_merge_sees_what_is_stored(ledger: Ledger):
    ledger.commit([[a_write(tags={"a": ["1"]})]], 1)

    assert outcomes(ledger, [a_write(rule=merge_tags, tags={"b": ["2"]})]) == [[Outcome.MERGED]]
    assert ledger.get(an_event().key).tags == {"a": ["1"], "b": ["2"]}


def test_requests_of_one_batch_see_each_other_in_order(ledger: Ledger):
    batch = [[a_write(rule=merge_tags, tags={str(number): ["x"]})] for number in range(64)]

    assert outcomes(ledger, *batch) == [[Outcome.CREATED], *[[Outcome.MERGED]] * 63]
    assert len(ledger.get(an_event().key).tags) == 64
    assert ledger.last_seq() == 1


def test_a_refused_request_stores_nothing_and_harms_no_other(ledger: Ledger):
    batch = [
        [a_write("a", refuse_repeats)],
        [a_write("b"), a_write("a", refuse_repeats), a_write("c")],
        [a_write("d")],
    ]

    assert outcomes(ledger, *batch) == [[Outcome.CREATED], Conflict, [Outcome.CREATED]]
    assert [event.id for event in documents(ledger.changes(0, 10))] == ["a", "d"]


def test_one_of_many_equal_requests_in_a_batch_wins(ledger: Ledger):
    batch = [[a_write("a", refuse_repeats), a_write(f"child{n}")] for n in range(8)]

    assert outcomes(ledger, *batch) == [[Outcome.CREATED] * 2, *[Conflict] * 7]
    assert ledger.count() == 2


def test_changes_come_in_order_in_pages_and_each_event_once(ledger: Ledger):
    ledger.commit([[a_write(str(number)) for number in range(10)]], 1)
    ledger.commit([[a_write("3", replace, name="new")]], 2)

    first = ledger.changes(0, 6)
    rest = ledger.changes(first[-1].seq, 100)
    assert [event.id for event in documents(first + rest)] == list("0124567893")
    assert ledger.changes(rest[-1].seq, 100) == []
    assert [change.received for change in rest][-1] == 2


def test_what_was_committed_is_there_after_opening_again(open_a_ledger: Callable[[], Ledger]):
    ledger = open_a_ledger()
    ledger.commit([[a_write("a")], [a_write("b")]], 1)
    identity = ledger.identity
    ledger.close()

    again = open_a_ledger()
    assert (again.identity, again.last_seq(), again.last_committed) == (identity, 2, 2)
    assert outcomes(again, [a_write("a"), a_write("c")]) == [[Outcome.EXISTED, Outcome.CREATED]]
    assert again.last_committed == 3
    assert again.check() == []
    again.close()


def test_an_empty_batch_and_an_empty_request_are_fine(ledger: Ledger):
    assert ledger.commit([], 1) == []
    assert ledger.commit([[]], 1) == [[]]
    assert ledger.last_seq() == 0
    assert ledger.get(an_event().key) is None


def test_a_removed_event_is_gone_but_its_removal_is_a_change(ledger: Ledger):
    ledger.commit([[a_write("a"), a_write("b")]], 1)

    assert outcomes(ledger, [a_write("a", remove)]) == [[Outcome.REMOVED]]
    assert ledger.get(an_event("a").key) is None
    assert ledger.count() == 1
    assert [(c.seq, c.arrival, c.document != REMOVED) for c in ledger.changes(0, 10)] == [
        (2, 2, True),
        (3, 1, False),
    ]
    assert ledger.check() == []


def test_what_is_not_there_cannot_be_removed(ledger: Ledger):
    assert outcomes(ledger, [a_write("a", remove)]) == [[Outcome.ABSENT]]
    ledger.commit([[a_write("b")], [a_write("b", remove)], [a_write("b", remove)]], 1)
    assert (ledger.last_seq(), ledger.count()) == (0, 0)


def test_what_was_removed_may_come_again(ledger: Ledger):
    ledger.commit([[a_write("a", name="first")], [a_write("b")]], 1)
    ledger.commit([[a_write("a", remove)]], 2)

    assert outcomes(ledger, [a_write("a", refuse_repeats, name="second")]) == [[Outcome.CREATED]]
    assert [event.name for event in documents(ledger.changes(2, 10))] == ["second"]
    assert (ledger.count(), ledger.last_seq()) == (2, 4)


def test_removing_and_making_in_one_batch_leaves_what_came_last(ledger: Ledger):
    ledger.commit([[a_write("a", name="first")]], 1)

    batch = [[a_write("a", remove)], [a_write("a", name="second")], [a_write("b")]]
    assert outcomes(ledger, *batch) == [[Outcome.REMOVED], [Outcome.CREATED], [Outcome.CREATED]]
    assert ledger.get(an_event("a").key).name == "second"


def by_name(attempts: Sequence[Event], incoming: Event) -> Sequence[Event]:
    """Attempts sorted by name, each name once."""
    return sorted({e.name: e for e in (*attempts, incoming)}.values(), key=lambda e: e.name)


def names(ledger: Ledger) -> list[tuple[int, str]]:
    events = [decode_event(c.document) for c in ledger.changes(0, 100) if c.document]
    return sorted((event.attempt, event.name) for event in events)


def test_a_rule_sees_all_attempts_and_decides_on_their_order(open_a_ledger):
    ledger = open_a_ledger()
    for name in ("c", "a", "b"):
        ledger.commit([[Write(an_event(name=name), attempts=by_name)]], 1)
        ledger.close()
        ledger = open_a_ledger()

    assert names(ledger) == [(1, "a"), (2, "b"), (3, "c")]
    assert outcomes(ledger, [Write(an_event(name="b"), attempts=by_name)]) == [[Outcome.MERGED]]
    assert ledger.check() == []
    ledger.close()


def test_attempts_of_one_batch_see_each_other(ledger: Ledger):
    batch = [[Write(an_event(name=name), attempts=by_name)] for name in "cab"]

    assert outcomes(ledger, *batch) == [[Outcome.CREATED]] * 3
    assert names(ledger) == [(1, "a"), (2, "b"), (3, "c")]


def test_attempts_may_become_fewer(ledger: Ledger):
    ledger.commit([[Write(an_event(name=name), attempts=by_name)] for name in "abc"], 1)

    def only_first(attempts: Sequence[Event], _incoming: Event) -> Sequence[Event]:
        return attempts[:1]

    assert outcomes(ledger, [Write(an_event(), attempts=only_first)]) == [[Outcome.MERGED]]
    assert (names(ledger), ledger.count()) == ([(1, "a")], 1)
    assert outcomes(ledger, [Write(an_event(name="z"), attempts=by_name)]) == [[Outcome.CREATED]]
    assert names(ledger) == [(1, "a"), (2, "z")]


def a_record(id: str, owner: str = "result", **fields) -> Write:  # noqa: A002 - the field's name
    return a_write(id, replace, owner=owner, **fields)


def a_removal(id: str = "result", **fields) -> Write:  # noqa: A002 - the field's name
    return Write(an_event(id, **fields), remove, with_owned=True)


def held(ledger: Ledger) -> list[str]:
    return sorted(
        event.id for c in ledger.changes(0, 100) if c.document for event in documents([c])
    )


def test_an_owner_is_removed_with_what_it_owns_each_by_a_change_of_its_own(ledger: Ledger):
    ledger.commit([[a_record("b"), a_write("result"), a_record("a"), a_write("other")]], 1)

    (answer,) = ledger.commit([[a_removal()]], 2)

    assert [(w.outcome, w.event) for w in answer] == [(Outcome.REMOVED, an_event("result"))]
    assert [(c.seq, c.arrival, c.document == REMOVED) for c in ledger.changes(0, 10)] == [
        (4, 4, False),
        (5, 2, True),
        (6, 1, True),
        (7, 3, True),
    ]
    assert (ledger.last_committed, ledger.count(), ledger.check()) == (7, 1, [])
    assert ledger.get(an_event("a").key) is None


def test_only_what_names_the_owner_in_its_source_and_scope_goes(ledger: Ledger):
    stays = [
        a_record("other source", source="other"),
        a_record("other scope", scope="other"),
        a_record("other owner", "resul"),
        a_record("owned in turn", "owned"),
        a_write("parent only", parent="result"),
    ]
    ledger.commit([[a_write("result"), a_record("owned"), a_record("owned", attempt=2), *stays]], 1)

    ledger.commit([[a_removal()]], 2)

    assert held(ledger) == sorted(write.event.id for write in stays)


def test_a_removal_without_more_words_leaves_what_is_owned(ledger: Ledger):
    ledger.commit([[a_write("result"), a_record("a")]], 1)

    in_one = [a_record("b"), a_write("result", remove)]
    assert outcomes(ledger, in_one) == [[Outcome.CREATED, Outcome.REMOVED]]
    assert held(ledger) == ["a", "b"]
    assert outcomes(ledger, [a_removal()]) == [[Outcome.ABSENT]]  # what is not there owns nothing
    assert held(ledger) == ["a", "b"]


def test_a_rule_that_keeps_the_owner_keeps_what_it_owns(ledger: Ledger):
    ledger.commit([[a_write("result"), a_record("a")]], 1)

    kept = Write(an_event("result", name="new"), replace, with_owned=True)
    assert outcomes(ledger, [kept]) == [[Outcome.REPLACED]]
    assert held(ledger) == ["a", "result"]


def test_any_attempt_of_an_owner_is_the_owner(ledger: Ledger):
    ledger.commit([[a_write("result", attempt=2), a_record("a")]], 1)

    assert outcomes(ledger, [a_removal(attempt=2)]) == [[Outcome.REMOVED]]
    assert held(ledger) == []


def test_an_event_that_owns_itself_is_removed_once(ledger: Ledger):
    ledger.commit([[a_record("result")]], 1)

    assert outcomes(ledger, [a_removal()]) == [[Outcome.REMOVED]]
    assert (ledger.last_seq(), ledger.count()) == (2, 0)


def test_what_a_batch_made_before_the_removal_goes_and_what_it_makes_later_stays(ledger: Ledger):
    ledger.commit([[a_write("result"), a_record("stored")]], 1)

    batch = [
        [a_record("earlier request")],
        [a_record("earlier write"), a_removal(), a_record("later write")],
        [a_record("later request")],
    ]
    assert outcomes(ledger, *batch)[1] == [Outcome.CREATED, Outcome.REMOVED, Outcome.CREATED]
    assert held(ledger) == ["later request", "later write"]
    assert ledger.last_seq() == 2 + 4  # two removed, two created; two came and went unseen

    assert outcomes(ledger, [a_write("result")], [a_removal()]) == [
        [Outcome.CREATED],
        [Outcome.REMOVED],
    ]
    assert held(ledger) == []


def test_what_was_removed_before_is_not_removed_again(ledger: Ledger):
    ledger.commit([[a_write("result"), a_record("a"), a_record("b")]], 1)
    ledger.commit([[a_write("a", remove)]], 2)

    outcomes(ledger, [a_write("b", remove)], [a_removal()], [a_removal()])
    assert ledger.last_seq() == 3 + 1 + 2
    assert ledger.count() == 0

    ledger.commit([[a_write("result"), a_write("a")]], 3)  # it comes again, without an owner
    ledger.commit([[a_removal()]], 4)
    assert held(ledger) == ["a"]


def test_a_refused_request_removes_nothing_and_owns_nothing(ledger: Ledger):
    ledger.commit([[a_write("result"), a_record("a"), a_write("b")]], 1)

    batch = [
        [a_removal(), a_write("b", refuse_repeats)],
        [a_record("b"), a_record("c"), a_write("b", refuse_repeats)],
        [a_removal()],
    ]
    assert outcomes(ledger, batch[0]) == [Conflict]
    assert held(ledger) == ["a", "b", "result"]
    assert outcomes(ledger, *batch) == [Conflict, Conflict, [Outcome.REMOVED]]
    assert held(ledger) == ["b"]


def test_an_event_follows_the_owner_that_it_names_now(ledger: Ledger):
    results = [a_write("result"), a_write("new")]
    ledger.commit([[*results, a_record("a"), a_record("b"), a_record("c")]], 1)
    ledger.commit([[a_record("a", "new")]], 2)

    outcomes(ledger, [a_record("b", "new")], [a_record("c", ""), a_removal()])
    assert held(ledger) == ["a", "b", "c", "new"]
    outcomes(ledger, [a_removal("new")])
    assert held(ledger) == ["c"]


def test_later_attempts_are_owned_as_well_and_a_rule_sees_that_they_are_gone(ledger: Ledger):
    def attempt(name: str) -> Write:
        return Write(an_event("run", name=name, owner="result"), attempts=by_name)

    ledger.commit([[a_write("result"), attempt("a")], [attempt("b")]], 1)
    assert held(ledger) == ["result", "run", "run"]

    assert outcomes(ledger, [attempt("c"), a_removal(), attempt("d")]) == [
        [Outcome.CREATED, Outcome.REMOVED, Outcome.CREATED]
    ]
    assert names(ledger) == [(1, "d")]
    assert ledger.check() == []


def test_what_is_owned_is_known_after_opening_again(open_a_ledger: Callable[[], Ledger]):
    ledger = open_a_ledger()
    ledger.commit([[a_write("result"), a_record("a"), a_record("b", attempt=2)]], 1)
    ledger.close()

    again = open_a_ledger()
    again.commit([[a_removal()]], 2)
    assert (held(again), again.count(), again.last_seq()) == ([], 0, 6)
    again.close()


def test_several_events_come_in_the_order_of_their_keys(ledger: Ledger):
    ledger.commit([[a_write("1"), a_write("2"), a_write("3")]], NOON_US)
    ledger.commit([[Write(an_event("2"), remove)]], NOON_US)
    keys = [an_event(name).key for name in ("3", "2", "gone", "1", "3")]
    found = ledger.get_each(keys, 10_000)
    assert [event and event.id for event in found] == ["3", None, None, "1", "3"]
    assert ledger.get_each([], 0) == []


def test_of_several_events_the_first_come_that_fit_and_at_least_one(ledger: Ledger):
    ledger.commit([[a_write(str(n), description="x" * 1000) for n in range(10)]], NOON_US)
    keys = [an_event(str(n)).key for n in range(10)]
    assert len(ledger.get_each(keys, 20_000)) == 10
    assert [event and event.id for event in ledger.get_each(keys, 3_500)] == ["0", "1", "2"]
    assert [event and event.id for event in ledger.get_each(keys, 1)] == ["0"]
