"""A typo in any parameter is answered with its place and the nearest right name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.builders import NOON_US, an_event
from tests.store.engines import COLUMNS
from tests.web.answering import Answering

# (route, parameter, what was written, the right name; the parameter that is to blame is the same)
TYPOS = [
    ("summary", "summary", "totl", "total"),
    ("summary", "summary", "total,faild", "failed"),
    ("summary", "summary", "suceeded", "succeeded"),
    ("summary", "summary", "timedout", "timed_out"),
    ("summary", "summary", "success_rat", "success_rate"),
    ("summary", "summary", "falure_rate", "failure_rate"),
    ("summary", "summary", "frist_run", "first_run"),
    ("summary", "summary", "lastrun", "last_run"),
    ("summary", "summary", "p95_duraton", "p95_duration"),
    ("summary", "summary", "avg_durations", "avg_duration"),
    ("summary", "summary", "average(duration)", "avg"),
    ("summary", "summary", "Avg(duration)", "avg"),
    ("summary", "summary", "p95", "p95(duration)"),
    ("summary", "summary", "avg", "avg(duration)"),
    ("summary", "summary", "distinc(name)", "distinct"),
    ("summary", "summary", "cuont(name)", "count"),
    ("summary", "summary", "avg(duraton)", "duration"),
    ("summary", "summary", "p99.9(que)", "queue"),
    ("summary", "summary", "p95(metric.cpu)", "metrics"),
    ("summary", "summary", "max(finshed)", "finished"),
    ("summary", "summary", "avg(finished - startd)", "started"),
    ("summary", "summary", "count(tag.team)", "tags"),
    ("summary", "summary", "rate(statu == 'failed')", "status"),
    ("summary", "summary", "rate(status == failed)", "the text 'failed'"),
    ("summary", "summary", "rate(status = 'failed')", "=="),
    ("summary", "summary", "count(name.startWith('a'))", "startsWith"),
    ("summary", "summary", "distinct(payloads.a)", "payload"),
    ("summary", "group_by", "pipelin", "pipeline"),
    ("summary", "group_by", "kind,nme", "name"),
    ("summary", "group_by", "Repo", "repo"),
    ("summary", "group_by", "dya", "day"),
    ("summary", "group_by", "weeks", "week"),
    ("summary", "group_by", "quater", "quarter"),
    ("summary", "group_by", "dya started", "day"),
    ("summary", "group_by", "day startd", "started"),
    ("summary", "group_by", "tag.team", "tags"),
    ("summary", "group_by", "metric.cpu", "metrics"),
    ("summary", "group_by", "link.log", "links"),
    ("summary", "group_by", "paylod.a.b", "payload"),
    ("summary", "group_by", "size(nme)", "name"),
    ("summary", "having", "totl > 3", "total"),
    ("summary", "having", "total > 3,faild == 0", "failed"),
    ("summary", "having", "total => 3", "total >= 10"),
    ("summary", "having", "avg(duraton) > 3", "duration"),
    ("summary", "having", "averge(duration) > 3", "avg"),
    ("summary", "order_by", "totl", "total"),
    ("summary", "order_by", "total dsc", "desc"),
    ("summary", "order_by", "total ascending", "asc"),
    ("summary", "filter", "statu == 'failed'", "status"),
    ("summary", "summary", "median(duration)", "p50"),
    ("summary", "summary", "avg()", "avg(duration)"),
    ("summary", "summary", "rate(status == 'faild')", "failed"),
    ("summary", "filter", "status == 'faild'", "failed"),
    ("summary", "filter", "status in ['failed', 'timedout']", "timed_out"),
    ("summary", "filter", "'succeded' != status", "succeeded"),
    ("summary", "filter", "kind == 'pipelines'", "pipeline"),
    ("summary", "zone", "Europe/Berln", "Europe/Berlin"),
    ("summary", "zone", "america/new_york", "America/New_York"),
    ("summary", "zone", "Berlin", "Europe/Berlin"),
    ("summary", "shape", "object", "objects"),
    ("summary", "filtr", "true", "filter"),
    ("summary", "sumary", "total", "summary"),
    ("summary", "groupby", "name", "group_by"),
    ("summary", "group", "name", "group_by"),
    ("summary", "order", "total", "order_by"),
    ("summary", "hawing", "total > 1", "having"),
    ("summary", "limt", "1", "limit"),
    ("summary", "timezone", "UTC", "zone"),
    ("series", "bucket", "dya", "day"),
    ("series", "bucket", "Months", "month"),
    ("series", "bucket", "quater", "quarter"),
    ("series", "bucket", "minuts", "minute"),
    ("series", "time", "startd", "started"),
    ("series", "time", "finish", "finished"),
    ("series", "compare", "previos", "previous"),
    ("series", "zone", "Australia/LordHowe", "Australia/Lord_Howe"),
    ("series", "summary", "totl", "total"),
    ("series", "group_by", "nme", "name"),
    ("series", "group_by", "tag.team", "tags"),
    ("series", "filter", "startd > created", "started"),
    ("series", "shape", "objcts", "objects"),
    ("series", "buckt", "day", "bucket"),
    ("series", "form", "2026-01-01", "from"),
    ("series", "compar", "previous", "compare"),
    ("events", "fields", "id,nme", "name"),
    ("events", "fields", "tag.team", "tags"),
    ("events", "fields", "metric.cpu", "metrics"),
    ("events", "fields", "finished - startd", "started"),
    ("events", "order_by", "nme", "name"),
    ("events", "order_by", "duraton desc", "duration"),
    ("events", "order_by", "duration dsc", "desc"),
    ("events", "order_by", "metric.cpu", "metrics"),
    ("events", "filter", "statu == 'failed'", "status"),
    ("events", "filter", "status = 'failed'", "=="),
    ("events", "filter", "status == failed", "the text 'failed'"),
    ("events", "filter", "name.startWith('a')", "startsWith"),
    ("events", "filter", "tags.team.contans('a')", "contains"),
    ("events", "filter", "metrics.cpu > 1.0 && nme == ''", "name"),
    ("events", "filter", "has(tag.team)", "tags"),
    ("events", "filter", "timestmp('2026-01-01') < started", "timestamp"),
    ("events", "filter", "started.getHour() == 1", "getHours"),
    ("events", "shape", "object", "objects"),
    ("events", "limt", "5", "limit"),
    ("events", "page_tokn", "x", "page_token"),
    ("events", "field", "id", "fields"),
    ("events", "filters", "true", "filter"),
    ("events", "orderby", "id", "order_by"),
]


@pytest.fixture(params=sorted(COLUMNS), scope="module")
def asked(request, tmp_path_factory) -> Iterator[Answering]:
    answering = Answering(tmp_path_factory.mktemp("columns"), request.param)
    answering.put([an_event("1", started=NOON_US)])
    yield answering
    answering.close()


@pytest.mark.parametrize(("path", "name", "text", "right"), TYPOS)
def test_a_typo_is_answered_with_its_place_and_the_nearest_right_name(
    asked: Answering, path: str, name: str, text: str, right: str
):
    status, body = asked.ask(path, {name: text})
    assert (status, body["pointer"]) == (400, name)
    hints = [f"did you mean {quoted}?" for quoted in (f"'{right}'", right)]
    listed = (f"takes {right}", f"`{right}`", f"then {right} or", f"or {right},", f"or {right}")
    assert any(hint in body["detail"] for hint in (*hints, *listed)), body["detail"]


@pytest.mark.parametrize(
    ("name", "text", "advice"),
    [
        ("filter", "duration > 5", 'a duration is written duration("90s")'),
        ("filter", "'5m' <= queue", 'a duration is written duration("90s")'),
        ("filter", "time > '2026-11-01'", "a time is written timestamp("),
        ("filter", "kind == 'xyz'", "there are pipeline, job"),
        ("group_by", "tags", "one value of it, as tags.NAME"),
        ("group_by", "payload", "one value of it, as payload.NAME"),
        ("zone", "+02:00", "an IANA name, as Europe/Berlin"),
    ],
)
def test_where_no_name_is_near_the_answer_shows_how_it_is_written(
    asked: Answering, name: str, text: str, advice: str
):
    status, body = asked.ask("summary", {name: text})
    assert (status, body["pointer"]) == (400, name)
    assert advice in body["detail"]
