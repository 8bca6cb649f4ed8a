"""`/-/api/series`: buckets without gaps, the window before, and the groups that are shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import QueryParams
from tests.apps import play
from tests.builders import HOUR_US, NOON_US, a_write, an_event
from tests.model.instants import CLOSE
from tests.store.engines import COLUMNS
from tests.web.answering import Answering

from runwell.model import Bucket, Status
from runwell.model.times import bucket_starts, next_bucket, parse_iso, to_iso
from runwell.web import series

DAY_US = 24 * HOUR_US


@pytest.fixture(params=sorted(COLUMNS), scope="module")
def asked(request, tmp_path_factory) -> Iterator[Answering]:
    answering = Answering(tmp_path_factory.mktemp("columns"), request.param)
    yield answering
    answering.close()


def at(text: str, zone: str = "UTC") -> int:
    return parse_iso(text, ZoneInfo(zone))


def put(asked: Answering, *events: tuple[str, dict[str, Any]]) -> None:
    """Events by the time of their start, with other fields."""
    asked.put([an_event(str(n), started=at(time), **more) for n, (time, more) in enumerate(events)])


def only(answer: dict[str, Any]) -> dict[str, Any]:
    (chart,) = answer["series"]
    return chart


def test_a_series_is_ready_for_a_chart_and_its_gaps_are_filled(asked: Answering):
    failed = {"status": Status.FAILED, "duration": 4_000_000}
    put(
        asked,
        ("2026-03-01T10:00", {"duration": 1_000_000, "status": Status.SUCCEEDED}),
        ("2026-03-01T11:00", failed),
        ("2026-03-04T23:59:59.999999", {}),
    )
    assert asked.get("series", summary="total,failure_rate,max(duration),distinct(status)") == {
        "bucket": "day",
        "zone": "UTC",
        "from": "2026-03-01T00:00:00Z",
        "to": "2026-03-05T00:00:00Z",
        "times": [f"2026-03-0{day}T00:00:00Z" for day in range(1, 5)],
        "series": [
            {
                "group": {},
                "values": {
                    "total": [2, 0, 0, 1],
                    "failure_rate": [0.5, None, None, None],
                    "max(duration)": [4.0, None, None, None],
                    "distinct(status)": [2, 0, 0, 1],
                },
                "whole": {
                    "total": 3,
                    "failure_rate": 0.5,
                    "max(duration)": 4.0,
                    "distinct(status)": 3,
                },
            }
        ],
    }


def test_without_a_choice_there_are_counts_failures_and_durations_by_day(asked: Answering):
    put(asked, ("2026-03-01T10:00", {"duration": 3_000_000}))
    answer = asked.get("series")
    assert answer["bucket"] == "day"
    assert only(answer)["whole"] == {
        "total": 1,
        "failure_rate": None,
        "p50(duration)": 3.0,
        "p95(duration)": 3.0,
    }


def test_without_events_there_is_nothing_to_draw(asked: Answering):
    asked.put([])
    empty = {"bucket": "week", "zone": "UTC", "from": None, "to": None, "times": [], "series": []}
    assert asked.get("series", bucket="week") == empty
    assert asked.get("series", bucket="week", compare="previous") == empty
    assert asked.get("series", bucket="week", from_="2026-01-01") == empty
    assert asked.get("series", bucket="week", to="2026-01-01", group_by="name") == empty
    assert asked.get("series", shape="objects") == []
    put(asked, ("2026-03-01", {}))
    assert asked.get("series", filter='name == "none"')["series"] == []
    assert asked.get("series", from_="2026-03-02")["times"] == []
    assert asked.get("series", to="2026-03-01")["times"] == []


def test_a_window_without_events_is_drawn_empty(asked: Answering):
    put(asked, ("2026-03-01", {}))
    window = {"from_": "2026-02-01", "to": "2026-02-03", "summary": "total,p50(duration)"}
    chart = only(asked.get("series", **window))
    assert chart["values"] == {"total": [0, 0], "p50(duration)": [None, None]}
    assert chart["whole"] == {"total": 0, "p50(duration)": None}
    answer = asked.get("series", group_by="name", **window)
    assert (len(answer["times"]), answer["series"]) == (2, [])
    compared = asked.get("series", group_by="name", compare="previous", **window)
    assert compared == answer


@pytest.mark.parametrize(
    ("window", "begin", "end", "total"),
    [
        ({}, "2026-03-27T00:00:00+01:00", "2026-04-01T00:00:00+02:00", 4),
        ({"from_": "2026-03-28"}, "2026-03-28T00:00:00+01:00", "2026-04-01T00:00:00+02:00", 3),
        ({"from_": "2026-03-28T15:00"}, "2026-03-28T00:00:00+01:00", "2026-04-01T00:00:00+02:00", 3),
        ({"from_": "2026-03-27T23:30:00Z"}, "2026-03-28T00:00:00+01:00", "2026-04-01T00:00:00+02:00", 3),
        ({"to": "2026-03-29"}, "2026-03-27T00:00:00+01:00", "2026-03-29T00:00:00+01:00", 2),
        ({"to": "2026-03-29T00:00:00.000001"}, "2026-03-27T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 3),
        ({"to": "2026-03-28T22:59:59Z"}, "2026-03-27T00:00:00+01:00", "2026-03-29T00:00:00+01:00", 2),
        ({"from_": "2026-03-29", "to": "2026-03-30"}, "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 1),
    ],
)  # fmt: skip
def test_a_window_holds_whole_buckets_by_the_clock_of_the_zone(
    asked: Answering, window, begin: str, end: str, total: int
):
    times = ("2026-03-27T10:00", "2026-03-28T10:00", "2026-03-29T10:00", "2026-03-31T10:00")
    put(asked, *((time, {}) for time in times))
    answer = asked.get("series", zone="Europe/Berlin", **window)
    assert (answer["zone"], answer["from"], answer["to"]) == ("Europe/Berlin", begin, end)
    assert only(answer)["whole"]["total"] == sum(only(answer)["values"]["total"]) == total


def test_the_window_before_has_as_many_buckets_right_before(asked: Answering):
    put(
        asked,
        ("2026-02-27T23:30", {"duration": 1_000_000}),
        ("2026-02-28T12:00", {"duration": 2_000_000}),
        ("2026-03-01T12:00", {"duration": 4_000_000}),
        ("2026-03-03T12:00", {"duration": 5_000_000}),
        ("2026-03-03T13:00", {"duration": 6_000_000}),
    )
    window = {"from_": "2026-03-01", "to": "2026-03-04", "summary": "total,sum(duration),failed"}
    chart = only(asked.get("series", compare="previous", **window))
    assert chart == {
        "group": {},
        "values": {"total": [1, 0, 2], "sum(duration)": [4.0, None, 11.0], "failed": [0, 0, 0]},
        "whole": {"total": 3, "sum(duration)": 15.0, "failed": 0},
        "previous": {"total": [0, 1, 1], "sum(duration)": [None, 1.0, 2.0], "failed": [0, 0, 0]},
        "previous_whole": {"total": 2, "sum(duration)": 3.0, "failed": 0},
        "change": {"total": 0.5, "sum(duration)": 4.0, "failed": None},
    }


@pytest.mark.parametrize(
    ("query", "before"),
    [
        ({"bucket": "month", "from_": "2026-03-01", "to": "2026-05-01"}, ["2026-01-01", "2026-02-28T23:59"]),
        ({"bucket": "quarter", "from_": "2026-01-01", "to": "2026-03-01"}, ["2025-10-01", "2025-12-31"]),
        ({"bucket": "year", "from_": "2024-05-05", "to": "2025-01-01"}, ["2023-01-01", "2023-12-31"]),
        ({"bucket": "week", "from_": "2026-01-01", "to": "2026-01-02"}, ["2025-12-22", "2025-12-28"]),
        ({"bucket": "day", "from_": "2026-03-30", "to": "2026-03-31", "zone": "Europe/Berlin"}, ["2026-03-28T23:00", "2026-03-29T21:59"]),
        ({"bucket": "hour", "from_": "2026-10-25T01:00Z", "to": "2026-10-25T02:00Z", "zone": "Europe/Berlin"}, ["2026-10-25T00:00", "2026-10-25T00:59"]),
        ({"bucket": "day", "from_": "2011-12-31", "to": "2012-01-01", "zone": "Pacific/Apia"}, ["2011-12-29T10:00", "2011-12-30T09:59"]),
    ],
)  # fmt: skip
def test_months_and_clocks_that_jump_change_nothing_about_the_window_before(
    asked: Answering, query, before: list[str]
):
    inside, outside = [at(text) for text in before], [at(before[0]) - 1]
    asked.put([an_event(str(n), started=us) for n, us in enumerate([*inside, *outside])])
    answer = asked.get("series", compare="previous", summary="total", **query)
    chart = only(answer)
    assert chart["whole"] == {"total": 0}
    assert chart["previous_whole"] == {"total": 2}
    assert len(chart["previous"]["total"]) == len(chart["values"]["total"]) == len(answer["times"])


def test_groups_are_those_with_the_highest_first_measure_and_ties_in_their_order(asked: Answering):
    names = ["b"] * 2 + ["a"] * 2 + ["d"] * 3 + ["c"]
    put(asked, *((f"2026-03-0{1 + n % 3}", {"name": name}) for n, name in enumerate(names)))

    def groups(**query: str) -> list[str]:
        answer = asked.get("series", group_by="name", summary="total,first_run", **query)
        return [chart["group"]["name"] for chart in answer["series"]]

    assert groups() == ["d", "a", "b", "c"]
    assert groups(limit="2") == ["d", "a"]
    assert groups(filter='name != "d"', limit="2") == ["a", "b"]


def test_what_has_no_value_is_a_group_and_comes_after_ties(asked: Answering):
    put(
        asked,
        ("2026-03-01", {"tags": {"team": ["web", "x"]}, "metrics": {"m": 1.5}}),
        ("2026-03-01", {}),
        ("2026-03-02", {}),
        ("2026-03-02", {"tags": {"team": ["web"]}}),
    )
    answer = asked.get("series", group_by="tags.team,metrics.m", summary="total")
    assert [(chart["group"], chart["values"]["total"]) for chart in answer["series"]] == [
        ({"tags.team": None, "metrics.m": None}, [1, 1]),
        ({"tags.team": "web", "metrics.m": 1.5}, [1, 0]),
        ({"tags.team": "web", "metrics.m": None}, [0, 1]),
    ]


@pytest.mark.parametrize(
    ("group", "shown"),
    [
        ("attempt", 1),
        ("started", "2026-03-01T00:00:00Z"),
        ("duration", 1.5),
        ("status", "failed"),
        ("payload.a", "x"),
        ('status == "failed"', True),
        ("size(name)", 1),
        ("started - created", 86_400.0),
        ("metrics.m * 1e300 * 1e300", None),  # infinite
        ("metrics.m * 1e300 * 1e300 - metrics.m * 1e300 * 1e300", None),  # not a number
    ],
)
def test_a_group_of_any_type_has_its_points(asked: Answering, group: str, shown: Any):
    more = {"name": "n", "duration": 1_500_000, "status": Status.FAILED, "metrics": {"m": 2.0}}
    more |= {"payload": '{"a": "x"}', "created": at("2026-02-28")}
    put(asked, ("2026-03-01", more))
    answer = asked.get("series", group_by=group, summary="total", compare="previous")
    assert only(answer)["group"] == {group: shown}
    assert only(answer)["values"] == {"total": [1]}
    assert only(answer)["previous"] == {"total": [0]}


def test_a_group_that_was_not_there_before_is_compared_with_nothing(asked: Answering):
    put(
        asked,
        ("2026-03-01", {"name": "old"}),
        ("2026-03-02", {"name": "old"}),
        ("2026-03-02", {"name": "new", "duration": 1}),
    )
    answer = asked.get(
        "series", group_by="name", summary="total,max(duration)", from_="2026-03-02", compare="previous"
    )  # fmt: skip
    new, old = answer["series"]
    assert (new["previous"], new["change"]) == (
        {"total": [0], "max(duration)": [None]},
        {"total": None, "max(duration)": None},
    )
    assert (old["previous"]["total"], old["change"]["total"]) == ([1], 0.0)


def test_groups_can_come_in_the_order_of_their_change_and_the_limit_keeps_those(asked: Answering):
    took = {"big": (100, 110), "small": (1, 3), "shrunk": (40, 20), "same": (5, 5), "new": (0, 9)}
    events = [
        (day, {"name": name, "duration": length * 1_000_000})
        for name, lengths in took.items()
        for day, length in zip(("2026-03-01", "2026-03-02"), lengths, strict=True)
        if length
    ]
    put(asked, *events)
    window = {"summary": "max(duration)", "from_": "2026-03-02", "group_by": "name"}

    def names(order: str, **more: str) -> list[str]:
        answer = asked.get("series", order_by=order, compare="previous", **window, **more)
        return [chart["group"]["name"] for chart in answer["series"]]

    assert names("change desc") == ["small", "big", "same", "shrunk", "new"]
    assert names("change") == ["shrunk", "same", "big", "small", "new"]
    assert names("change desc", limit="1") == ["small"]
    assert names("max(duration)", limit="2") == ["small", "same"]
    status, pointer, detail = asked.refuse("series", order_by="change desc", **window)
    assert (status, pointer) == (400, "order_by")
    assert "'change' is not asked for" in detail
    both = {**window, "order_by": "change,max(duration)", "compare": "previous"}
    assert asked.refuse("series", **both)[:2] == (400, "order_by")


def test_a_change_of_nothing_or_of_a_time_is_no_order(asked: Answering):
    put(asked, ("2026-03-01", {"name": "a"}), ("2026-03-02", {"name": "b"}))
    query = {"order_by": "change desc", "compare": "previous", "from_": "2026-03-02"}
    answer = asked.get("series", group_by="name", summary="last_run", **query)
    assert [chart["group"] for chart in answer["series"]] == [{"name": "b"}]
    assert len(asked.get("series", summary="total", **query)["series"]) == 1
    nothing = {**query, "filter": 'name == "none"'}
    assert asked.get("series", group_by="name", summary="total", **nothing)["series"] == []


def test_a_time_has_no_change(asked: Answering):
    put(asked, ("2026-03-01", {"name": "a"}), ("2026-03-02", {"name": "b"}))
    query = {"summary": "last_run,min(name)", "from_": "2026-03-02", "compare": "previous"}
    chart = only(asked.get("series", **query))
    assert chart["whole"] == {"last_run": "2026-03-02T00:00:00Z", "min(name)": "b"}
    assert chart["previous_whole"] == {"last_run": "2026-03-01T00:00:00Z", "min(name)": "a"}
    assert chart["change"] == {"last_run": None, "min(name)": None}


def test_flat_objects_say_the_same(asked: Answering):
    put(
        asked,
        ("2026-03-01", {"name": "a"}),
        ("2026-03-02", {"name": "b", "duration": 2_000_000}),
        ("2026-03-03", {"name": "b"}),
    )
    query = {"group_by": "name", "summary": "total,sum(duration)", "zone": "Asia/Kolkata"}
    for compare in ("", "previous"):
        nested = asked.get("series", compare=compare, **query)
        rows = []
        for chart in nested["series"]:
            for place, time in enumerate(nested["times"]):
                row = {"time": time, **chart["group"]}
                row |= {name: values[place] for name, values in chart["values"].items()}
                for name, values in chart.get("previous", {}).items():
                    row[f"previous {name}"] = values[place]
                rows.append(row)
        flat = asked.get("series", compare=compare, shape="objects", **query)
        assert flat == rows
        assert len(flat) == 6


def test_more_points_than_a_client_can_draw_are_refused_with_advice(tmp_path: Path):
    asked = Answering(tmp_path, page_max=10)
    put(asked, *((f"2026-03-0{n}", {"name": str(n)}) for n in range(1, 7)))
    assert len(asked.get("series")["times"]) == 6
    advice = "choose a larger bucket than hour, or a shorter time"
    status, pointer, detail = asked.refuse("series", bucket="hour")
    assert (status, pointer, advice in detail) == (413, "bucket", True)
    status, pointer, detail = asked.refuse("series", group_by="name")
    assert (status, pointer) == (413, "bucket")
    assert detail == (
        "36 points; 10 is the most: choose a larger bucket, a shorter time or a lower limit"
    )
    assert len(asked.get("series", group_by="name", limit="1")["series"]) == 1
    whole = {"from_": "1970-01-01", "to": "2199-12-31", "bucket": "minute"}
    assert asked.refuse("series", **whole)[0] == 413
    asked.close()


@pytest.mark.parametrize(
    ("query", "pointer", "says"),
    [
        ({"from_": "2026-01-02", "to": "2026-01-01"}, "to", "must be later than `from`"),
        ({"from_": "2026-01-02", "to": "2026-01-02"}, "to", "must be later than `from`"),
        ({"from_": "yesterday"}, "from", "not an ISO 8601 time"),
        ({"to": "2026-02-30"}, "to", "not an ISO 8601 time"),
        ({"to": "2200-01-01"}, "to", "between 1970 and 2200"),
        ({"bucket": "dya"}, "bucket", "did you mean 'day'?"),
        ({"bucket": "fortnight"}, "bucket", "takes minute, hour, day, week, month, quarter, year"),
        ({"time": "startd"}, "time", "did you mean 'started'?"),
        ({"time": "name"}, "time", "'name' is not a time"),
        ({"zone": "Europe/Berln"}, "zone", "did you mean 'Europe/Berlin'?"),
        ({"compare": "previos"}, "compare", "did you mean 'previous'?"),
        ({"summary": "totl"}, "summary", "did you mean 'total'?"),
        ({"group_by": "nme"}, "group_by", "did you mean 'name'?"),
        ({"group_by": "name,kind,repo"}, "group_by", "at most 2 groups"),
        ({"group_by": "day"}, "group_by", "`bucket` says which buckets"),
        ({"group_by": "tags"}, "group_by", "one value of it, as tags.NAME"),
        ({"group_by": "payload"}, "group_by", "one value of it, as payload.NAME"),
        ({"limit": "0"}, "limit", "a whole number"),
        ({"shape": "object"}, "shape", "did you mean 'objects'?"),
        ({"frm": "2026"}, "frm", "did you mean 'from'?"),
        ({"filter": "nme == ''"}, "filter", "did you mean 'name'?"),
    ],
)
def test_a_parameter_that_means_nothing_is_named(asked: Answering, query, pointer: str, says: str):
    put(asked, ("2026-03-01", {}))
    status, place, detail = asked.refuse("series", **query)
    assert (status, place) == (400, pointer)
    assert says in detail


ZONES = ["Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Pacific/Apia"]
NEAR = CLOSE.filter(lambda us: 10 * 366 * DAY_US < us < 80 * 366 * DAY_US)


@given(
    st.lists(st.tuples(NEAR | NEAR.map(lambda us: us + HOUR_US), st.sampled_from("abc")), min_size=1, max_size=8),
    st.sampled_from(ZONES),
    st.sampled_from(["day", "week", "month", "quarter", "year"]),
    st.sampled_from(["", "name"]),
)  # fmt: skip
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_event_is_in_the_bucket_that_holds_it(asked: Answering, there, zone, bucket, group):
    # the first jump that is near, so that there are never too many buckets
    first = there[0][0]
    there = [(first + (us - first) % (40 * DAY_US), name) for us, name in there]
    asked.put([an_event(str(n), started=us, name=name) for n, (us, name) in enumerate(there)])
    answer = asked.get(
        "series", bucket=bucket, zone=zone, group_by=group, summary="total", compare="previous"
    )
    clock, times = ZoneInfo(zone), [us for us, _ in there]
    starts = list(bucket_starts(min(times), max(times) + 1, Bucket(bucket), clock))
    ends = [*starts[1:], next_bucket(starts[-1], Bucket(bucket), clock)]
    assert answer["times"] == [to_iso(start, clock) for start in starts]
    assert answer["to"] == to_iso(ends[-1], clock)
    found = {chart["group"].get("name"): chart for chart in answer["series"]}
    assert set(found) == ({name for _, name in there} if group else {None})
    for name, chart in found.items():
        mine = [us for us, other in there if name in (None, other)]
        assert chart["values"]["total"] == [
            sum(start <= us < end for us in mine) for start, end in zip(starts, ends, strict=True)
        ]
        assert chart["whole"]["total"] == len(mine)
        assert chart["previous_whole"]["total"] == sum(chart["previous"]["total"]) == 0
        assert len(chart["previous"]["total"]) == len(starts)


@pytest.mark.parametrize(
    ("text", "zone", "begin"),
    [
        ("-7d", "", "2026-03-11T12:30:00Z"),
        ("-90m", "", "2026-03-18T11:00:00Z"),
        ("-36h", "", "2026-03-17T00:30:00Z"),
        ("-2w", "", "2026-03-04T12:30:00Z"),
        ("-99999w", "", "1970-01-01T00:00:00Z"),
        ("week", "", "2026-03-16T00:00:00Z"),
        ("week", "Europe/Berlin", "2026-03-15T23:00:00Z"),
        ("month", "America/New_York", "2026-03-01T05:00:00Z"),
        ("day", "Asia/Kolkata", "2026-03-17T18:30:00Z"),
    ],
)
def test_a_window_may_begin_so_long_ago_or_with_this_week(text: str, zone: str, begin: str):
    now = parse_iso("2026-03-18T12:30:00Z")
    asked = QueryParams({"from": text, "zone": zone})
    assert to_iso(series._read(asked, 100, now).begin) == begin


def test_a_series_is_asked_for_over_http(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write("1", started=NOON_US), a_write("2", started=NOON_US)])
        answer = (await client.get("/-/api/series?summary=total&bucket=hour")).json()
        assert answer["times"] == ["2026-01-01T12:00:00Z"]
        assert answer["series"][0]["values"] == {"total": [2]}

    play(tmp_path, scenario)
