"""CEL's functions: what they take, what they come to, and what is said if they do not fit."""

from __future__ import annotations

import pytest
from tests.filter.asking import parsed, refusal

from runwell.filter import AnyOf, Call, Constant, Each, Field, Payload, Sort, Tag

MISMATCHES = [
    ("started.contains('a')", "1:17", "contains", "timestamp.(string)"),
    ("metrics.k.startsWith('a')", "1:21", "startsWith", "double.(string)"),
    ("name.endsWith(started)", "1:14", "endsWith", "string.(timestamp)"),
    ("payload.a.contains(metrics.k)", "1:19", "contains", "dyn.(double)"),
    ("name.contains(1)", "1:14", "contains", "(string, int)"),  # the checker's own words
    ("tags.a.contains(tags.b)", "1:16", "contains", "string.(string)"),
    ("size(started) == 1", "1:5", "size", "(timestamp)"),
    ("size(tags) == 1", "1:5", "size", "(map(string, dyn))"),
    ("metrics.k.size() == 1", "1:15", "size", "double.()"),
    ("size(1) == 1", "1:5", "size", "(int)"),
    ("duration.getFullYear() == 1", "1:21", "getFullYear", "duration.()"),
    ("duration.getHours('UTC') == 1", "1:18", "getHours", "duration.(string)"),
    ("metrics.k.getHours() == 1", "1:19", "getHours", "double.()"),
    ("tags.a.getHours() == 1", "1:16", "getHours", "string.()"),
    ("duration(name) < duration", "1:9", "duration", "(string)"),
    ("duration(payload.a) < duration", "1:9", "duration", "(dyn)"),
    ("duration(1) < duration", "1:9", "duration", "(int)"),
    ("timestamp(metrics.k) < started", "1:10", "timestamp", "(double)"),
    ("string(1.5) == 'x'", "1:7", "string", "(double)"),
    ("string(tags) == 'x'", "1:7", "string", "(map(string, dyn))"),
    ("string(tags.a) == 'x'", "1:7", "string", "(string)"),
    ("int(payload.a ? tags : payload.b) == 1", "1:4", "int", "(dyn)"),
    ("double(duration) == 1.0", "1:7", "double", "(duration)"),
    ("bool(started)", "1:5", "bool", "(timestamp)"),
]


@pytest.mark.parametrize(("text", "place", "function", "types"), MISMATCHES)
def test_what_a_function_does_not_take_is_named(text, place, function, types):
    problem = f"found no matching overload for '{function}' applied to '{types}'"
    assert refusal(text).startswith(f"ERROR: <input>:{place}: {problem}\n | {text}\n | ")


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        (
            "name.matches(pipeline)",
            "1:13",
            "matches() takes a regular expression that is written out",
        ),
        ("name.matches(payload.a)", "1:13", "matches() takes a regular expression that is written"),
        (f"name.matches('{'a' * 513}')", "1:13", "regular expression exceeds 512 characters"),
        ("started.getHours(name) == 1", "1:17", "getHours() takes a zone that is written out"),
        ("started.getHours(payload.z) == 1", "1:17", "getHours() takes a zone that is written out"),
        ("started.getMonth('Mars') == 1", "1:17", "unknown time zone Mars"),
    ],
)
def test_what_must_be_written_out_is_said_to_be(text: str, place: str, problem: str):
    assert refusal(text).startswith(f"ERROR: <input>:{place}: {problem}")


def test_a_regular_expression_may_have_512_characters():
    pattern = "é" * 512

    assert parsed(f"name.matches('{pattern}')") == Call(
        "matches", (Field("name"), Constant(pattern, Sort.TEXT))
    )


A_TEXT = Payload(("a",), "text")
STARTED = Field("started")


def number(value: int) -> Constant:
    return Constant(value, Sort.INTEGER)


PARTS = {
    "getFullYear": Call("year", (STARTED,)),
    "getMonth": Call("subtract", (Call("month", (STARTED,)), number(1))),
    "getDate": Call("day", (STARTED,)),
    "getDayOfMonth": Call("subtract", (Call("day", (STARTED,)), number(1))),
    "getDayOfWeek": Call("day_of_week", (STARTED,)),
    "getDayOfYear": Call("subtract", (Call("day_of_year", (STARTED,)), number(1))),
    "getHours": Call("hour", (STARTED,)),
    "getMinutes": Call("minute", (STARTED,)),
    "getSeconds": Call("second", (STARTED,)),
    "getMilliseconds": Call("millisecond", (STARTED,)),
}


@pytest.mark.parametrize(("name", "part"), PARTS.items())
def test_a_part_of_a_time_counts_as_cel_counts(name: str, part: Call):
    assert parsed(f"started.{name}() == 1") == Call("eq", (part, number(1)))


