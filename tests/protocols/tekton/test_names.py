"""Which texts are names, and which mistake is told first."""

from __future__ import annotations

import pytest

from runwell.protocols.tekton.errors import InvalidArgument, WrappedArgument
from runwell.protocols.tekton.names import (
    RecordName,
    ResultName,
    check_parent,
    is_record_name,
    new_record_name,
    new_result_name,
    parse_record_name,
    parse_result_name,
)

RESULT_TEXT = "name must match (^[a-z0-9_-]{1,63})/results/([a-z0-9_-]{1,63}$)"
RECORD_TEXT = (
    "name must match (^[a-z0-9_-]{1,63})/results/([a-z0-9_-]{1,63})/records/([a-z0-9_-]{1,63}$)"
)
ELSEWHERE = "requested parent does not match resource name"


def test_a_name_is_taken_apart_and_put_together():
    assert parse_result_name("m/results/a_b-1") == ("m", "a_b-1")
    assert parse_record_name("m/results/r/records/n") == ("m", "r", "n")
    assert ResultName("m", "r").text == "m/results/r"
    assert RecordName("m", "r", "n").text == "m/results/r/records/n"
    assert parse_result_name(f"{'p' * 63}/results/{'r' * 63}").parent == "p" * 63


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m/results/",
        "m/results/ABC",
        "m/results/a.b",
        f"m/results/{'a' * 64}",
        f"{'m' * 64}/results/a",
        "m/results/a/b",
        "m/results/a\n",
        "m/results/ä",
        "/m/results/a",
        "m/result/a",
        "m/results/a/records/b",
    ],
)
def test_what_is_no_name_of_a_result_is_told_with_the_pattern(text: str):
    with pytest.raises(WrappedArgument) as refused:
        parse_result_name(text)
    assert refused.value.message == f"rpc error: code = InvalidArgument desc = {RESULT_TEXT}"


@pytest.mark.parametrize(
    "text", ["", "m/results/e", "m/results/e/records/", "m/results/e/records/A", "a/b/c"]
)
def test_what_is_no_name_of_a_record_is_told_with_the_pattern(text: str):
    assert not is_record_name(text)
    with pytest.raises(InvalidArgument) as refused:
        parse_record_name(text)
    assert refused.value.message == RECORD_TEXT


def test_a_list_may_ask_for_every_parent_and_result():
    assert check_parent("-", "-") == ResultName("-", "-")
    assert check_parent("foo", "-").text == "foo/results/-"


@pytest.mark.parametrize(
    ("parent", "result"), [("UPPER", "-"), ("foo", "A"), ("foo", ""), ("", "-")]
)
def test_the_path_of_a_list_is_told_with_the_pattern(parent: str, result: str):
    with pytest.raises(InvalidArgument) as refused:
        check_parent(parent, result)
    assert refused.value.message == RESULT_TEXT


def test_a_new_name_lies_under_its_path():
    assert new_result_name("m/results/c", "m") == ("m", "c")
    assert new_record_name("m/results/e/records/a", "m", "e") == ("m", "e", "a")
    with pytest.raises(InvalidArgument, match=ELSEWHERE):
        new_result_name("m/results/c", "other")
    for parent, result in (("m", "zz"), ("zz", "e")):
        with pytest.raises(InvalidArgument, match=ELSEWHERE):
            new_record_name("m/results/e/records/a", parent, result)


def test_that_it_is_no_name_is_told_before_that_it_lies_elsewhere():
    with pytest.raises(WrappedArgument):
        new_result_name("other/results/C", "m")
    with pytest.raises(InvalidArgument, match="name must match"):
        new_record_name("other/results/e", "m", "e")
