"""The setting `retention` as rules, and what is said of one that is none."""

from __future__ import annotations

import pytest
from tests.builders import HOUR_US

from runwell.config import BadSetting
from runwell.retention import Action, RetentionRule, read_rules
from runwell.retention.rules import rule_for

DAY_US = 24 * HOUR_US


def test_a_rule_has_a_source_a_kind_and_an_age():
    assert read_rules("pytest_monitor/test=30d, ets/*=12w drop,*/job = 36h , */*=keep") == (
        RetentionRule("pytest_monitor", "test", Action.ROLL_UP, 30 * DAY_US),
        RetentionRule("ets", "*", Action.DROP, 12 * 7 * DAY_US),
        RetentionRule("*", "job", Action.ROLL_UP, 36 * HOUR_US),
        RetentionRule("*", "*", Action.KEEP),
    )
    assert read_rules(" */*=2y ") == (RetentionRule("*", "*", Action.ROLL_UP, 730 * DAY_US),)


@pytest.mark.parametrize("text", ["", " ", ","])
def test_no_rule_keeps_everything(text: str):
    assert read_rules(text) == ()


def test_the_first_rule_that_fits_decides():
    rules = read_rules("a/test=keep, a/*=1d, ?/j*=2d")
    assert rule_for(rules, "a", "test") is None
    assert rule_for(rules, "a", "job") == rules[1]
    assert rule_for(rules, "b", "job") == rules[2]
    assert rule_for(rules, "bc", "job") is None
    assert rule_for(rules, "b", "test") is None


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("*/*=30", "*/*=30"),
        ("*/*=1d, tekton=30d", "tekton=30d"),
        ("*/*=30m", "*/*=30m"),
        ("*/*=-1d", "*/*=-1d"),
        ("*/*=0d", "*/*=0d"),
        ("*/*=1001y", "*/*=1001y"),
        ("*/*=1d archive", "*/*=1d archive"),
        ("*/*=1d drop now", "*/*=1d drop now"),
        ("*/*=drop", "*/*=drop"),
        ("*/*=keep 1d", "*/*=keep 1d"),
        ("*/*=", "*/*="),
        ("a/b/c=1d", "a/b/c=1d"),
        ("/x=1d", "/x=1d"),
    ],
)
def test_a_rule_that_is_none_is_named(text: str, bad: str):
    with pytest.raises(BadSetting) as caught:
        read_rules(text)
    assert str(caught.value).startswith(f"retention: {bad!r} is no rule: it takes ")
