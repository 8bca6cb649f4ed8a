"""What a summary asks for, and how its mistakes are told."""

from __future__ import annotations

from typing import Any

import pytest

from runwell.protocols.tekton.errors import InvalidArgument
from runwell.protocols.tekton.questions import MEASURES, read_group, read_order, read_summary


def refusal(read: Any, *arguments: Any) -> str:
    with pytest.raises(InvalidArgument) as refused:
        read(*arguments)
    return refused.value.message


@pytest.mark.parametrize(
    ("text", "measures"),
    [
        (None, ("total",)),
        ("", ("total",)),
        ("  ", ("total",)),
        (" total ", ("total",)),
        ("total,total", ("total",)),
        ("succeeded,total,succeeded", ("succeeded", "total")),
        (",".join(MEASURES), MEASURES),
    ],
)
def test_measures_are_named_once_and_total_without_any(text: Any, measures: Any):
    assert read_summary(text) == measures


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("TOTAL", "TOTAL"),
        ("total, succeeded", " succeeded"),
        ("total,,succeeded", ""),
        ("total,", ""),
        ("total;succeeded", "total;succeeded"),
        ("count", "count"),
    ],
)
def test_the_first_that_is_no_measure_is_named(text: str, named: str):
    assert refusal(read_summary, text) == f"invalid aggregate query: {named}"


@pytest.mark.parametrize(
    ("text", "group"),
    [
        (None, None),
        (" ", None),
        (" day ", ("day", "creationTimestamp")),
        ("minute", ("minute", "creationTimestamp")),
        ("hour startTime", ("hour", "startTime")),
        ("year completionTime", ("year", "completionTime")),
        ("namespace", ("namespace", None)),
        ("pipeline", ("pipeline", None)),
        ("repository", ("repository", None)),
    ],
)
def test_a_group_is_a_unit_of_a_time_or_a_text(text: Any, group: Any):
    assert read_group(text) == group


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("bogus", "bogus"),
        ("quarter", "quarter"),
        ("Day", "Day"),
        ("day bogus", "bogus"),
        ("day creationTimestamp", "creationTimestamp"),
        ("day  startTime", "day  startTime"),
        ("day startTime x", "day startTime x"),
        ("day,pipeline", "day,pipeline"),
        ("pipeline startTime", "pipeline startTime"),
        ("bogus startTime", "bogus startTime"),
    ],
)
def test_the_second_word_is_named_if_only_that_is_wrong(text: str, named: str):
    assert refusal(read_group, text) == f"group_by does not recognize {named}"


@pytest.mark.parametrize(
    ("text", "order"),
    [
        (None, None),
        ("", None),
        ("total ASC", ("total", False)),
        ("total desc", ("total", True)),
        ("DESC total", ("total", True)),
        ("asc failed", ("failed", False)),
    ],
)
def test_an_order_is_a_measure_and_a_direction_either_way(text: Any, order: Any):
    assert read_order(text, ("total", "failed")) == order


@pytest.mark.parametrize("text", ["total", "total Desc", "total  desc", "total WRONG", "a b c"])
def test_an_order_that_is_none_is_named(text: str):
    assert refusal(read_order, text, ("total",)) == f"order_by does not recognize {text}"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("wrongField ASC", "wrongField"),
        ("group_value DESC", "group_value"),
        ("DESC failed", "failed"),
        ("asc desc", "asc"),
        (" desc", None),
    ],
)
def test_only_a_measure_of_the_summary_may_order(text: str, named: str | None):
    message = refusal(read_order, text, ("total",))
    if named is None:
        assert message == "order_by does not recognize desc"
    else:
        assert message == f"field name {named} is not allowed, must be one of summary"
