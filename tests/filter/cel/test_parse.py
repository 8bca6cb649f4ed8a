"""From text to a filter: bounds, hostile texts, hints, and no other error than BadExpression."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.filter.asking import parsed, refusal
from tests.filter.cel_texts import FILTERS

from runwell.filter import Call, Constant, Field, Metric, Payload, Sort, Tag
from runwell.filter.cel import BadExpression
from runwell.query.vocabulary import EVENTS as LANGUAGE

NOWHERE = "ERROR: <input>:-1:-1: "
TRUE = Constant(value=True, sort=Sort.BOOLEAN)
SECONDS_MAX = 2.0


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_blanks_are_no_filter(text: str):
    assert LANGUAGE.parse(text) is None


def test_a_text_of_4_kib_is_read_and_not_a_byte_more():
    within = "name == '" + "é" * 2042 + "'"
    assert len((within + "  ").encode()) == 4096

    parsed(within + "  ")
    assert refusal(within + "   ") == f"{NOWHERE}expression exceeds 4096 bytes"


def test_500_nodes_are_read_and_not_one_more():
    def of(nodes: int) -> str:
        return " && ".join(["true"] * (nodes // 2 + 1))

    parsed(of(499))
    parsed(f"!({of(499)})")
    assert refusal(of(501)) == f"{NOWHERE}expression exceeds 500 nodes (501)"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 33 + "true" + ")" * 33,
        "[" * 33 + "]" * 33 + " == []",
        "payload" + ".a" * 40 + " == 1",
        "payload" + "[0]" * 40 + " == 1",
        "+".join(["1"] * 40) + " == 1",
        "(" * 2000,
        "size(" * 500,
    ],
)
def test_what_is_nested_deeper_than_32_is_refused(text: str):
    assert "32" in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "!" * 4091 + "true",
        "-" * 4000 + "1 == 1",
        "a" * 4096,
        "." * 4096,
        "'" * 4095,
        '"' + "\\" * 4000,
        "[" * 4096,
        "{" * 4096,
        "0x" + "f" * 4000,
        "1" * 4000 + " == 1",
        "1e" + "9" * 4000 + " == 1.0",
        "name.matches('" + "(a*)*" * 100 + "b')",
        "name.matches('" + "(" * 500 + "')",
        " || ".join(["a"] * 800),
        ".".join(["a"] * 2000),
        "a . " * 1000,
        "\n" * 4000 + "x",
        "true ? " * 500 + "true",
        "//" * 2000,
        "payload" + "['a']" * 800,
        "😀" * 1024,
    ],
    ids=lambda text: text[:12],
)
def test_a_hostile_text_is_answered_soon(text: str):
    began = time.monotonic()
    with suppress(BadExpression):
        LANGUAGE.parse(text)
    assert time.monotonic() - began < SECONDS_MAX


def test_a_refusal_is_no_longer_than_it_need_be():
    assert len(refusal(" || ".join(["undeclared"] * 200))) <= 2_000


@pytest.mark.parametrize(
    ("text", "place"), [("name == '\0'", "1:10"), ("name ==\n'\ud800'", "2:2"), ("\0", "1:1")]
)
def test_what_the_checker_cannot_read_is_refused_at_its_place(text: str, place: str):
    assert refusal(text).startswith(f"ERROR: <input>:{place}: Syntax error: U+")


def test_a_nul_may_be_written_as_an_escape():
    assert Constant("\0", Sort.TEXT) in parsed("name == '\\x00'").arguments


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        *(("1", "int"), ("1.5", "double"), ("name", "string"), ("null", "null_type")),
        *(("started", "timestamp"), ("duration", "duration"), ("[true]", "list(dyn)")),
        *(("tags", "map(string, dyn)"), ("tags.team", "string"), ("metrics.k", "double")),
    ],
)
def test_a_filter_is_true_or_false(text: str, type_: str):
    assert refusal(text) == f"expected boolean expression, but got {type_}"


@pytest.mark.parametrize(
    ("text", "name", "hint"),
    [
        *(("nme == 'a'", "nme", "name"), ("stauts == 'a'", "stauts", "status")),
        *(("duratoin == null", "duratoin", "duration"), ("tag.team == 'a'", "tag", "tags")),
        *(("paylod.a.b.c == 'a'", "paylod", "payload"), ("metric.k > 1.0", "metric", "metrics")),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest_one(text: str, name: str, hint: str):
    assert refusal(text) == (
        f"ERROR: <input>:1:1: undeclared reference to '{name}'; did you mean '{hint}'? "
        f"(in container '')\n | {text}\n | ^"
    )


def test_a_name_that_is_near_no_other_has_no_hint():
    assert "did you mean" not in refusal("zzzzzzz == 1")


@pytest.mark.parametrize(
    ("text", "place", "name"),
    [
        *(("true && zz.yy", "1:9", "zz"), ("'é' == zz.yy.xx", "1:8", "zz")),
        *(("true &&\n  zz\n .yy . xx", "2:3", "zz"), ("((zz.yy).xx).ww == 1", "1:3", "zz")),
        *((".zz.yy == 1", "1:4", ".zz.yy"), ("zz.yy.ww(1)", "1:1", "zz")),
    ],
)
def test_of_a_dotted_name_the_first_one_is_undeclared(text: str, place: str, name: str):
    assert refusal(text).startswith(f"ERROR: <input>:{place}: undeclared reference to '{name}' ")


PIECES = st.sampled_from(
    [
        *("name", "payload", "tags", ".", "a", "(", ")", "[", "]", "{", "}", "'", '"', "'a'"),
        *("&&", "||", "!", "==", "<", "in", "+", "-", "*", "/", "%", "?", ":", ",", "0", "1.5"),
        *("1u", "null", "true", "has(", "size(", "timestamp(", "duration(", "matches(", "b''"),
        *("\\", "\n", "\t", "\0", "é", "😀", "`", "$", "@", "#", "{0}", ".all(x,", "dyn("),
    ]
)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=60) | st.lists(PIECES, max_size=20).map("".join))
def test_no_text_raises_anything_but_bad_expression(text: str):
    with suppress(BadExpression):
        LANGUAGE.parse(text)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_mutation_of_a_filter_raises_anything_but_bad_expression(data):
    text = data.draw(FILTERS)
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(begin, min(len(text), begin + 8)))
        text = text[:begin] + data.draw(PIECES | st.just("")) + text[end:]
    with suppress(BadExpression):
        LANGUAGE.parse(text)


NUMBER_FIRST = (Sort.NUMBER, Sort.DURATION, Sort.INTEGER, Sort.TEXT)


@pytest.mark.parametrize(
    ("text", "expression", "sort"),
    [
        ("metrics.m", Metric("m"), Sort.NUMBER),
        ("attempt", Field("attempt"), Sort.INTEGER),  # its own type, though a number would do
        ("duration", Field("duration"), Sort.DURATION),
        ("name", Field("name"), Sort.TEXT),
        ("tags.team", Call("first", (Tag("team"),)), Sort.TEXT),
        ("payload.a", Payload(("a",), "number"), Sort.NUMBER),  # JSON is what is wanted first
        ("(payload.a)", Payload(("a",), "number"), Sort.NUMBER),
        ("1", Constant(1, Sort.INTEGER), Sort.INTEGER),
    ],
)
def test_a_value_is_of_its_own_type_and_json_of_the_first(text: str, expression, sort: Sort):
    assert LANGUAGE.parse_value(text, NUMBER_FIRST) == (expression, sort)


def test_a_whole_number_is_read_as_one_with_a_point_where_only_that_is_wanted():
    expression, sort = LANGUAGE.parse_value("attempt", (Sort.NUMBER,))
    assert (expression, sort) == (Call("number_of_int", (Field("attempt"),)), Sort.NUMBER)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Syntax error"),
        (" ", "Syntax error"),
        ("started", "expected double or duration or int or string, but got timestamp: started"),
        ("name == ''", "but got bool"),
        ("tags", "but got map(string, dyn)"),
        ("null", "but got null_type"),
        ("[1]", "but got list(dyn)"),
        ("nme", "did you mean 'name'?"),
        ("'" + "a" * 4_095 + "'", "expression exceeds 4096 bytes"),
        ("size([" + ",".join("1" * 600) + "])", "exceeds 500 nodes"),
        ("'\0'", "U+0000 cannot stand here"),
    ],
)
def test_no_other_value_is_taken(text: str, says: str):
    with pytest.raises(BadExpression) as refused:
        LANGUAGE.parse_value(text, NUMBER_FIRST)
    assert says in refused.value.message


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("status == failed", "undeclared reference to 'failed'; did you mean the text 'failed'? "),
        ("status = 'failed'", "token recognition error at: '= '; did you mean '=='?"),
        ("name =='a' && kind ='b'", "'; did you mean '=='?"),
        ("has(tag.team)", "undeclared reference to 'tag.team'; did you mean 'tags'? "),
    ],
)
def test_a_slip_of_the_pen_has_a_hint(text: str, hint: str):
    assert hint in refusal(text)


def test_a_regular_expression_that_is_none_is_shown_where_it_stands():
    assert refusal("name == '' ||\nkind.matches('[')").startswith(
        "ERROR: <input>:2:13: invalid regular expression: missing ]: [\n"
    )
