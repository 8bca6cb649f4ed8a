"""What names, selections and indexes mean; what means nothing is refused at its place."""

from __future__ import annotations

import pytest
from tests.filter.asking import parsed, refusal

from runwell.filter import Call, Constant, Field, HasMember, Link, Metric, Payload, Sort, Tag

PATHS = {
    "payload.a.b": ("a", "b"),
    'payload["a"].b': ("a", "b"),
    'payload["a"]["b"]': ("a", "b"),
    'payload.a["b"]': ("a", "b"),
    "payload.`a-b`": ("a-b",),
    'payload["a/b~c"]': ("a/b~c",),
    'payload[""]': ("",),
    "payload[0]": ("0",),
    "payload[2147483647]": ("2147483647",),
    "payload.a[1].b": ("a", "1", "b"),
    'payload["{0}"]': ("{0}",),
    "payload": (),
}


@pytest.mark.parametrize(("text", "steps"), PATHS.items())
def test_a_place_in_the_payload_is_its_steps(text: str, steps: tuple[str, ...]):
    assert parsed(text) == Payload(steps, "truth")


NAMES = {
    "name == 'a'": Field("name"),
    "metrics.k > 1.0": Metric("k"),
    'metrics["a.b"] > 1.0': Metric("a.b"),
    "links.log == 'a'": Link("log"),
    "started > timestamp('2026-01-01')": Field("started"),
    "duration > duration('1s')": Field("duration"),
    "attempt > 1": Field("attempt"),
}


@pytest.mark.parametrize(("text", "left"), NAMES.items())
def test_a_name_means_this(text: str, left):
    condition = parsed(text)

    assert isinstance(condition, Call)
    assert condition.arguments[0] == left


def _there(expression) -> Call:
    return Call("not", (Call("is_null", (expression,)),))


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("has(payload.a)", Payload(("a",), "is_there")),
        ("has(payload.a.b)", Payload(("a", "b"), "is_there")),
        ("has(tags.team)", _there(Tag("team"))),
        ("has(metrics.k)", _there(Metric("k"))),
        ("has(links.log)", _there(Link("log"))),
        ('"team" in tags', _there(Tag("team"))),
        ('"k" in metrics', _there(Metric("k"))),
        ('"log" in links', _there(Link("log"))),
        ('"a" in payload.l', HasMember(("l",), Constant("a", Sort.TEXT))),
    ],
)
def test_whether_something_is_there(text: str, condition):
    assert parsed(text) == condition


UNWRITTEN = "unsupported CEL index statement: keys and indexes must be written out"
REFUSED = [
    *((f"payload[{index}] == 'a'", "1:8", UNWRITTEN) for index in ("name", "-1", "1.0", "true")),
    ("payload[2147483648] == 'a'", "1:8", UNWRITTEN),
    ("payload[payload.k] == 'a'", "1:8", UNWRITTEN),
    ("[1, 2][0] == 1", "1:7", UNWRITTEN),
    ("tags[name] == 'a'", "1:5", UNWRITTEN),
    ("name.x == 'a'", "1:5", "expression of type 'string' cannot be the operand of a select"),
    ("started.x == 1", "1:8", "unsupported CEL select statement: 'x'"),
    ("metrics.a.b == 1.0", "1:10", "unsupported CEL select statement: 'b'"),
    ("tags.a.b == 'a'", "1:7", "unsupported CEL select statement: 'b'"),
    ("links.a['b'] == 'a'", "1:8", "unsupported CEL select statement: 'b'"),
    ("has(tags.a.b)", "1:4", "has() takes a field of a map"),
    ("has(started.x)", "1:4", "has() takes a field of a map"),
    ("has(name)", "1:5", "has() argument must be a field selection"),
    ("has(tags['a'])", "1:9", "has() argument must be a field selection"),
    ("18446744073709551615u == 1u", "1:1", "integer literal beyond 64 bits with a sign"),
    ("9223372036854775808 == 1", "1:1", "invalid int literal"),
    ("type(name) == string", "1:5", "unsupported CEL `type` function statement"),
    ("name.replace('a', 'b') == 'c'", "1:13", "undeclared reference to 'replace'"),
]
STATEMENTS = [
    ("payload.all(x, x == 1)", "1:12"),
    ("true &&\n payload.l.exists(x, x == 'a')", "2:18"),
    ("[1].exists_one(x, x == 1)", "1:15"),
    ("[1].map(x, x) == [1]", "1:8"),
    ("size(tags.filter(x, x == 'a')) == 1", "1:17"),
    ("{'a': 1} == {}", "1:1"),
    ("{} == {}", "1:1"),
    ("name == 'é' && {'a': name}.a == 'b'", "1:16"),
    ("b'ab' == b'ab'", "1:1"),
    ("google.protobuf.Timestamp{seconds: 1} == started", "1:1"),
]


@pytest.mark.parametrize(("text", "place", "problem"), REFUSED)
def test_this_is_refused_at_its_place(text: str, place: str, problem: str):
    assert refusal(text).startswith(f"ERROR: <input>:{place}: {problem}")


@pytest.mark.parametrize(("text", "place"), STATEMENTS)
def test_macros_maps_bytes_and_messages_are_refused_at_their_place(text: str, place: str):
    assert refusal(text).startswith(f"ERROR: <input>:{place}: unsupported CEL statement\n | ")