LEFT = {
    # of durations the whole, as CEL has it
    "duration.getHours()": Call("divide", (Field("duration"), number(3_600_000_000))),
    "duration.getMinutes()": Call("divide", (Field("duration"), number(60_000_000))),
    "duration.getSeconds()": Call("divide", (Field("duration"), number(1_000_000))),
    "duration.getMilliseconds()": Call(
        "divide", (Call("modulo", (Field("duration"), number(1_000_000))), number(1_000))
    ),
    # zones
    "started.getHours('Europe/Berlin')": Call(
        "hour", (Call("at_zone", (STARTED, Constant("Europe/Berlin", Sort.TEXT))),)
    ),
    "started.getHours('+05:30')": Call(
        "hour", (Call("time_plus", (STARTED, Constant(19_800_000_000, Sort.DURATION))),)
    ),
    "payload.a.getHours()": Call("hour", (Call("time_of_text", (A_TEXT,)),)),
    # sizes
    "size(name)": Call("text_length", (Field("name"),)),
    "name.size()": Call("text_length", (Field("name"),)),
    "size(payload.a)": Payload(("a",), "length"),
    "size(tags.a)": Call("count", (Tag("a"),)),
    "size([name, 'a'])": number(2),
    # conversions
    "int(1)": number(1),
    "int(name)": Call("int_of_text", (Field("name"),)),
    "int(metrics.k / 2.0)": Call(
        "int_of_number",
        (
            Call(
                "float_divide", (parsed("metrics.k > 2.0").arguments[0], Constant(2.0, Sort.NUMBER))
            ),
        ),
    ),
    "int(started)": Call("seconds_of_time", (STARTED,)),
    "int(payload.a)": Call("int_of_number", (Call("number_of_text", (A_TEXT,)),)),
    "attempt": Field("attempt"),
}


@pytest.mark.parametrize(("text", "left"), LEFT.items())
def test_a_whole_number_comes_from_this(text: str, left):
    assert parsed(f"{text} == 1") == Call("eq", (left, number(1)))


CONDITIONS = {
    "double(name) > 1.5": Call(
        "gt", (Call("number_of_text", (Field("name"),)), Constant(1.5, Sort.NUMBER))
    ),
    "double(attempt) > 1.5": Call(
        "gt", (Call("number_of_int", (Field("attempt"),)), Constant(1.5, Sort.NUMBER))
    ),
    "double(payload.a) > 1.5": Call(
        "gt", (Call("number_of_text", (A_TEXT,)), Constant(1.5, Sort.NUMBER))
    ),
    "string(attempt) > 'a'": Call(
        "gt", (Call("text_of_int", (Field("attempt"),)), Constant("a", Sort.TEXT))
    ),
    "string(true) > 'a'": Call(
        "gt",
        (
            Call("text_of_boolean", (Constant(value=True, sort=Sort.BOOLEAN),)),
            Constant("a", Sort.TEXT),
        ),
    ),
    "string(started) > 'a'": Call(
        "gt", (Call("text_of_time", (STARTED,)), Constant("a", Sort.TEXT))
    ),
    "string(duration) > 'a'": Call(
        "gt", (Call("text_of_duration", (Field("duration"),)), Constant("a", Sort.TEXT))
    ),
    "string(payload.a) > 'a'": Call("gt", (A_TEXT, Constant("a", Sort.TEXT))),
    "bool(payload.a)": Payload(("a",), "truth"),
    "bool(true)": Constant(value=True, sort=Sort.BOOLEAN),
    "timestamp(name) > started": Call("gt", (Call("time_of_text", (Field("name"),)), STARTED)),
    "timestamp(attempt) > started": Call(
        "gt", (Call("time_of_seconds", (Field("attempt"),)), STARTED)
    ),
    "timestamp(payload.a) > started": Call("gt", (Call("time_of_text", (A_TEXT,)), STARTED)),
    "timestamp(started) > started": Call("gt", (STARTED, STARTED)),
    "dyn(name) > 'a'": Call("gt", (Field("name"), Constant("a", Sort.TEXT))),
    "name.contains('a')": Call("contains", (Field("name"), Constant("a", Sort.TEXT))),
    "payload.a.startsWith(name)": Call("starts_with", (A_TEXT, Field("name"))),
    "tags.a.endsWith('b')": AnyOf(Tag("a"), Call("ends_with", (Each(), Constant("b", Sort.TEXT)))),
    "tags.a.matches('b')": AnyOf(Tag("a"), Call("matches", (Each(), Constant("b", Sort.TEXT)))),
}


@pytest.mark.parametrize(("text", "condition"), CONDITIONS.items())
def test_a_call_means_this(text: str, condition):
    assert parsed(text) == condition
