"""Operators: what they take, what the two sides become, and what is said if they do not fit."""

from __future__ import annotations

import pytest
from tests.filter.asking import parsed, refusal

from runwell.filter import AnyOf, Call, Constant, Each, Field, Payload, Sort, Tag

MISMATCHES = [
    ("name == 1", "1:6", "_==_", "(string, int)"),
    ("name == null", "1:6", "_==_", "(string, null_type)"),
    ("1 == 1.0", "1:3", "_==_", "(int, double)"),
    ("started > 1", "1:9", "_>_", "(timestamp, int)"),
    ("started > 'x'", "1:9", "_>_", "(timestamp, string)"),
    ("duration > 5", "1:10", "_>_", "(duration, int)"),
    ("started == duration", "1:9", "_==_", "(timestamp, duration)"),
    ("metrics.k > 'x'", "1:11", "_>_", "(double, string)"),
    ("metrics.k < true", "1:11", "_<_", "(double, bool)"),
    ("tags.a > 1", "1:8", "_>_", "(string, int)"),
    ("1 < tags.a", "1:3", "_<_", "(int, string)"),
    ("tags.a == tags.b", "1:8", "_==_", "(string, string)"),
    ("tags == null", "1:6", "_==_", "(map(string, dyn), null_type)"),
    ("started < null", "1:9", "_<_", "(timestamp, null_type)"),
    ("payload.a < null", "1:11", "_<_", "(dyn, null_type)"),
    ("[1] == [1]", "1:5", "_==_", "(list(dyn), list(dyn))"),
    ("payload.d > duration('1s')", "1:11", "_>_", "(dyn, duration)"),
    ("started + started == started", "1:9", "_+_", "(timestamp, timestamp)"),
    ("started + 1 > started", "1:9", "_+_", "(timestamp, int)"),
    ("name - name == name", "1:6", "_-_", "(string, string)"),
    ("duration * 2 > duration", "1:10", "_*_", "(duration, int)"),
    ("1.0 % 2.0 == 1.0", "1:5", "_%_", "(double, double)"),
    ("payload.a % 2.0 == 0.0", "1:11", "_%_", "(dyn, double)"),
    ("tags.a + 'x' == 'ax'", "1:8", "_+_", "(string, string)"),
    ("payload.a + tags.a == 'x'", "1:11", "_+_", "(dyn, string)"),
    ("tags.a + payload.a == 'x'", "1:8", "_+_", "(string, dyn)"),
    ("payload.a - name == 'x'", "1:11", "_-_", "(dyn, string)"),
    ("payload.a * payload.b == 'a'", "1:23", "_==_", "(double, string)"),
    ("payload.a + payload.b == true", "1:23", "_==_", "(dyn, bool)"),
    ("-name == 'a'", "1:1", "-_", "(string)"),
    ("-tags == 1", "1:1", "-_", "(map(string, dyn))"),
    ("-started == 1", "1:1", "-_", "(timestamp)"),
    ("-tags.a == 1", "1:1", "-_", "(string)"),
    ("!name", "1:1", "!_", "(string)"),
    ("!started", "1:1", "!_", "(timestamp)"),
    ("true && started", "1:6", "_&&_", "(bool, timestamp)"),
    ("metrics.k || true", "1:11", "_||_", "(double, bool)"),
    ("name ? true : false", "1:6", "_?_:_", "(string, bool, bool)"),
    ("started ? true : false", "1:9", "_?_:_", "(timestamp, bool, bool)"),
    ("true ? name : 1", "1:6", "_?_:_", "(bool, string, int)"),
    ("(true ? started : name) == null", "1:7", "_?_:_", "(bool, timestamp, string)"),
    ("true ? tags : tags", "1:6", "_?_:_", "(bool, map(string, dyn), map(string, dyn))"),
    ("(true ? tags.a : 'b') == 'b'", "1:7", "_?_:_", "(bool, string, string)"),
    ("(true ? payload.a : 1) == 'b'", "1:24", "_==_", "(dyn, string)"),
    ("name in name", "1:6", "@in", "(string, string)"),
    ("'a' in name", "1:5", "@in", "(string, string)"),
    ("name in [1]", "1:6", "@in", "(string, list(int))"),
    ("1 in [1, 'a']", "1:3", "_==_", "(int, string)"),
    ("name in tags", "1:6", "@in", "(string, map(string, dyn))"),
    ("name in metrics", "1:6", "@in", "(string, map(string, dyn))"),
    ("payload.x in links", "1:11", "@in", "(dyn, map(string, dyn))"),
    ("tags.a in tags.b", "1:8", "@in", "(string, string)"),
    ("1 in payload.l", "1:3", "@in", "(int, dyn)"),
    ("started in tags.a", "1:9", "@in", "(timestamp, string)"),
    ("null in payload.l", "1:6", "@in", "(null_type, dyn)"),
]


@pytest.mark.parametrize(("text", "place", "function", "types"), MISMATCHES)
def test_types_that_do_not_fit_are_all_named(text, place, function, types):
    problem = f"found no matching overload for '{function}' applied to '{types}'"
    told, _, where = refusal(text).partition("\n")
    assert told.partition("; a ")[0] == f"ERROR: <input>:{place}: {problem}"
    assert where.startswith(f" | {text}\n | ")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("duration > 5", 'a duration is written duration("90s")'),
        ("'5m' <= queue", 'a duration is written duration("90s")'),
        ("started == 1.5", 'a time is written timestamp("2026-11-09T00:00:00Z")'),
    ],
)
def test_who_compares_a_time_or_a_duration_is_told_how_one_is_written(text, hint):
    assert f"; {hint}\n" in refusal(text)


