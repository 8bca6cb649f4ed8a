"""The setting `retention` -> rules: `pytest_monitor/test=30d, ets/*=90d drop, */*=365d`. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import NamedTuple

from runwell.config import BadSetting

SECOND_US = 1_000_000
UNITS_US = {
    "h": 3_600 * SECOND_US,
    "d": 86_400 * SECOND_US,
    "w": 7 * 86_400 * SECOND_US,
    "y": 365 * 86_400 * SECOND_US,
}
YEARS_MAX = 1_000
RULE = re.compile(r"(?P<source>[^/\s=]+)/(?P<kind>[^/\s=]+)\s*=\s*(?P<rest>.*)")
AGE = re.compile(r"(?P<number>[0-9]{1,9})(?P<unit>[hdwy])")


class Action(StrEnum):
    """What becomes of an event at the end of its time."""

    KEEP = "keep"
    ROLL_UP = "roll up"
    DROP = "drop"


class RetentionRule(NamedTuple):
    """What becomes of events whose source and kind fit, `age_us` after their time."""

    source: str  # with * and ? as in file names, as the kind
    kind: str
    action: Action
    age_us: int = 0

    def fits(self, source: str, kind: str) -> bool:
        """Whether it is about such events."""
        return fnmatchcase(source, self.source) and fnmatchcase(kind, self.kind)


def read_rules(text: str) -> tuple[RetentionRule, ...]:
    """The rules of the setting in their order; an empty text has none.

    Raises:
        BadSetting: names the rule.
    """
    return tuple(_read_rule(part.strip()) for part in text.split(",") if part.strip())


def _read_rule(text: str) -> RetentionRule:
    found = RULE.fullmatch(text)
    words = found["rest"].split() if found else []
    if found is None or not words:
        raise _bad(text, "SOURCE/KIND=AGE, as tekton/*=90d")
    if words == ["keep"]:
        return RetentionRule(found["source"], found["kind"], Action.KEEP)
    action = Action.DROP if words[1:] == ["drop"] else Action.ROLL_UP
    if words[1:] and action is not Action.DROP:
        raise _bad(text, "AGE or AGE drop")
    return RetentionRule(found["source"], found["kind"], action, _read_age(words[0], text))


def _read_age(text: str, rule: str) -> int:
    found = AGE.fullmatch(text)
    age_us = int(found["number"]) * UNITS_US[found["unit"]] if found else 0
    if not 0 < age_us <= YEARS_MAX * UNITS_US["y"]:
        raise _bad(rule, "an age as 36h, 30d, 8w or 2y, or keep")
    return age_us


def _bad(rule: str, wanted: str) -> BadSetting:
    return BadSetting(f"retention: {rule!r} is no rule: it takes {wanted}")


def rule_for(rules: Sequence[RetentionRule], source: str, kind: str) -> RetentionRule | None:
    """The first rule that fits, unless that is to keep."""
    found = next((rule for rule in rules if rule.fits(source, kind)), None)
    return None if found is None or found.action is Action.KEEP else found
