"""What stands in a payload becomes what it is compared with; maps and messages of a vocabulary."""

from __future__ import annotations

import pytest
from tests.filter.asking import parsed, refusal

from runwell.filter import Call, Constant, Field, Metric, Payload, Sort
from runwell.filter.cel import (
    BadExpression,
    Environment,
    Known,
    Message,
    Path,
    Texts,
    Variable,
    Vocabulary,
)

STATUS = Variable("int", Known(Payload(("s", "status"), "number"), Sort.INTEGER))
LABELS = Variable("map(string, string)", Texts(("s", "labels")))
LANGUAGE = Environment(
    Vocabulary(
        {
            "p": Variable("dyn", Path(())),
            "m": Variable("map(string, string)", Texts(("m",))),
            "s": Variable(
                "map(string, dyn)", Message(("s",), {"status": STATUS, "labels": LABELS})
            ),
            "name": Variable("string", Known(Field("name"), Sort.TEXT)),
        },
        {("at",): Field("started"), ("deep", "at"): Field("finished")},
    )
)


def number(step: str) -> Payload:
    return Payload((step,), "number")


def one(value: float) -> Constant:
    return Constant(value, Sort.NUMBER)


def difference(left: str, right: str) -> Call:
    return Call("float_subtract", (number(left), number(right)))


def whole(step: str) -> Call:
    return Call("int_of_number", (number(step),))


def moment(step: str) -> Call:
    return Call("time_of_text", (Payload((step,), "text"),))


BETWEEN = Call("between_times", (moment("a"), moment("b")))
SECOND = Constant(1_000_000, Sort.DURATION)

COERCED = {
    # the rest of a division is one of whole numbers
    "payload.a % 2 == 0": Call(
        "eq",
        (
            Call("modulo", (whole("a"), Constant(2, Sort.INTEGER))),
            Constant(0, Sort.INTEGER),
        ),
    ),
    "payload.a % payload.b == 0": Call(
        "eq", (Call("modulo", (whole("a"), whole("b"))), Constant(0, Sort.INTEGER))
    ),
    # a difference beside a duration, and what is asked of one, is one of times
    "(payload.a - payload.b) + duration('1s') > duration('1s')": Call(
        "gt", (Call("add", (BETWEEN, SECOND)), SECOND)
    ),
    "duration('1s') - (payload.a - payload.b) > duration('1s')": Call(
        "gt", (Call("subtract", (SECOND, BETWEEN)), SECOND)
    ),
    "(payload.a - payload.b).getSeconds() == 7": Call(
        "eq",
        (
            Call("divide", (BETWEEN, Constant(1_000_000, Sort.INTEGER))),
            Constant(7, Sort.INTEGER),
        ),
    ),
    # a whole number beside a place in the payload is a number
    "attempt + payload.a == 1": Call(
        "eq",
        (
            Call("float_add", (Call("number_of_int", (Field("attempt"),)), number("a"))),
            one(1.0),
        ),
    ),
    "payload.a - attempt > 1": Call(
        "gt",
        (
            Call("float_subtract", (number("a"), Call("number_of_int", (Field("attempt"),)))),
            one(1.0),
        ),
    ),
    "metrics.k - payload.n > 2": Call(
        "gt", (Call("float_subtract", (Metric("k"), number("n"))), one(2.0))
    ),
    "dyn(attempt) + dyn(2.5) > 1": Call(
        "gt",
        (
            Call("float_add", (Call("number_of_int", (Field("attempt"),)), one(2.5))),
            one(1.0),
        ),
    ),
    "dyn(1) == dyn(1.5)": Call("eq", (one(1.0), one(1.5))),
    # a difference is a number unless something else stands beside it, on either side
    "payload.a - payload.b < payload.c": Call("lt", (difference("a", "b"), number("c"))),
    "payload.c > payload.a - payload.b": Call("gt", (number("c"), difference("a", "b"))),
    "payload.a - payload.b < payload.c - payload.d": Call(
        "lt", (difference("a", "b"), difference("c", "d"))
    ),
    "payload.a * payload.b < 1": Call(
        "lt", (Call("float_multiply", (number("a"), number("b"))), one(1.0))
    ),
    "payload.a + payload.b < payload.c": Call(
        "lt",
        (
            Call("concat", (Payload(("a",), "text"), Payload(("b",), "text"))),
            Payload(("c",), "text"),
        ),
    ),
    "-(payload.a + payload.b) < 1": Call(
        "lt",
        (
            Call("float_negate", (Call("float_add", (number("a"), number("b"))),)),
            one(1.0),
        ),
    ),
}


