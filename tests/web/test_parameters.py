"""Query parameters: what they take, and how each mistake is named."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from runwell.errors import BadParameter
from runwell.filter import Field
from runwell.web import parameters


def refusal(read, query: str, *rest) -> tuple[str, str]:
    with pytest.raises(BadParameter) as refused:
        read(QueryParams(query), *rest)
    return refused.value.pointer, refused.value.message


@given(st.integers(1, 10**12), st.integers(-5, 10**13))
@settings(deadline=None)
def test_a_whole_number_is_taken_up_to_its_bound(most: int, number: int):
    query = QueryParams(n=str(number))
    if 1 <= number <= most:
        assert parameters.read_int(query, "n", 1, most) == number
    else:
        assert refusal(parameters.read_int, f"n={number}", "n", 1, most)[0] == "n"


@pytest.mark.parametrize(
    "text",
    ["0", "-1", "+1", "1.0", "1e1", " 1", "x", "\u0661", "\u00b2", "1_0", "9999999999", "9" * 5000],
)
def test_no_other_number_is(text: str):
    with pytest.raises(BadParameter, match="a whole number from 1 to 2147483647"):
        parameters.read_int(QueryParams({"n": text}), "n", 1, 2**31 - 1)


def test_a_number_that_is_not_given_is_the_default_within_the_bound():
    assert parameters.read_int(QueryParams(""), "n", 100, 1000) == 100
    assert parameters.read_int(QueryParams("n="), "n", 100, 10) == 10


def test_lists_are_comma_separated_or_repeated_and_name_each_thing_once():
    query = QueryParams("fields=id,%20name&fields=id,,scope&summary=failed,total,failed")
    assert parameters.read_fields(query, ["seq"]) == (Field("id"), Field("name"), Field("scope"))
    assert parameters.read_fields(QueryParams("fields="), ["seq"]) == (Field("seq"),)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        (" , ,", []),
        ("a", ["a"]),
        (" a , b ", ["a", "b"]),
        ("p95(duration),max(a, b)", ["p95(duration)", "max(a, b)"]),
        ('name in ["a", "b"], x', ['name in ["a", "b"]', "x"]),
        ("tags['a, b'],c", ["tags['a, b']", "c"]),
        (r'"a\", b", c', [r'"a\", b"', "c"]),
        ("'it\"s', \"it's\", c", ["'it\"s'", '"it\'s"', "c"]),
        ("a), b", ["a)", "b"]),
        ("(a, b", ["(a, b"]),
        ("'a, b", ["'a, b"]),
        ("{a, [b, (c, d)], e}, f", ["{a, [b, (c, d)], e}", "f"]),
        ("a\\", ["a\\"]),
        ("'a\\", ["'a\\"]),
    ],
)
def test_a_comma_in_brackets_or_quotes_parts_nothing(text: str, parts: list[str]):
    assert parameters.split_list(text) == parts


PLAIN = st.text(st.characters(exclude_characters="()[]{}\"'\\,", codec="utf-8"), min_size=1)
QUOTED = st.builds(
    lambda quote, text: quote + text.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote,
    st.sampled_from(["'", '"']),
    st.text(max_size=8),
)
BRACKETED = st.recursive(
    PLAIN | QUOTED,
    lambda inner: st.builds(
        lambda name, brackets, parts: f"{name}{brackets[0]}{', '.join(parts)}{brackets[1]}",
        st.sampled_from(["", "p95", "x"]),
        st.sampled_from(["()", "[]", "{}"]),
        st.lists(inner, max_size=3),
    ),
    max_leaves=6,
).map(str.strip)


@given(st.lists(BRACKETED.filter(bool), max_size=5), st.sampled_from([",", ", ", " ,", ",,"]))
@settings(deadline=None)
def test_a_list_is_split_as_it_was_joined(parts: list[str], comma: str):
    assert parameters.split_list(comma.join(parts)) == parts


@given(st.text(st.sampled_from("a,()[]{}'\"\\ ") | st.characters()))
@settings(deadline=None)
def test_any_text_is_a_list_of_parts_in_its_order(text: str):
    parts = parameters.split_list(text)
    place = 0
    for part in parts:
        assert part == part.strip() != ""
        place = text.index(part, place) + len(part)


def test_repeated_lists_are_one():
    query = QueryParams("summary=failed,total,failed&summary=,p95(duration)")
    assert parameters.read_list(query, "summary") == ["failed", "total", "failed", "p95(duration)"]
    assert parameters.read_list(query, "having") == []


def test_a_list_has_a_hundred_columns_at_most():
    names = [f"tags.t{n}" for n in range(101)]
    assert len(parameters.read_fields(QueryParams({"fields": ",".join(names[1:])}), [])) == 100
    read = parameters.read_fields
    assert refusal(read, f"fields={','.join(names)}", []) == (
        "fields",
        "fields: at most 100 fields",
    )


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("total", ("total", False)),
        ("total asc", ("total", False)),
        ("total  DESC", ("total", True)),
        ("p95(duration) desc", ("p95(duration)", True)),
        ("p95( duration )", ("p95( duration )", False)),
        ("desc", ("desc", False)),
        ('tags["a b"] asc', ('tags["a b"]', False)),
        ("day started desc", ("day started", True)),
    ],
)
def test_an_order_is_a_name_and_a_direction(text: str, order: tuple[str, bool]):
    assert parameters.read_direction(text) == order


@pytest.mark.parametrize("text", ["a down", "a b c", "total dsc", "p95(duration) up"])
def test_another_direction_is_refused(text: str):
    with pytest.raises(BadParameter, match="order_by: a name, then asc or desc"):
        parameters.read_direction(text)


def test_a_choice_is_one_of_its_words_or_missing():
    read = parameters.read_choice
    assert read(QueryParams(""), "shape", parameters.SHAPES) == ""
    assert read(QueryParams("shape=objects"), "shape", parameters.SHAPES) == "objects"
    assert refusal(read, "shape=Object", "shape", parameters.SHAPES) == (
        "shape",
        "shape: takes 'objects', not 'Object'; did you mean 'objects'?",
    )


def test_a_zone_is_one_that_python_and_every_engine_know():
    read = parameters.read_zone
    assert [read(QueryParams(query)) for query in ("", "zone=", "zone=UTC")] == ["", "", ""]
    assert read(QueryParams("zone=Europe/Berlin")) == "Europe/Berlin"
    assert refusal(read, "zone=europe/berln") == (
        "zone",
        "zone: there is no time zone 'europe/berln'; did you mean 'Europe/Berlin'?",
    )
    for name in ("localtime", "posix/UTC", "../UTC", "/etc/localtime", "+02:00", "Europe", "\0"):
        with pytest.raises(BadParameter, match="there is no time zone"):
            read(QueryParams({"zone": name}))
    for zone in parameters.zone_names():
        ZoneInfo(zone)


def test_what_may_be_given_once_is_not_given_twice():
    known = [parameters.LIMIT, parameters.Parameter("fields", "")]
    parameters.refuse_unknown(QueryParams("fields=a&fields=b"), known)
    assert refusal(parameters.refuse_unknown, "limit=1&limit=1", known) == (
        "limit",
        "limit: given more than once",
    )


def test_a_name_close_to_a_known_one_is_a_hint_and_a_far_one_is_not():
    known = [parameters.LIMIT, parameters.FILTER]
    read = parameters.refuse_unknown
    assert refusal(read, "limt=1", known) == (
        "limt",
        "limt: there is no such parameter; did you mean 'limit'?",
    )
    assert refusal(read, "zzz=1", known) == ("zzz", "zzz: there is no such parameter")
    read(QueryParams("limit=1&filter="), known)
    read(QueryParams("limit=1"), known)
