"""Which events a token that is bound to repositories reaches: globs over `repo`, as conditions.

Pure: no token, no request, no store.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import assert_never

import msgspec

from runwell.errors import OutOfReach
from runwell.filter import Among, And, Call, Constant, Field, Filter, Not, Or, Sort
from runwell.model import AttemptsRule, Event, Rule, Write
from runwell.query import Count, Measure, Names, Query, Select, Summary

ANY = r"[\s\S]"  # one character: a dot would leave out line breaks


class Reach:
    """The events whose `repo` one of the globs matches.

    In a glob `*` is any text, slashes and nothing included, `?` is one character, everything else
    is itself. A to Z count as a to z, as the hosts of repositories have it. An event without a
    repository is reached by `*` alone.
    """

    def __init__(self, globs: Sequence[str]) -> None:
        self._matches = re.compile("|".join(map(_steady_pattern_of, globs))).fullmatch
        # the same for engines
        pattern = "^(" + "|".join(map(pattern_of, globs)) + ")$"
        self.where: Filter = Call("matches", (Field("repo"), Constant(pattern, Sort.TEXT)))

    def holds(self, event: Event) -> bool:
        """Is this event within reach?"""
        return self._matches(event.repo) is not None

    def narrow(self, query: Query) -> Query:
        """The same question about the events within reach."""
        match query:
            case Count(of):
                return replace(query, of=self._narrow_list(of))
            case Select():
                return self._narrow_list(query)
            case Names():
                return replace(query, where=self._within(query.where))
            case Summary():
                defined = {name: self._narrow_measure(one) for name, one in query.defined.items()}
                return replace(query, where=self._within(query.where), defined=defined)
            case _:
                assert_never(query)

    def _narrow_list(self, of: Select) -> Select:
        return replace(of, where=self._within(of.where))

    def _narrow_measure(self, measure: Measure) -> Measure:
        if measure.where is None:
            return measure
        return replace(measure, where=self._narrow_parts(measure.where))

    def _within(self, where: Filter | None) -> Filter:
        return self.where if where is None else And((self.where, self._narrow_parts(where)))

    def _narrow_parts(self, where: Filter) -> Filter:
        """The same condition; where it looks at other events, at those within reach."""
        match where:
            case And(parts) | Or(parts):
                return replace(where, parts=tuple(map(self._narrow_parts, parts)))
            case Not(part):
                return replace(where, part=self._narrow_parts(part))
            case Among():
                return replace(where, where=self._within(where.where))
            case _:
                return where

    def bind(self, write: Write) -> Write:
        """The same write, whose rule neither looks at nor makes what is out of reach."""
        if write.attempts:
            return msgspec.structs.replace(write, attempts=self._bind_attempts(write.attempts))
        rule = self._bind_rule(write.rule, removes_owned=write.with_owned)
        return msgspec.structs.replace(write, rule=rule)

    def _bind_rule(self, rule: Rule, *, removes_owned: bool) -> Rule:
        def bound(stored: Event | None, incoming: Event) -> Event | None:
            if stored is not None and not self.holds(stored):
                # Who may not see it hears what is said of one that is not there, as far as that can
                # be said: its place is taken.
                if rule(None, incoming) is None:
                    return stored
                raise OutOfReach
            after = rule(stored, incoming)
            if after is not None and not self.holds(after):
                raise OutOfReach
            if after is None and stored is not None and removes_owned:
                raise OutOfReach("what goes with it may be of other repositories")
            return after

        return bound

    def _bind_attempts(self, rule: AttemptsRule) -> AttemptsRule:
        def bound(attempts: Sequence[Event], incoming: Event) -> Sequence[Event]:
            if not all(map(self.holds, attempts)):
                raise OutOfReach
            after = rule(attempts, incoming)
            if not all(map(self.holds, after)):
                raise OutOfReach
            return after

        return bound


@lru_cache(maxsize=1_000)
def reach_of(globs: tuple[str, ...]) -> Reach | None:
    """The reach of a token with these globs; None: everything."""
    if not globs or any(set(glob) == {"*"} for glob in globs):
        return None
    return Reach(globs)


def pattern_of(glob: str) -> str:
    r"""A glob as a regular expression that Python and RE2 read alike.

    >>> print(pattern_of("acme/*"))
    [aA][cC][mM][eE]/[\s\S]*
    """
    return "".join(map(_piece_of, glob))


def _steady_pattern_of(glob: str) -> str:
    """The same for Python alone, which tries again and again: no name that is sent takes it long.

    What stands between two stars is looked for once: where it is found first is as good as any.
    """
    first, *rest = ("".join(map(_piece_of, part)) for part in glob.split("*"))
    if not rest:
        return first
    *between, last = rest
    return first + "".join(f"(?>{ANY}*?{part})" for part in between) + f"{ANY}*{last}"


def _piece_of(character: str) -> str:
    if character == "*":
        return f"{ANY}*"
    if character == "?":
        return ANY
    if character.isascii() and character.isalpha():
        return f"[{character.lower()}{character.upper()}]"
    return re.escape(character)
