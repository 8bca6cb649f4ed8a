"""Measures and conditions on groups as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runwell.errors import BadQuery
from runwell.filter import Call, Constant, Field, Metric, Payload, Sort, Tag
from runwell.model import Status
from runwell.query import MEASURES, Having, Measure, Type
from runwell.query.measures import FUNCTIONS, read_having, read_measure, tidy

CPU = Metric("cpu")
ATTEMPT = Field("attempt")
SAID = Call("first", (Tag("team"),))
FAILED = Call("eq", (Field("status"), Constant("failed", Sort.TEXT)))
WAIT = Call("between_times", (Field("started"), Field("created")))


def refusal(text: str, read=read_measure, place: str = "summary") -> str:
    with pytest.raises(BadQuery) as refused:
        read(text, place)
    assert (refused.value.status, refused.value.pointer) == (400, place)
    return refused.value.message


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        ("avg(duration)", Measure("avg", Field("duration"), type=Type.DURATION)),
        ("min(duration)", Measure("min", Field("duration"), type=Type.DURATION)),
        ("max(queue)", Measure("max", Field("queue"), type=Type.DURATION)),
        ("sum(duration)", Measure("sum", Field("duration"), type=Type.DURATION)),
        ("sum(started - created)", Measure("sum", WAIT, type=Type.DURATION)),
        ("avg(metrics.cpu)", Measure("avg", CPU, type=Type.NUMBER)),
        ('sum(metrics["cpu"])', Measure("sum", CPU, type=Type.NUMBER)),
        ("min(metrics.cpu)", Measure("min", CPU, type=Type.NUMBER)),
        ("max(payload.a)", Measure("max", Payload(("a",), "number"), type=Type.NUMBER)),
        ("sum(payload.a.b)", Measure("sum", Payload(("a", "b"), "number"), type=Type.NUMBER)),
        ("sum(attempt)", Measure("sum", ATTEMPT, type=Type.INTEGER)),
        ("max(attempt)", Measure("max", ATTEMPT, type=Type.INTEGER)),
        ("avg(attempt)", Measure("avg", ATTEMPT, type=Type.NUMBER)),
        ("p50(attempt)", Measure("quantile", ATTEMPT, q=0.5, type=Type.NUMBER)),
        ("min(name)", Measure("min", Field("name"), type=Type.TEXT)),
        ("max(tags.team)", Measure("max", SAID, type=Type.TEXT)),
        ("max(finished)", Measure("max", Field("finished"), type=Type.TIME)),
        ("p0(duration)", Measure("quantile", Field("duration"), q=0.0, type=Type.DURATION)),
        ("p0.5(duration)", Measure("quantile", Field("duration"), q=0.005, type=Type.DURATION)),
        ("p99.9(metrics.cpu)", Measure("quantile", CPU, q=0.999, type=Type.NUMBER)),
        ("p99.999(metrics.cpu)", Measure("quantile", CPU, q=0.99999, type=Type.NUMBER)),
        ("distinct(tags.team)", Measure("distinct", SAID)),
        ("distinct(started)", Measure("distinct", Field("started"))),
        ("distinct(payload.a)", Measure("distinct", Payload(("a",), "text"))),
        ("count(metrics.cpu)", Measure("count", CPU)),
        ("count(payload.a)", Measure("count", Payload(("a",), "text"))),
        ('count(status == "failed")', Measure("count", where=FAILED)),
        ('rate(status == "failed")', Measure("rate", FAILED, type=Type.NUMBER)),
        ("rate(payload.ok)", Measure("rate", Payload(("ok",), "truth"), type=Type.NUMBER)),
        ("avg ( duration )", Measure("avg", Field("duration"), type=Type.DURATION)),
        ("avg\n(\tduration\n)", Measure("avg", Field("duration"), type=Type.DURATION)),
        ("count(name == ')')", Measure("count", where=Call("eq", (Field("name"), Constant(")", Sort.TEXT))))),
    ],
)  # fmt: skip
def test_a_function_of_a_value_is_a_measure(text: str, measure: Measure):
    assert read_measure(text) == measure


@pytest.mark.parametrize("name", MEASURES)
def test_every_old_name_stays_a_measure(name: str):
    assert read_measure(name) is MEASURES[name]
    assert set(map(str, Status)) <= set(MEASURES)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("totl", "did you mean 'total'?"),
        ("Total", "did you mean 'total'?"),
        ("faild", "did you mean 'failed'?"),
        ("sucess_rate", "did you mean 'success_rate'?"),
        ("firstrun", "did you mean 'first_run'?"),
        ("p95_durations", "did you mean 'p95_duration'?"),
        ("avg", "did you mean 'avg(duration)'?"),
        ("p99", "did you mean 'p99(duration)'?"),
        ("p95(duration", "did you mean 'p95(duration)'?"),
        ("p95 duration", "did you mean 'p95_duration'?"),
        ("averge(duration)", "did you mean 'avg'?"),
        ("AVG(metrics.cpu_usage)", "did you mean 'avg'?"),
        ("distnct(name)", "did you mean 'distinct'?"),
        ("cuont(name)", "did you mean 'count'?"),
        ("raet(status == 'a')", "did you mean 'rate'?"),
        ("p100(duration)", "p0 ... p99.999"),
        ("p-1(duration)", "there is no measure"),
        ("p99.9999(duration)", "there is no measure"),
        ("p٩(duration)", "there is no measure"),
        ("zzzzz", "there are total, queued"),
        ("", "there is no measure ''"),
        ("()", "there is no measure '()'"),
        ("avg()", "did you mean 'avg(duration)'?"),
        ("avg(duraton)", "did you mean 'duration'?"),
        ("avg(metric.cpu)", "did you mean 'metrics'?"),
        ("avg(lenght(name))", "undeclared reference to 'lenght'"),
        ("count(name.startWith('a'))", "did you mean 'startsWith'?"),
        ("count(status == failed)", "did you mean the text 'failed'?"),
        ("count(status = 'failed')", "did you mean '=='?"),
        ("count(name.matches('['))", "1:13: invalid regular expression: missing ]: ["),
        ("avg(name)", "avg(name): expected double or duration or int, but got string"),
        ("sum(started)", "but got timestamp"),
        ("sum(tags)", "but got map(string, dyn)"),
        ("p50(status == 'failed')", "but got bool"),
        ("rate(status)", "expected bool, but got string"),
        ("count(null)", "but got null_type"),
        ("avg(duration) + 1", "there is no measure"),
        ("avg(duration))", "Syntax error"),
        ("avg(a, b)", "Syntax error"),
        ("avg(9223372036854775808)", "invalid int literal"),
        ("avg(" + "(" * 500 + "1" + ")" * 500 + ")", "avg("),
        ("x" * 5_000, "there is no measure"),
    ],
)
def test_what_is_no_measure_is_refused_with_the_nearest_name(text: str, says: str):
    assert says in refusal(text)
    assert says in refusal(text, place="having")


def problem_of(read, text: str) -> BadQuery | None:
    """What is wrong with it, if something is; any other exception breaks the test."""
    try:
        read(text)
    except BadQuery as error:
        return error
    return None


ODD = st.text(st.sampled_from("avgpcountrate059.()[]\"'\\ ,<>=!&|;-$?{}\0é٩") | st.characters())


@given(
    ODD
    | st.builds("{}({})".format, st.sampled_from([*FUNCTIONS, "p50", "p99.9"]), ODD)
    | st.builds("{}({})".format, ODD, st.just("duration"))
)
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_measure_or_a_mistake_with_its_place(text: str):
    problem = problem_of(read_measure, text)
    assert problem is None or problem.pointer == "summary"
    assert problem is None or len(problem.message) < 3_000


@pytest.mark.parametrize(
    ("text", "having"),
    [
        ("total >= 10", Having("total", ">=", 10)),
        ("total>=10", Having("total", ">=", 10)),
        (" total  <  -1 ", Having("total", "<", -1.0)),
        ("failed == 0", Having("failed", "==", 0)),
        ("total != 1e3", Having("total", "!=", 1000.0)),
        ("failure_rate > .5", Having("failure_rate", ">", 0.5)),
        ("p95(duration) > 600", Having("p95(duration)", ">", 600_000_000)),
        ("p95( duration ) <= 0.1", Having("p95(duration)", "<=", 100_000)),
        ("avg(duration) > 1e300", Having("avg(duration)", ">", 1e306)),
        ("total > 9999999999999999999999", Having("total", ">", 1e22)),
        ("first_run > 1970-01-02", Having("first_run", ">", 86_400_000_000)),
        ('last_run < "1970-01-01T01:00:00+01:00"', Having("last_run", "<", 0)),
        ("min(name) == a b", Having("min(name)", "==", "a b")),
        ('min(name) == "a > (b)"', Having("min(name)", "==", "a > (b)")),
        ("min(name) > 'it\"s'", Having("min(name)", ">", 'it"s')),
        ("min(name) != ''", Having("min(name)", "!=", "")),
        ('count(name == "a>b") > 3', Having('count(name == "a>b")', ">", 3)),
        ("count(attempt > 1) == 2", Having("count(attempt > 1)", "==", 2)),
        ('rate(status == "failed") >= 0.25', Having('rate(status == "failed")', ">=", 0.25)),
    ],
)
def test_a_condition_compares_a_measure_with_a_bound_in_its_unit(text: str, having: Having):
    asked = read_having(text)
    assert asked.having == having
    assert type(asked.having.bound) is type(having.bound)
    assert asked.measure == read_measure(having.measure)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "takes conditions like"),
        ("total", "takes conditions like"),
        ("total >", "takes conditions like"),
        ("> 3", "takes conditions like"),
        ("total 3", "takes conditions like"),
        ("total => 3", "takes conditions like `total >= 10`"),
        ("total = 3", "takes conditions like"),
        ("total > 'a", "takes conditions like"),
        ("total > 3 > 4", "did you mean 'total'?"),
        ("totl > 3", "did you mean 'total'?"),
        ("avg(duraton) > 3", "did you mean 'duration'?"),
        ("3 < total", "there is no measure '3'"),
        ("total > x", "'x' is no number"),
        ("total > nan", "'nan' is no number"),
        ("total > inf", "'inf' is no number"),
        ("total > 1e999", "'1e999' is no number"),
        ("total > 1_000", "'1_000' is no number"),
        ("total > ٣", "is no number"),
        ("total > 0x10", "is no number"),
        ("total > ''", "'' is no number"),
        ("avg(duration) > 10m", "'10m' is no number"),
        ("avg(duration) > 1e305", "is no number"),
        ("last_run > yesterday", "not an ISO 8601 time"),
        ("last_run > 2026-02-30", "not an ISO 8601 time"),
        ("last_run > 0001-01-01", "between 1970 and 2200"),
        ("total > 1; DROP TABLE event; --", "is no number"),
        ("total > 1 OR 1 == 1", "there is no measure 'total > 1 OR 1'"),
    ],
)
def test_what_is_no_condition_is_refused(text: str, says: str):
    assert says in refusal(text, read_having, "having")


@given(ODD | st.builds("{}{}{}".format, ODD, st.sampled_from([">", "==", "!="]), ODD))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_condition_or_a_mistake_with_its_place(text: str):
    problem = problem_of(read_having, text)
    assert problem is None or problem.pointer == "having"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("total", "total"),
        (" total ", "total"),
        (" p95 ( duration ) ", "p95(duration)"),
        ("count( name == 'a  b' )", "count(name == 'a  b')"),
        ("p95(duration", "p95(duration"),
        ("", ""),
    ],
)
def test_a_column_is_called_what_was_asked_without_odd_blanks(text: str, name: str):
    assert tidy(text) == name
