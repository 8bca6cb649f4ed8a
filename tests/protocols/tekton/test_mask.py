"""Partial answers."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwell.errors import BadParameter
from runwell.protocols.tekton import wire
from runwell.protocols.tekton.mask import NAMES_MAX, apply, parse_fields

VALUE = {
    "kind": "PipelineRun",
    "metadata": {"name": "pr3", "labels": {"app": "web"}},
    "status": {"conditions": [{"reason": "Failed"}]},
}


def a_record(value: Any = VALUE, name: str = "foo/results/r3/records/pr3") -> wire.Record:
    data = wire.Data("t", msgspec.json.encode(value))
    return wire.Record(name=name, uid="u", data=data)


def decoded(plain: Any) -> Any:
    """The encoded answer, with each value as what it says."""
    return with_values(msgspec.json.decode(msgspec.json.encode(plain)))


def with_values(node: Any) -> Any:
    match node:
        case dict():
            return {
                key: json.loads(msgspec.json.decode(f'"{item}"', type=bytes))
                if key == "value"
                else with_values(item)
                for key, item in node.items()
            }
        case list():
            return [with_values(item) for item in node]
    return node


def masked(fields: str, answer: Any) -> Any:
    return decoded(apply(answer, parse_fields(fields)))


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ("records.name", {"records": [{"name": "foo/results/r3/records/pr3"}]}),
        (
            "records.data.value.metadata.name,records.data.value.status.conditions",
            {
                "records": [
                    {
                        "data": {
                            "value": {
                                "metadata": {"name": "pr3"},
                                "status": {"conditions": [{"reason": "Failed"}]},
                            }
                        }
                    }
                ]
            },
        ),
        ("bogus", {}),
        (
            "records.data.value.metadata.bogus",
            {"records": [{"data": {"value": {"metadata": {"bogus": None}}}}]},
        ),
        (
            "records.data.value.bogus.deep",
            {"records": [{"data": {"value": {"bogus": {"deep": None}}}}]},
        ),
        (
            "records.data.value.kind.deep",
            {"records": [{"data": {"value": {"kind": {"deep": None}}}}]},
        ),
        (
            "records.data.value.status.conditions.reason",
            {"records": [{"data": {"value": {"status": {"conditions": {"reason": None}}}}}]},
        ),
        ("records.bogus", {"records": [{}]}),
        ("records.name.bogus", {"records": [{}]}),
        ("records.data.type", {"records": [{"data": {"type": "t"}}]}),
        ("records.data.value", {"records": [{"data": {"value": VALUE}}]}),
        (" records.uid , next_page_token ", {"records": [{"uid": "u"}], "next_page_token": "t"}),
        ("next_page_token", {"next_page_token": "t"}),
    ],
)
def test_a_list_holds_what_is_named(fields: str, answer: Any):
    assert masked(fields, wire.ListRecordsResponse([a_record()], "t")) == answer


def test_an_object_holds_what_is_named():
    assert masked("name,data.value.metadata.name", a_record()) == {
        "name": "foo/results/r3/records/pr3",
        "data": {"value": {"metadata": {"name": "pr3"}}},
    }


@pytest.mark.parametrize("fields", ["", " , ", None])
def test_nothing_named_is_everything(fields: Any):
    answer = wire.ListRecordsResponse([a_record()])
    assert apply(answer, parse_fields(fields)) == msgspec.to_builtins(
        answer, builtin_types=(bytes,)
    )
    assert masked(fields or "", answer)["records"][0]["data"]["value"] == VALUE


def test_the_last_page_has_no_token_whatever_is_named():
    assert masked("next_page_token", wire.ListRecordsResponse([a_record()])) == {}
    assert masked("records.name", wire.ListRecordsResponse([])) == {"records": []}


@pytest.mark.parametrize("fields", ["data,data.value.kind", "data.value.kind,data"])
def test_what_is_named_whole_stays_whole(fields: str):
    assert masked(fields, a_record()) == {"data": {"type": "t", "value": VALUE}}


def test_a_summary_keeps_the_named_measures():
    summary = wire.RecordListSummary([{"total": 16, "succeeded": 6}])
    assert masked("summary.total", summary) == {"summary": [{"total": 16}]}
    assert masked("summary", summary) == {"summary": [{"total": 16, "succeeded": 6}]}


def test_annotations_are_named_by_their_keys():
    result = wire.Result(name="n", annotations={"repo": "a", "b": "c"})
    assert masked("annotations.repo,summary.status", result) == {"annotations": {"repo": "a"}}


def test_a_value_that_is_no_object_has_nothing_below():
    assert masked("data.value.a", a_record([1])) == {"data": {"value": {"a": None}}}


def test_the_bytes_of_what_is_kept_are_kept():
    record = wire.Record(data=wire.Data("t", b'{"a": {"n": 1e400,  "n": 1.10}, "b": 2}'))
    plain = apply(record, parse_fields("data.value.a"))
    assert plain == {"data": {"value": b'{"a":{"n": 1e400,  "n": 1.10}}'}}


def test_paths_have_bounds():
    assert masked(".".join(["a"] * NAMES_MAX), a_record()) == {}
    with pytest.raises(BadParameter, match="names"):
        parse_fields(".".join(["a"] * (NAMES_MAX + 1)))
    parse_fields(",".join(["a"] * NAMES_MAX))
    with pytest.raises(BadParameter, match=f"{NAMES_MAX + 2} names in all paths"):
        parse_fields(",".join(["a.b"] * (NAMES_MAX // 2 + 1)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)


@given(JSON, st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
def test_one_path_keeps_its_value_or_null(value: Any, path: list[str]):
    expected: Any = value
    for name in path:
        expected = expected.get(name) if isinstance(expected, dict) else None
    for name in reversed(path):
        expected = {name: expected}

    found = masked(f"data.value.{'.'.join(path)}", a_record(value))

    assert found == {"data": {"value": expected}}
