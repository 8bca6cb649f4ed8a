"""What payloads are read as, in plain Python and by every engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.builders import an_event
from tests.filter.asking import Asked
from tests.store.engines import COLUMNS

from runwell.filter import Call, Constant, HasMember, Payload, Sort
from runwell.filter.evaluate import evaluate

HUGE = "9" * 400
INF = float("inf")
TEXTS = {
    '"a"': "a",
    '"\\u00e9\\/\\ud83d\\ude00"': "é/\U0001f600",
    "null": None,
    "true": "true",
    "5": "5",
    "-0": "0",
    "1.50": "1.5",
    "1e2": "100.0",
    "-0.0": "-0.0",
    "1e20": "100000000000000000000.0",
    "1e21": "1e21",
    "1.5E-7": "1.5e-7",
    "1e-6": "0.000001",
    "123456789012345678": "123456789012345678",
    "18446744073709551616": "18446744073709551616",
    "1e400": "1e400",
    "-1e400": "-1e400",
    HUGE: HUGE,
    "1e-400": "0.0",
    "[ ]": "[]",
    '[ 1 , "a" , null , 1.0 ]': '[1,"a",null,1.0]',
    '{ "b" : 1 , "a" : [ 1e400 ] }': '{"b":1,"a":[1e400]}',
    '{"a": 1, "a": 2}': '{"a":1,"a":2}',
    '{"é\\u001f\\n\\\\u001f": "\\u0001\\""}': '{"é\\u001F\\n\\\\u001f":"\\u0001\\""}',
    "": None,
    "no JSON": None,
    "{": None,
}
NUMBERS = {
    "5": 5.0,
    "-1.5": -1.5,
    "1e400": INF,
    HUGE: INF,
    "-" + HUGE: -INF,
    "9223372036854775807": 9223372036854775808.0,
    '"5"': None,
    "true": None,
    "null": None,
    "[5]": None,
    '"NaN"': None,
}
LENGTHS = {
    '""': 0,
    '"☃\\ud83d\\ude00"': 2,
    "[]": 0,
    "[1, [2, 3]]": 2,
    "{}": 0,
    '{"a": 1, "b": {"c": 1}}': 2,
    '{"a": 1, "a": 2}': 1,
    "5": None,
    "true": None,
    "null": None,
}
# payload, steps -> the text there
PLACES = [
    ('{"a": {"b": "x"}}', ("a", "b"), "x"),
    ('{"a": "first", "a": "second"}', ("a",), "first"),
    ('{"a/b": {"~1": "x"}}', ("a/b", "~1"), "x"),
    ('{"~": {"~0": "x"}}', ("~", "~0"), "x"),
    ('{"": {"": "x"}}', ("", ""), "x"),
    ('{"\'": {"\\"": "x"}}', ("'", '"'), "x"),
    ('{"{0}": {"$1": "x"}}', ("{0}", "$1"), "x"),
    ('{"*": "x"}', ("*",), "x"),
    ('{"$.a": "x", "a": "y"}', ("$.a",), "x"),
    ('{"a\\u0000b": "x"}', ("a\0b",), "x"),
    ('["x", "y"]', ("1",), "y"),
    ('["x", "y"]', ("2",), None),
    ('["x"]', ("00",), None),
    ('["x"]', ("-",), None),
    ('["x"]', ("-1",), None),
    ('["x"]', ("+0",), None),
    ('["x"]', ("٠",), None),
    ('["x"]', ("",), None),
    ('["x"]', ("18446744073709551616",), None),
    ('{"0": "x"}', ("0",), "x"),
    ('"x"', ("0",), None),
    ('{"a": null}', ("a", "b"), None),
    ('{"a": 5}', ("a", "b"), None),
]
MEMBERS = [
    ('{"a": null}', "a", True),
    ('{"a": 1}', "b", False),
    ('["a", 5, true, null, 1.50, {"k": 1}, ["x"]]', "a", True),
    ('["a", 5]', "5", True),
    ("[true]", "true", True),
    ("[null]", "null", False),
    ("[1.50]", "1.5", True),
    ('[{"k": 1.0}]', '{"k":1.0}', True),
    ('[["x", 1]]', '["x",1]', True),
    ("[]", "", False),
    ("{}", "", False),
    ('"a"', "a", None),
    ("5", "5", None),
    ("null", "a", None),
    ("", "a", None),
]


@pytest.fixture(params=sorted(COLUMNS), scope="module")
def asked(request, tmp_path_factory) -> Iterator[Asked]:
    columns = COLUMNS[request.param](tmp_path_factory.mktemp("columns"), "ledger")
    yield Asked(columns)
    columns.close()


def check(asked: Asked, payload: str, read, value, sort: Sort) -> None:
    event = an_event("here", payload=payload)
    found = evaluate(read, event)
    assert (found, type(found)) == (value, type(value))

    asked.put([event])
    missing = Call("is_null", (read,))
    same = Call("eq", (read, Constant(0 if value is None else value, sort)))
    assert asked.find(missing if value is None else same) == ["here"]


@pytest.mark.parametrize(("payload", "text"), TEXTS.items(), ids=lambda value: str(value)[:30])
def test_a_text_is_itself_and_all_else_compact_json(asked: Asked, payload: str, text):
    check(asked, payload, Payload((), "text"), text, Sort.TEXT)


@pytest.mark.parametrize(("payload", "number"), NUMBERS.items(), ids=lambda value: str(value)[:30])
def test_only_a_number_is_a_number(asked: Asked, payload: str, number):
    check(asked, payload, Payload((), "number"), number, Sort.NUMBER)


@pytest.mark.parametrize(
    ("payload", "truth"),
    [("true", True), ("false", False), ('"true"', None), ("1", None), ("", None)],
)
def test_only_a_boolean_is_true_or_false(asked: Asked, payload: str, truth):
    check(asked, payload, Payload((), "truth"), truth, Sort.BOOLEAN)


@pytest.mark.parametrize(("payload", "length"), LENGTHS.items())
def test_a_length_counts_characters_or_members(asked: Asked, payload: str, length):
    check(asked, payload, Payload((), "length"), length, Sort.INTEGER)


@pytest.mark.parametrize(
    ("payload", "there"),
    [("{}", True), ('""', True), ("false", True), ("0", True), ("null", False), ("", False)],
)
def test_anything_but_null_is_there(asked: Asked, payload: str, there: bool):
    check(asked, payload, Payload((), "is_there"), there, Sort.BOOLEAN)
    check(asked, "{}", Payload(("gone",), "is_there"), False, Sort.BOOLEAN)


@pytest.mark.parametrize(("payload", "steps", "text"), PLACES)
def test_steps_lead_to_members_and_items(asked: Asked, payload: str, steps, text):
    check(asked, payload, Payload(steps, "text"), text, Sort.TEXT)


@pytest.mark.parametrize(("payload", "member", "has_it"), MEMBERS)
def test_an_object_has_keys_and_an_array_texts(asked: Asked, payload: str, member: str, has_it):
    wanted = Constant(member, Sort.TEXT)

    check(asked, payload, HasMember((), wanted), has_it, Sort.BOOLEAN)


def test_what_is_not_there_is_no_member(asked: Asked):
    check(asked, '["a"]', HasMember((), Payload(("gone",), "text")), None, Sort.BOOLEAN)