@pytest.mark.parametrize("text", ["duration * 2 > duration", "started.contains('a')", "name > 1"])
def test_other_mismatches_have_no_such_hint(text):
    assert "is written" not in refusal(text)


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("status == 'faild'", "1:8", "did you mean 'failed'?"),
        ("'suceeded' != status", "1:12", "did you mean 'succeeded'?"),
        ("status in ['failed', 'timedout']", "1:8", "did you mean 'timed_out'?"),
        ("kind == 'xyz'", "1:6", "there are pipeline, job, stage"),
    ],
)
def test_a_word_that_a_field_can_never_be_is_refused_with_the_nearest(text, place, hint):
    told = refusal(text)
    assert told.startswith(f"ERROR: <input>:{place}: no event has the text ")
    assert f"here; {hint}" in told


def payload(step: str, reading: str) -> Payload:
    return Payload((step,), reading)


def text(value: str) -> Constant:
    return Constant(value, Sort.TEXT)


def there() -> Payload:
    return Payload((), "is_there")


MEANINGS = {
    # a place in the payload is read as what stands beside it
    "payload.a.b == 'x'": Call("eq", (Payload(("a", "b"), "text"), text("x"))),
    "payload.a != 'x'": Call("ne", (payload("a", "text"), text("x"))),
    "payload.a > 1": Call("gt", (payload("a", "number"), Constant(1.0, Sort.NUMBER))),
    "1.5 <= payload.a": Call("le", (Constant(1.5, Sort.NUMBER), payload("a", "number"))),
    "payload.a < started": Call(
        "lt", (Call("time_of_text", (payload("a", "text"),)), Field("started"))
    ),
    "payload.a < payload.b": Call("lt", (payload("a", "text"), payload("b", "text"))),
    "payload.a - payload.b > duration('1s')": Call(
        "gt",
        (
            Call(
                "between_times",
                tuple(Call("time_of_text", (payload(step, "text"),)) for step in "ab"),
            ),
            Constant(1_000_000, Sort.DURATION),
        ),
    ),
    "payload.a - payload.b > payload.c": Call(
        "gt",
        (
            Call("float_subtract", (payload("a", "number"), payload("b", "number"))),
            payload("c", "number"),
        ),
    ),
    "started - duration('1s') < started": Call(
        "lt",
        (
            Call(
                "time_plus",
                (Field("started"), Call("negate", (Constant(1_000_000, Sort.DURATION),))),
            ),
            Field("started"),
        ),
    ),
    "duration('1s') + started < started": Call(
        "lt",
        (
            Call("time_plus", (Field("started"), Constant(1_000_000, Sort.DURATION))),
            Field("started"),
        ),
    ),
    # a key that is missing from the payload differs from everything
    "payload.a == 'x'": Call(
        "false_unless", (Call("eq", (payload("a", "text"), text("x"))), there())
    ),
    "'x' == payload.a": Call(
        "false_unless", (Call("eq", (text("x"), payload("a", "text"))), there())
    ),
    "payload.a == true": Call(
        "false_unless",
        (
            Call("eq", (payload("a", "truth"), Constant(value=True, sort=Sort.BOOLEAN))),
            there(),
        ),
    ),
    # null is what is not there
    "payload.a == null": Call("not", (payload("a", "is_there"),)),
    "null != payload.a": Call("not", (Call("not", (payload("a", "is_there"),)),)),
    "started == null": Call("is_null", (Field("started"),)),
    "tags.a == null": Call("is_null", (Tag("a"),)),
    "null == null": Constant(value=True, sort=Sort.BOOLEAN),
    # one of a tag's texts is enough
    "tags.a == 'x'": AnyOf(Tag("a"), Call("eq", (Each(), text("x")))),
    "'x' < tags.a": AnyOf(Tag("a"), Call("lt", (text("x"), Each()))),
    "tags.a != 'x'": Call("not", (AnyOf(Tag("a"), Call("eq", (Each(), text("x")))),)),
    "'x' in tags.a": AnyOf(Tag("a"), Call("eq", (Each(), text("x")))),
    # lists
    "name in []": Constant(value=False, sort=Sort.BOOLEAN),
    "name in ['x', 'y']": Call("one_of", (Field("name"), Constant(("x", "y"), Sort.TEXTS))),
    "tags.a in ['x']": AnyOf(Tag("a"), Call("eq", (Each(), text("x")))),
    "attempt in [1, 2]": Call(
        "or",
        tuple(Call("eq", (Field("attempt"), Constant(n, Sort.INTEGER))) for n in (1, 2)),
    ),
    "name in [payload.a.b]": Call("eq", (Field("name"), Payload(("a", "b"), "text"))),
    # a choice is read as what stands beside it
    "(name == 'x' ? payload.a.b : payload.c.d) == 'y'": Call(
        "eq",
        (
            Call(
                "if",
                (
                    Call("eq", (Field("name"), text("x"))),
                    Payload(("a", "b"), "text"),
                    Payload(("c", "d"), "text"),
                ),
            ),
            text("y"),
        ),
    ),
    "!payload.a": Call("not", (payload("a", "truth"),)),
    "-payload.a < 1": Call(
        "lt", (Call("float_negate", (payload("a", "number"),)), Constant(1.0, Sort.NUMBER))
    ),
}


@pytest.mark.parametrize(("written", "condition"), MEANINGS.items())
def test_an_expression_means_this(written: str, condition):
    assert parsed(written) == condition