@pytest.mark.parametrize(("text", "condition"), COERCED.items())
def test_a_place_in_the_payload_becomes_what_is_wanted_of_it(text: str, condition):
    assert parsed(text) == condition


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("(true ? tags : payload.b) + 1 == 1", "'_+_' applied to '(dyn, int)'"),
        ("(true ? payload.a : tags) == 'x'", "'_==_' applied to '(dyn, string)'"),
        ("-(payload.a ? tags : payload.b) == 1", "'-_' applied to '(dyn)'"),
        ("(true ? payload.a : payload.b) == null", "'_==_' applied to '(dyn, null_type)'"),
        ("payload.a - payload.b == null", "'_==_' applied to '(dyn, null_type)'"),
        ("(payload.a - payload.b).contains('x')", "'contains' applied to 'dyn.(string)'"),
        ("timestamp(payload.a - payload.b) == started", "'timestamp' applied to '(dyn)'"),
        ("size(payload.a + payload.b) == 1", "'size' applied to '(dyn)'"),
        ("dyn(1) % dyn(2.0) == 0", "'_%_' applied to '(int, double)'"),
        ("dyn(1) + dyn('a') == 2", "'_+_' applied to '(int, string)'"),
        ("payload == tags", "'_==_' applied to '(dyn, map(string, dyn))'"),
        ("tags == payload", "'_==_' applied to '(map(string, dyn), dyn)'"),
    ],
)
def test_what_it_cannot_become_is_refused(text: str, types: str):
    assert f"found no matching overload for {types}\n" in refusal(text)


def test_a_name_of_a_type_is_no_variable():
    assert refusal("name == 'a' && int == int").startswith(
        "ERROR: <input>:1:16: undeclared reference to 'int'"
    )


ALWAYS = Constant(value=True, sort=Sort.BOOLEAN)
TEXT_A = Constant("a", Sort.TEXT)
OWN = {
    "p.at > timestamp('1970-01-01')": Call("gt", (Field("started"), Constant(0, Sort.TIME))),
    "p.deep.at > timestamp(p.at)": Call("gt", (Field("finished"), Field("started"))),
    "p.at > 'a'": Call("gt", (Payload(("at",), "text"), TEXT_A)),
    "m.k > 'a'": Call("gt", (Payload(("m", "k"), "text"), TEXT_A)),
    # a key that is missing from a map of texts differs from everything, also if the map is empty
    "m['k'] == 'a'": Call(
        "false_unless", (Call("eq", (Payload(("m", "k"), "text"), TEXT_A)), ALWAYS)
    ),
    "'a' == s.labels.k": Call(
        "false_unless", (Call("eq", (TEXT_A, Payload(("s", "labels", "k"), "text"))), ALWAYS)
    ),
    "'k' in m": Payload(("m", "k"), "is_there"),
    "has(m.k)": Payload(("m", "k"), "is_there"),
    "has(s.status)": Payload(("s", "status"), "is_there"),
    "has(s.labels.k)": Payload(("s", "labels", "k"), "is_there"),
    "s.status == 1": Call("eq", (Payload(("s", "status"), "number"), Constant(1, Sort.INTEGER))),
    "s['status'] in [1, 2]": Call(
        "or",
        tuple(
            Call("eq", (Payload(("s", "status"), "number"), Constant(n, Sort.INTEGER)))
            for n in (1, 2)
        ),
    ),
}


@pytest.mark.parametrize(("text", "condition"), OWN.items())
def test_a_vocabulary_has_its_own_times_maps_and_messages(text: str, condition):
    assert LANGUAGE.parse(text) == condition


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("s.other == 1", "<input>:1:2: undefined field 'other'"),
        ("has(s.other)", "<input>:1:4: undefined field 'other'"),
        ("m == null", "'_==_' applied to '(map(string, string), null_type)'"),
        ("m.contains('a')", "'contains' applied to '(map(string, string), string)'"),
        ("name in m", "'@in' applied to '(string, map(string, string))'"),
        ("'status' in s", "'@in' applied to '(string, dyn)'"),
        ("m.k == 1", "'_==_' applied to '(string, int)'"),
    ],
)
def test_what_a_vocabulary_does_not_have_is_refused(text: str, problem: str):
    with pytest.raises(BadExpression) as refused:
        LANGUAGE.parse(text)
    assert problem in refused.value.message


@pytest.mark.parametrize("text", ["p.at - p.n > 300", "p.n - p.at < 1.5"])
def test_a_difference_of_times_is_no_number(text: str):
    with pytest.raises(BadExpression, match=r"no matching overload for '_[<>]_' applied to '\(dyn"):
        LANGUAGE.parse(text)
