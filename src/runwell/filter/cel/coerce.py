"""A meaning as an expression of a wanted type."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from runwell.filter.cel.errors import BadExpression, at
from runwell.filter.cel.meaning import (
    Choice,
    Known,
    Meaning,
    Path,
    Sum,
    Vocabulary,
    cel_type,
)
from runwell.filter.cel.syntax import Node
from runwell.filter.tree import Call, Constant, Expression, Payload, Reading, Sort

READINGS: dict[Sort, Reading] = {
    Sort.TEXT: "text",
    Sort.NUMBER: "number",
    Sort.BOOLEAN: "truth",
}
# What `+` and `-` of two places in the payload are, by the type that is wanted of them:
# (the type of both sides, the function).
SUMS = {
    ("_+_", Sort.TEXT): (Sort.TEXT, "concat"),
    ("_+_", Sort.NUMBER): (Sort.NUMBER, "float_add"),
    ("_-_", Sort.NUMBER): (Sort.NUMBER, "float_subtract"),
    ("_-_", Sort.DURATION): (Sort.TIME, "between_times"),
}
COMPARISONS = ("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_")
LOOSE = (Path, Sum, Choice)


@dataclass(frozen=True, slots=True)
class Context:
    """The text, for errors, and its vocabulary."""

    text: str
    vocabulary: Vocabulary

    def error(self, node: Node, problem: str) -> BadExpression:
        """A problem at a node."""
        return at(self.text, node.offset, problem)

    def mismatch(
        self, node: Node, function: str, given: tuple[Meaning, ...], *, is_member: bool = False
    ) -> BadExpression:
        """A function that does not take what it was given."""
        names = [cel_type(meaning) for meaning in given]
        shown = f"{names[0]}.({', '.join(names[1:])})" if is_member else f"({', '.join(names)})"
        problem = f"found no matching overload for '{function}' applied to '{shown}'"
        hint = _hint(function, names) if self.vocabulary.hints else ""
        return self.error(node, problem + hint)

    def check_word(self, node: Node, one: Meaning, other: Meaning) -> None:
        """Refuse a comparison of a field that is one of a few words with none of them."""
        for field, text in ((one, other), (other, one)):
            words = self.vocabulary.words.get(_expression(field), ())
            value = _expression(text)
            if words and isinstance(value, Constant) and value.value not in ("", *words):
                written = str(value.value)
                close = difflib.get_close_matches(written[:40].lower(), words, n=1)
                hint = (
                    f"; did you mean '{close[0]}'?" if close else f"; there are {', '.join(words)}"
                )
                raise self.error(node, f"no event has the text '{written[:40]}' here{hint}")

    def coerce(self, meaning: Meaning, sort: Sort) -> Expression | None:
        """The expression that gives this type; None if the meaning cannot be of it."""
        match meaning:
            case Known(expression, known):
                return _widened(expression, known, sort)
            case Path(steps):
                return self._read(steps, sort)
            case Sum(function, left, right):
                return self._sum(function, left, right, sort)
            case Choice(condition, then, otherwise):
                parts = (self.coerce(then, sort), self.coerce(otherwise, sort))
                return None if None in parts else _call("if", condition, *parts)
            case _:
                return None

    def _read(self, steps: tuple[str, ...], sort: Sort) -> Expression | None:
        if sort in READINGS:
            return Payload(steps, READINGS[sort])
        if sort is Sort.INTEGER:
            return _call("int_of_number", Payload(steps, "number"))
        if sort is not Sort.TIME:
            return None
        if steps in self.vocabulary.times:
            return self.vocabulary.times[steps]
        return _call("time_of_text", Payload(steps, "text"))

    def _sum(self, function: str, left: Meaning, right: Meaning, sort: Sort) -> Expression | None:
        if (function, sort) not in SUMS or (sort is Sort.NUMBER and self._is_time(left, right)):
            return None
        of, name = SUMS[function, sort]
        parts = (self.coerce(left, of), self.coerce(right, of))
        return None if None in parts else _call(name, *parts)

    def _is_time(self, *meanings: Meaning) -> bool:
        """Whether one of these is a place where there are times and no numbers."""
        places = [meaning.steps for meaning in meanings if isinstance(meaning, Path)]
        return any(steps in self.vocabulary.times for steps in places)


def _hint(function: str, names: list[str]) -> str:
    """How a time or a duration is written, to who compares one with something else."""
    if function not in COMPARISONS:
        return ""
    others = {"int", "double", "string"}.intersection(names)
    if "duration" in names and others:
        return '; a duration is written duration("90s")'
    if "timestamp" in names and others:
        return '; a time is written timestamp("2026-11-09T00:00:00Z")'
    return ""


def _expression(meaning: Meaning) -> Expression | None:
    return meaning.expression if isinstance(meaning, Known) else None


def _call(function: str, *arguments: Expression | None) -> Call:
    return Call(function, tuple(part for part in arguments if part is not None))


def _widened(expression: Expression, known: Sort, sort: Sort) -> Expression | None:
    if known is sort:
        return expression
    if known is Sort.INTEGER and sort is Sort.NUMBER:
        if isinstance(expression, Constant):
            return Constant(float(expression.value), Sort.NUMBER)  # type: ignore[arg-type]
        return Call("number_of_int", (expression,))
    return None
