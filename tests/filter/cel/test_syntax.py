"""The syntax tree that CEL's checker hands over."""

from __future__ import annotations

import pytest
from cel_expr_python import cel

from runwell.filter.cel.syntax import (
    Call,
    Identifier,
    List,
    Literal,
    Null,
    Other,
    Select,
    read_checked,
)

ENVIRONMENT = cel.NewEnv(variables={"x": cel.Type.DYN, "é": cel.Type.DYN})


def tree(text: str):
    return read_checked(bytes(ENVIRONMENT.compile(text).serialize()))


LITERALS = {
    "null": Null(0),
    "true": Literal(0, value=True),
    "false": Literal(0, value=False),
    "0": Literal(0, 0),
    "-9223372036854775808": Literal(0, -(2**63)),
    "9223372036854775807": Literal(0, 2**63 - 1),
    "18446744073709551615u": Literal(0, 2**64 - 1),
    "-1.5": Literal(0, -1.5),
    "1e400": Literal(0, float("inf")),
    "''": Literal(0, ""),
    "'é☃\U0001f600'": Literal(0, "é☃\U0001f600"),
    "'''a'b'''": Literal(0, "a'b"),
    "r'\\n'": Literal(0, "\\n"),
    "'\\x00\\u00e9\\U0001f600\\101'": Literal(0, "\0é\U0001f600A"),
}


@pytest.mark.parametrize(("text", "node"), LITERALS.items())
def test_a_literal_is_its_value(text: str, node):
    found, _ = tree(text)

    assert found == node
    assert type(getattr(found, "value", None)) is type(getattr(node, "value", None))


def test_names_selections_and_calls_stand_where_they_are_written():
    found, count = tree("'é☃' == x.a && size([x, 2]) == 1")
    compared, sized = found.arguments

    assert (found.function, found.offset, count) == ("_&&_", 12, 11)
    assert compared == Call(
        5, "_==_", (Literal(0, "é☃"), Select(9, Identifier(8, "x"), "a", is_test=False)), False
    )
    assert sized.arguments[0] == Call(
        19, "size", (List(20, (Identifier(21, "x"), Literal(24, 2))),), False
    )


def test_a_member_call_has_its_operand_first():
    found, _ = tree("x.matches('a')")

    assert found == Call(9, "matches", (Identifier(0, "x"), Literal(10, "a")), is_member=True)


def test_has_is_a_selection_that_only_asks():
    found, _ = tree("has(x.a.b)")

    assert isinstance(found, Select)
    assert (found.field, found.is_test, found.operand.is_test) == ("b", True, False)


@pytest.mark.parametrize(
    "text", ["{}", "{'a': 1}", "b'a'", "x.all(y, y)", "google.protobuf.Timestamp{seconds: 1}"]
)
def test_what_has_no_meaning_here_keeps_its_place(text: str):
    found, _ = tree(f"  {text}")

    assert isinstance(found, Other)
    assert found.offset >= 2


@pytest.mark.parametrize(("text", "count"), [("x", 1), ("x == 1", 3), ("[x, x, x]", 4)])
def test_nodes_are_counted(text: str, count: int):
    assert tree(text)[1] == count


def test_a_field_that_we_do_not_know_is_stepped_over():
    unknown = bytes(
        [15 << 3 | 5, 1, 2, 3, 4, 15 << 3 | 1, *range(8), 15 << 3 | 2, 1, 0, 15 << 3, 1]
    )

    data = bytes(ENVIRONMENT.compile("x == 1").serialize())
    assert read_checked(unknown + data) == read_checked(data)
