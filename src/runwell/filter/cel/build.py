"""Syntax tree -> filter: names by the vocabulary, functions by operators.py and calls.py."""

from __future__ import annotations

from collections.abc import Sequence

from runwell.filter.cel.calls import CALLS
from runwell.filter.cel.coerce import Context
from runwell.filter.cel.errors import BadExpression
from runwell.filter.cel.meaning import (
    CEL_NAMES,
    Known,
    Links,
    Meaning,
    Message,
    Metrics,
    Nothing,
    Path,
    Several,
    Tags,
    TagText,
    Texts,
    Vocabulary,
    cel_type,
)
from runwell.filter.cel.operators import OPERATORS
from runwell.filter.cel.syntax import Call, Identifier, List, Literal, Node, Null, Select
from runwell.filter.tree import Call as Function
from runwell.filter.tree import Constant, Expression, Link, Metric, Payload, Sort, Tag

ALWAYS = Constant(value=True, sort=Sort.BOOLEAN)  # a map of texts is there, be it empty
INDEX_MAX = 2**31
INT64_MAX = 2**63 - 1
Value = bool | int | float | str


def build(node: Node, text: str, vocabulary: Vocabulary) -> Expression:
    """The filter of a checked expression.

    Raises:
        BadExpression: it is not of the type bool, or uses what cannot be asked.
    """
    context = Context(text, vocabulary)
    meaning = _Builder(context).meaning(node)
    condition = context.coerce(meaning, Sort.BOOLEAN)
    if condition is None:
        raise BadExpression(f"expected boolean expression, but got {cel_type(meaning)}")
    return condition


def build_value(
    node: Node, text: str, vocabulary: Vocabulary, sorts: Sequence[Sort]
) -> tuple[Expression, Sort]:
    """The value of a checked expression, and its type: one of these.

    Raises:
        BadExpression: it is of none of these types, or uses what cannot be asked.
    """
    context = Context(text, vocabulary)
    meaning = _Builder(context).meaning(node)
    if isinstance(meaning, TagText):
        meaning = Known(Function("first", (meaning.tag,)), Sort.TEXT)
    own = [sort for sort in sorts if isinstance(meaning, Known) and meaning.sort is sort]
    for sort in own or sorts:
        if (expression := context.coerce(meaning, sort)) is not None:
            return expression, sort
    names = " or ".join(CEL_NAMES[sort] for sort in sorts)
    raise BadExpression(f"expected {names}, but got {cel_type(meaning)}: {text}")


class _Builder:
    def __init__(self, context: Context) -> None:
        self._context = context

    def meaning(self, node: Node) -> Meaning:
        match node:
            case Null():
                return Nothing()
            case Literal(_, value):
                if isinstance(value, int) and value > INT64_MAX:
                    raise self._context.error(node, "integer literal beyond 64 bits with a sign")
                return _constant(value)
            case Identifier(_, name):
                return self._variable(node, name)
            case Select():
                return self._test(node) if node.is_test else self._select(node)
            case List(_, elements):
                return Several(tuple(self.meaning(element) for element in elements))
            case Call():
                return self._call(node)
            case _:
                raise self._context.error(node, "unsupported CEL statement")

    def _variable(self, node: Node, name: str) -> Meaning:
        if name not in self._context.vocabulary.variables:
            raise self._context.error(node, f"undeclared reference to '{name}'")
        return self._context.vocabulary.variables[name].meaning

    def _select(self, node: Select) -> Meaning:
        return self._member(node, self.meaning(node.operand), node.field)

    def _member(self, node: Node, operand: Meaning, name: str) -> Meaning:
        match operand:
            case Path(steps):
                return Path((*steps, name))
            case Texts(steps):
                return Known(Payload((*steps, name), "text"), Sort.TEXT, within=ALWAYS)
            case Message(_, fields):
                if name not in fields:
                    raise self._context.error(node, f"undefined field '{name}'")
                return fields[name].meaning
            case Tags():
                return TagText(Tag(name))
            case Metrics():
                return Known(Metric(name), Sort.NUMBER)
            case Links():
                return Known(Link(name), Sort.TEXT)
            case _:
                raise self._context.error(node, f"unsupported CEL select statement: '{name}'")

    def _test(self, node: Select) -> Meaning:
        """`has(operand.field)`."""
        operand = self.meaning(node.operand)
        match operand:
            case Path(steps) | Texts(steps) | Message(steps):
                if isinstance(operand, Message):
                    self._member(node, operand, node.field)
                return Known(Payload((*steps, node.field), "is_there"), Sort.BOOLEAN)
            case Tags() | Metrics() | Links():
                found = self._member(node, operand, node.field)
                assert isinstance(found, Known | TagText)
                inner = found.tag if isinstance(found, TagText) else found.expression
                missing = Function("is_null", (inner,))
                return Known(Function("not", (missing,)), Sort.BOOLEAN)
            case _:
                raise self._context.error(node, "has() takes a field of a map")

    def _call(self, node: Call) -> Meaning:
        arguments = [self.meaning(argument) for argument in node.arguments]
        if node.function == "_[_]":
            return self._index(node, *arguments)
        known = OPERATORS.get(node.function) or CALLS.get(node.function)
        if known is None:
            problem = f"unsupported CEL `{node.function}` function statement"
            raise self._context.error(node, problem)
        return known(self._context, node, *arguments)

    def _index(self, node: Call, operand: Meaning, index: Meaning) -> Meaning:
        expression = index.expression if isinstance(index, Known) else None
        key = expression.value if isinstance(expression, Constant) else None
        if isinstance(key, str):
            return self._member(node, operand, key)
        is_index = isinstance(key, int) and not isinstance(key, bool) and 0 <= key < INDEX_MAX
        if is_index and isinstance(operand, Path):
            return Path((*operand.steps, str(key)))
        raise self._context.error(
            node, "unsupported CEL index statement: keys and indexes must be written out"
        )


def _constant(value: Value) -> Meaning:
    match value:
        case bool():
            return Known(Constant(value, Sort.BOOLEAN), Sort.BOOLEAN)
        case int():
            return Known(Constant(value, Sort.INTEGER), Sort.INTEGER)
        case float():
            return Known(Constant(value, Sort.NUMBER), Sort.NUMBER)
        case _:
            return Known(Constant(value, Sort.TEXT), Sort.TEXT)
