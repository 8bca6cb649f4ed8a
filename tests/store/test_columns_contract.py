"""What every column store promises."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from tests.builders import HOUR_US, NOON_US, an_event

from runwell.errors import BadQuery, QueryTooLong, TooLarge
from runwell.filter import (
    Among,
    And,
    Call,
    Compare,
    Constant,
    Contains,
    Field,
    Filter,
    Metric,
    Not,
    OneOf,
    Or,
    Payload,
    Sort,
    StartsWith,
    Tag,
)
from runwell.model import Bucket, Event, Status
from runwell.query import (
    ABOUT,
    FIELDS,
    Count,
    Group,
    Measure,
    Order,
    RelationColumn,
    Select,
    Summary,
    TimeBucket,
    count_events,
)
from runwell.store.columns import Columns, Stopper, nearby
from runwell.store.columns.base import SQLLimits
from runwell.store.ledger import Change
from runwell.store.ledger.base import REMOVED, encode_event

LIMITS = SQLLimits(rows_max=100, bytes_max=10_000)


def changes_of(*events: Event, first_seq: int = 1) -> list[Change]:
    return [
        Change(seq, seq, NOON_US, encode_event(event).decode())
        for seq, event in enumerate(events, first_seq)
    ]


def ids(columns: Columns, where: Filter | None = None, **rest) -> list[str]:
    return columns.run(Select((Field("id"),), where, **rest), Stopper()).first()


def test_every_field_comes_back_as_it_went_in(columns: Columns):
    event = an_event(
        "a/b",
        attempt=3,
        chain="c",
        parent="p",
        name="it's \"quoted\" 'é☃\U0001f600",
        status=Status.FAILED,
        created=NOON_US - 3,
        queued=NOON_US - 2,
        started=NOON_US - 1,
        finished=NOON_US,
        duration=1,
        description="line\nline",
        metrics={"a.b": 0.1, "": -1e308},
        tags={"k": ["x", "y"], "empty": []},
        links={"l": "https://example.org"},
        payload='{ "spaces":  "kept", "n": 1.50, "big": 12345678901234567890123 }',
        client="c/1",
    )
    columns.apply(changes_of(event))

    names = [name for name in FIELDS if hasattr(event, name)]
    (row,) = columns.run(Select(tuple(map(Field, names))), Stopper()).dicts()
    assert row == {name: getattr(event, name) for name in names}


def test_what_an_event_does_not_say_has_its_default(columns: Columns):
    columns.apply(changes_of(an_event()))

    names = [name for name in FIELDS if hasattr(an_event(), name) and name != "payload"]
    (row,) = columns.run(Select(tuple(map(Field, names))), Stopper()).dicts()
    assert row == {name: getattr(an_event(), name) for name in names}


def test_time_is_the_first_of_started_created_received(columns: Columns):
    columns.apply(
        changes_of(an_event("1", started=7, created=5), an_event("2", created=5), an_event("3"))
    )

    assert columns.run(Select((Field("time"),)), Stopper()).first() == [7, 5, NOON_US]


def test_the_wait_is_counted_as_the_event_itself_counts_it(columns: Columns):
    moments = (None, NOON_US, NOON_US + 5, NOON_US + 7)
    events = [
        an_event(f"{created} {queued} {started}", created=created, queued=queued, started=started)
        for created in moments
        for queued in moments
        for started in moments
    ]
    columns.apply(changes_of(*events))

    found = columns.run(Select((Field("queue"),)), Stopper()).first()
    assert found == [event.queue for event in events]
    assert {0, 2, 5, 7, None} == set(found)


def test_applying_the_same_changes_twice_changes_nothing(columns: Columns):
    changes = changes_of(an_event("a"), an_event("b"))
    columns.apply(changes)
    columns.apply(changes)
    columns.apply([*changes, *changes_of(an_event("c"), first_seq=3)])

    assert (ids(columns), columns.applied()) == (["a", "b", "c"], 3)


def test_a_changed_event_takes_the_place_of_the_old_one(columns: Columns):
    columns.apply(changes_of(an_event("a", name="old"), an_event("b")))
    newer = encode_event(an_event("a", name="new")).decode()
    columns.apply([Change(3, 1, NOON_US, newer)])

    rows = columns.run(Select((Field("id"), Field("name"), Field("seq"))), Stopper()).rows
    assert rows == [("a", "new", 3), ("b", "", 2)]


def test_a_removed_event_is_gone_and_may_come_again(columns: Columns):
    columns.apply(changes_of(an_event("a"), an_event("b")))
    columns.apply([Change(3, 1, NOON_US, REMOVED), Change(4, 4, NOON_US, REMOVED)])
    assert (ids(columns), columns.applied()) == (["b"], 4)

    again = encode_event(an_event("a", name="again")).decode()
    columns.apply([Change(5, 1, NOON_US, again)])
    assert ids(columns) == ["a", "b"]


def test_an_event_that_was_removed_before_it_was_applied_never_shows(columns: Columns):
    columns.apply([Change(2, 1, NOON_US, REMOVED)])
    assert (ids(columns), columns.applied()) == ([], 2)


def test_applied_is_remembered_and_belongs_to_one_ledger(
    open_some_columns: Callable[..., Columns],
):
    columns = open_some_columns("one")
    columns.apply(changes_of(an_event("a")))
    columns.close()

    again = open_some_columns("one")
    assert (again.applied(), ids(again)) == (1, ["a"])
    again.close()

    other = open_some_columns("another")
    assert (other.applied(), ids(other)) == (0, [])
    other.close()


def test_lists_come_in_the_order_of_arrival_and_in_pages(columns: Columns):
    columns.apply(changes_of(*[an_event(str(number)) for number in range(10)]))

    assert ids(columns, limit=3) == ["0", "1", "2"]
    assert ids(columns, limit=3, offset=8) == ["8", "9"]


def test_lists_are_sorted_by_fields_and_metrics_what_lacks_them_last(columns: Columns):
    columns.apply(
        changes_of(
            an_event("a", metrics={"m": 1}),
            an_event("b"),
            an_event("c", metrics={"m": 3}),
            an_event("d", metrics={"m": 3}),
        )
    )

    assert ids(columns, order=(Order(Metric("m"), descending=True),)) == ["c", "d", "a", "b"]
    assert ids(columns, order=(Order(Metric("m")),)) == ["a", "c", "d", "b"]
    assert ids(columns, order=(Order(Field("id"), descending=True),)) == ["d", "c", "b", "a"]


def test_distinct_rows_come_in_the_order_of_first_arrival(columns: Columns):
    pipelines = ["b", "a", "b", "c", "a"]
    columns.apply(changes_of(*[an_event(str(n), pipeline=p) for n, p in enumerate(pipelines)]))
    distinct = Select((Field("pipeline"),), distinct=True)

    assert columns.run(distinct, Stopper()).rows == [("b",), ("a",), ("c",)]
    assert columns.run(Count(distinct), Stopper()).scalar() == 3


CONDITIONS: list[tuple[Filter, str]] = [
    (Compare(Field("name"), "==", "a%_"), "1"),
    (Compare(Field("name"), "!=", "a%_"), "2345"),
    (StartsWith(Field("name"), "a%"), "1"),
    (StartsWith(Field("name"), ""), "12345"),
    (Contains(Field("name"), "%"), "1"),
    (Contains(Field("name"), "é"), "3"),
    (Compare(Field("duration"), ">", 10), "3"),
    (Compare(Field("started"), ">=", NOON_US), "23"),
    (Not(Compare(Field("started"), ">=", NOON_US)), "145"),
    (Compare(Metric("m"), "<", 2), "1"),
    (Not(Compare(Metric("m"), "<", 2)), "2345"),
    (Compare(Tag("t"), "==", "x"), "12"),
    (Compare(Tag("t"), ">", "x"), "23"),
    (Not(Compare(Tag("t"), "==", "x")), "345"),
    (Contains(Tag("t"), ""), "123"),
    (StartsWith(Tag("t"), "y"), "23"),
    (OneOf(Field("id"), ("2", "4", "9")), "24"),
    (OneOf(Field("name"), ("a%_",)), "1"),
    (OneOf(Field("id"), ()), ""),
    (Not(OneOf(Field("id"), ("2", "4"))), "135"),
    (And(()), "12345"),
    (Or(()), ""),
    (And((Compare(Tag("t"), "==", "x"), Compare(Metric("m"), "==", 2))), "2"),
    (Or((Compare(Tag("t"), "==", "x"), Compare(Field("id"), "==", "5"))), "125"),
    (Among(Field("parent"), Field("id"), Compare(Field("name"), "==", "a%_")), "45"),
    (Not(Among(Field("parent"), Field("id"), Compare(Field("name"), "==", "a%_"))), "123"),
    (Among(Field("id"), Tag("of"), Compare(Field("name"), "==", "é")), "15"),
    (Not(Among(Field("id"), Tag("of"), Compare(Field("name"), "==", "ab"))), "12345"),
]


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS, ids=lambda value: repr(value)[:60])
def test_a_condition_finds_exactly_its_events(columns: Columns, condition: Filter, expected: str):
    columns.apply(
        changes_of(
            an_event("1", name="a%_", metrics={"m": 1.0}, tags={"t": ["x"]}, duration=1),
            an_event("2", name="ab", metrics={"m": 2.0}, tags={"t": ["x", "y"]}, started=NOON_US),
            an_event(
                "3", name="é", tags={"t": ["y"], "of": ["1", "5"]}, started=NOON_US + 1, duration=11
            ),
            an_event("4", parent="1"),
            an_event("5", parent="1", tags={"t": []}),
        )
    )

    assert "".join(ids(columns, condition)) == expected
    assert columns.run(count_events(condition), Stopper()).scalar() == len(expected)


def test_a_summary_of_nothing_counts_zero(columns: Columns):
    rows = columns.run(Summary(("total", "failed", "avg_duration", "last_run")), Stopper())

    assert rows.rows == [(0, 0, None, None)]
    assert columns.run(Summary(("total",), (Field("name"),)), Stopper()).rows == []


def test_measures_are_what_they_say(columns: Columns):
    columns.apply(
        changes_of(
            an_event("1", status=Status.FAILED, duration=10, started=NOON_US),
            an_event("2", status=Status.SUCCEEDED, duration=20, started=NOON_US - 5),
            an_event("3", status=Status.SUCCEEDED, duration=60, started=NOON_US - 9),
            an_event("4", status=Status.RUNNING, started=NOON_US - 9),
        )
    )
    measures = [
        "total",
        "succeeded",
        "failed",
        "running",
        "queued",
        "avg_duration",
        "min_duration",
        "max_duration",
        "total_duration",
        "p50_duration",
        "p80_duration",
        "p95_duration",
        "last_run",
    ]

    (row,) = columns.run(Summary(tuple(measures)), Stopper()).rows
    assert row == (
        4,
        2,
        1,
        1,
        0,
        30.0,
        10,
        60,
        90,
        20.0,
        pytest.approx(44),
        pytest.approx(56),
        NOON_US,
    )


def test_a_week_starts_on_monday_and_buckets_are_in_utc(columns: Columns):
    thursday = NOON_US  # 2026-01-01
    columns.apply(
        changes_of(
            an_event("1", started=thursday),
            an_event("2", started=thursday + 3 * 24 * HOUR_US),
            an_event("3", started=thursday + 4 * 24 * HOUR_US - 12 * HOUR_US),
        )
    )

    rows = columns.run(Summary(("total",), (TimeBucket(Bucket.WEEK),)), Stopper()).rows
    monday = thursday - 3 * 24 * HOUR_US - 12 * HOUR_US
    assert rows == [(monday, 2), (monday + 7 * 24 * HOUR_US, 1)]


@pytest.mark.parametrize("bucket", Bucket)
def test_every_bucket_begins_where_its_name_says(columns: Columns, bucket: Bucket):
    columns.apply(
        changes_of(an_event("1", started=NOON_US + 1), an_event("2", created=NOON_US + 2))
    )

    ((start, total),) = columns.run(Summary(("total",), (TimeBucket(bucket),)), Stopper()).rows
    assert total == 2
    assert start <= NOON_US
    assert start % 60_000_000 == 0


def test_a_summary_is_ordered_by_a_measure_then_by_its_groups(columns: Columns):
    names = ["a", "b", "b", "c", "c", "d"]
    columns.apply(changes_of(*[an_event(str(n), name=name) for n, name in enumerate(names)]))
    query = Summary(("total",), (Field("name"),), None, (("total", True),), limit=3)

    assert columns.run(query, Stopper()).rows == [("b", 2), ("c", 2), ("a", 1)]


@pytest.mark.parametrize(
    "query",
    [
        Select((Field("nme"),)),
        Select((Field("name"),), Compare(Field("nme"), "==", 1)),
        Summary(("totl",)),
        Summary(("total",), (Field("nme"),)),
        Summary(("total",), (TimeBucket(Bucket.DAY, "name"),)),
        Summary(("total",), (), None, (("failed", False),)),
    ],
)
def test_a_question_about_what_is_not_there_is_refused(columns: Columns, query):
    with pytest.raises(BadQuery):
        columns.run(query, Stopper())


def test_a_stopped_question_says_that_it_took_too_long(columns: Columns):
    stopper = Stopper()
    stopper.stop()

    with pytest.raises(QueryTooLong):
        columns.run(count_events(None), stopper)
    assert columns.run(count_events(None), Stopper()).scalar() == 0


def test_sql_reads_the_documented_relations_and_nothing_else(columns: Columns):
    columns.apply(changes_of(an_event("1", duration=1_500_000, payload='{"a": [1, 2]}')))

    rows = columns.sql(
        "SELECT id, duration, payload->'a' FROM events WHERE id = ?", ["1"], LIMITS, Stopper()
    )
    assert rows.rows == [("1", 1.5, "[1,2]")]
    assert [column.name for column in rows.columns][:2] == ["id", "duration"]
    with pytest.raises(BadQuery, match="there is no relation 'event'"):
        columns.sql("SELECT * FROM event", [], LIMITS, Stopper())


def test_sql_answers_are_bounded_in_rows_and_bytes(columns: Columns):
    with pytest.raises(TooLarge, match="rows"):
        columns.sql("SELECT * FROM range(101)", [], LIMITS, Stopper())
    with pytest.raises(TooLarge, match="bytes"):
        columns.sql("SELECT string_agg('xxxxxxxxxx', '') FROM range(1001)", [], LIMITS, Stopper())
    assert len(columns.sql("SELECT * FROM range(100)", [], LIMITS, Stopper()).rows) == 100


def test_relations_are_described(columns: Columns):
    events = columns.relations()["events"]

    assert {column.name: column.about for column in events.columns} == {
        **ABOUT,
        "rolled_up": "whether retention has left of it only what can be summed: it has no id and is "
        "in no list",
    }
    assert RelationColumn("started", "TIMESTAMP", ABOUT["started"]) in events.columns


@pytest.mark.parametrize("descending", [False, True])
def test_a_short_list_is_the_same_wherever_it_is_looked_for(
    columns: Columns, monkeypatch: pytest.MonkeyPatch, *, descending: bool
):
    chance = random.Random(7)
    events = [
        an_event(
            str(number),
            name=chance.choice("abc"),
            started=chance.choice([None, *range(NOON_US, NOON_US + 30)]),
        )
        for number in range(120)
    ]
    columns.apply(changes_of(*events))
    for limit in (1, 3, 10, 200):
        for name in "abcd":
            for start in (None, NOON_US + 15):
                order = (Order(Field("started"), descending, start=start), Order(Field("id")))
                where = Compare(Field("name"), "==", name)
                monkeypatch.setattr(nearby, "WORTHWHILE", 10**9)
                everywhere = ids(columns, where, order=order, limit=limit)
                monkeypatch.setattr(nearby, "WORTHWHILE", 0)
                monkeypatch.setattr(nearby, "ROWS", chance.choice([1, 5, 40]))
                assert ids(columns, where, order=order, limit=limit) == everywhere


def test_an_order_begins_where_it_is_told(columns: Columns):
    columns.apply(changes_of(*(an_event(str(n), started=NOON_US + n) for n in range(4))))
    later = (Order(Field("started"), start=NOON_US + 2),)
    earlier = (Order(Field("started"), descending=True, start=NOON_US + 1),)
    assert ids(columns, order=later) == ["2", "3"]
    assert ids(columns, order=earlier) == ["1", "0"]


@pytest.mark.parametrize("descending", [False, True])
def test_what_is_missing_comes_last_unless_it_is_asked_for_first(
    columns: Columns, *, descending: bool
):
    columns.apply(changes_of(an_event("1"), an_event("2", started=NOON_US)))
    last = Order(Field("started"), descending)
    first = Order(Field("started"), descending, missing_first=True)
    assert ids(columns, order=(last,)) == ["2", "1"]
    assert ids(columns, order=(first,), limit=5) == ["1", "2"]


def test_measures_and_groups_may_be_expressions(columns: Columns):
    texts = ['{"k": "a", "n": 3}', '{"k": "a", "n": "x"}', '{"k": "b", "n": 5}', ""]
    columns.apply(
        changes_of(
            *(
                an_event(str(n), duration=10 * n, payload=text)
                for n, text in enumerate(texts, start=1)
            )
        )
    )
    number = Payload(("n",), "number")
    large = Call("gt", (number, Constant(4.0, Sort.NUMBER)))
    defined = {
        "numbers": Measure("count", number),
        "sum": Measure("sum", number),
        "large": Measure("count", where=large),
        "half": Measure("quantile", Field("duration"), where=Not(large), q=0.5),
    }
    query = Summary(
        ("total", "numbers", "sum", "large", "half"),
        (Group("k", Payload(("k",), "text")),),
        defined=defined,
    )
    answer = columns.run(query, Stopper())
    assert [column.name for column in answer.columns] == ["k", *query.measures]
    assert answer.rows == [
        ("a", 2, 1, 3.0, 0, 15.0),
        ("b", 1, 1, 5.0, 1, None),
        (None, 1, 0, None, 0, 40.0),
    ]
