"""CEL's operators: comparisons, logic, `in`, arithmetic of numbers, texts, times and durations."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from runwell.filter.cel.coerce import LOOSE, Context
from runwell.filter.cel.meaning import (
    Choice,
    Known,
    Links,
    Meaning,
    Metrics,
    Nothing,
    Path,
    Several,
    Sum,
    Tags,
    TagText,
    Texts,
)
from runwell.filter.cel.syntax import Call as CallNode
from runwell.filter.tree import (
    AnyOf,
    Call,
    Constant,
    Each,
    Expression,
    HasMember,
    Link,
    Metric,
    Payload,
    Sort,
    Tag,
)

COMPARISONS = {"_==_": "eq", "_!=_": "ne", "_<_": "lt", "_<=_": "le", "_>_": "gt", "_>=_": "ge"}
EACH = Known(Each(), Sort.TEXT)
NUMERIC = (Sort.INTEGER, Sort.NUMBER)
# (operator, left, right) -> (function, result)
ARITHMETIC = {
    ("_+_", Sort.TEXT, Sort.TEXT): ("concat", Sort.TEXT),
    ("_+_", Sort.INTEGER, Sort.INTEGER): ("add", Sort.INTEGER),
    ("_-_", Sort.INTEGER, Sort.INTEGER): ("subtract", Sort.INTEGER),
    ("_*_", Sort.INTEGER, Sort.INTEGER): ("multiply", Sort.INTEGER),
    ("_/_", Sort.INTEGER, Sort.INTEGER): ("divide", Sort.INTEGER),
    ("_%_", Sort.INTEGER, Sort.INTEGER): ("modulo", Sort.INTEGER),
    ("_+_", Sort.NUMBER, Sort.NUMBER): ("float_add", Sort.NUMBER),
    ("_-_", Sort.NUMBER, Sort.NUMBER): ("float_subtract", Sort.NUMBER),
    ("_*_", Sort.NUMBER, Sort.NUMBER): ("float_multiply", Sort.NUMBER),
    ("_/_", Sort.NUMBER, Sort.NUMBER): ("float_divide", Sort.NUMBER),
    ("_+_", Sort.TIME, Sort.DURATION): ("time_plus", Sort.TIME),
    ("_-_", Sort.TIME, Sort.TIME): ("between_times", Sort.DURATION),
    ("_+_", Sort.DURATION, Sort.DURATION): ("add", Sort.DURATION),
    ("_-_", Sort.DURATION, Sort.DURATION): ("subtract", Sort.DURATION),
}
# What a place in the payload is taken for beside a value of this type.
BESIDE = {
    ("_-_", Sort.TIME): Sort.TIME,
    ("_+_", Sort.TEXT): Sort.TEXT,
    ("_+_", Sort.DURATION): Sort.TIME,
    ("_-_", Sort.DURATION): Sort.TIME,
}


def compare(context: Context, node: CallNode, left: Meaning, right: Meaning) -> Known:
    """`== != < <= > >=`."""
    operator = COMPARISONS[node.function]
    if isinstance(left, Nothing) or isinstance(right, Nothing):
        return _compare_null(context, node, left, right)
    if isinstance(left, TagText) or isinstance(right, TagText):
        return _compare_tag(context, node, left, right)
    context.check_word(node, left, right)
    sort = _common(left, right)
    parts = (context.coerce(left, sort), context.coerce(right, sort))
    if parts[0] is None or parts[1] is None:
        raise context.mismatch(node, node.function, (left, right))
    compared: Expression = Call(operator, (parts[0], parts[1]))
    if operator == "eq":
        compared = _false_where_missing(compared, left, right)
    return Known(compared, Sort.BOOLEAN)


def _common(left: Meaning, right: Meaning) -> Sort:
    """The type both sides are compared as: two places in the payload as texts, or numbers."""
    known = [side.sort for side in (left, right) if isinstance(side, Known)]
    if not known:
        sums = [side.function for side in (left, right) if isinstance(side, Sum)]
        return Sort.NUMBER if "_-_" in sums else Sort.TEXT
    if len(known) == 1:
        return Sort.NUMBER if known[0] is Sort.INTEGER else known[0]
    if known[0] is not known[1] and set(known) <= set(NUMERIC):
        return Sort.NUMBER
    return known[0]


def _false_where_missing(compared: Expression, *sides: Meaning) -> Expression:
    """A key that is missing from a map that is there differs from everything."""
    for side in sides:
        if isinstance(side, Known) and side.within is not None:
            return Call("false_unless", (compared, side.within))
        if isinstance(side, Path) and len(side.steps) == 1:
            return Call("false_unless", (compared, Payload((), "is_there")))
    return compared


def _compare_null(context: Context, node: CallNode, left: Meaning, right: Meaning) -> Known:
    other = right if isinstance(left, Nothing) else left
    missing: Expression
    match other:
        case Path(steps):
            missing = Call("not", (Payload(steps, "is_there"),))
        case Known(expression):
            missing = Call("is_null", (expression,))
        case TagText(tag):
            missing = Call("is_null", (tag,))
        case Nothing():
            missing = Constant(value=True, sort=Sort.BOOLEAN)
        case _:
            raise context.mismatch(node, node.function, (left, right))
    if node.function not in ("_==_", "_!=_"):
        raise context.mismatch(node, node.function, (left, right))
    return Known(missing if node.function == "_==_" else Call("not", (missing,)), Sort.BOOLEAN)


def _compare_tag(context: Context, node: CallNode, left: Meaning, right: Meaning) -> Known:
    tag, other = (left, right) if isinstance(left, TagText) else (right, left)
    text = None if isinstance(other, TagText) else context.coerce(other, Sort.TEXT)
    if not isinstance(tag, TagText) or text is None:
        raise context.mismatch(node, node.function, (left, right))
    arguments = (Each(), text) if tag is left else (text, Each())
    if node.function == "_!=_":
        return Known(Call("not", (AnyOf(tag.tag, Call("eq", arguments)),)), Sort.BOOLEAN)
    return Known(AnyOf(tag.tag, Call(COMPARISONS[node.function], arguments)), Sort.BOOLEAN)


def logic(context: Context, node: CallNode, *sides: Meaning) -> Known:
    """`&& || !`."""
    parts = [context.coerce(side, Sort.BOOLEAN) for side in sides]
    if None in parts:
        raise context.mismatch(node, node.function, sides)
    name = {"_&&_": "and", "_||_": "or", "!_": "not"}[node.function]
    return Known(Call(name, tuple(part for part in parts if part is not None)), Sort.BOOLEAN)


def choose(
    context: Context, node: CallNode, condition: Meaning, then: Meaning, otherwise: Meaning
) -> Meaning:
    """`condition ? then : otherwise`."""
    test = context.coerce(condition, Sort.BOOLEAN)
    if test is None:
        raise context.mismatch(node, node.function, (condition, then, otherwise))
    if isinstance(then, LOOSE) or isinstance(otherwise, LOOSE):
        return Choice(test, then, otherwise)
    if not isinstance(then, Known) or not isinstance(otherwise, Known):
        raise context.mismatch(node, node.function, (condition, then, otherwise))
    sort = _common(then, otherwise)
    parts = (context.coerce(then, sort), context.coerce(otherwise, sort))
    if parts[0] is None or parts[1] is None:
        raise context.mismatch(node, node.function, (condition, then, otherwise))
    return Known(Call("if", (test, parts[0], parts[1])), sort)


def is_in(context: Context, node: CallNode, item: Meaning, place: Meaning) -> Known:
    """`item in place`: a written list, a map's keys, a tag's texts, JSON."""
    if isinstance(place, Several):
        return _in_list(context, node, item, place)
    name = item.expression if isinstance(item, Known) else None
    key = name.value if isinstance(name, Constant) and isinstance(name.value, str) else None
    found: Expression | None = None
    match place:
        case Path(steps):
            member = context.coerce(item, Sort.TEXT)
            found = None if member is None else HasMember(steps, member)
        case TagText(tag) if not isinstance(item, TagText):
            text = context.coerce(item, Sort.TEXT)
            found = None if text is None else AnyOf(tag, Call("eq", (Each(), text)))
        case Texts(steps) if key is not None:
            found = Payload((*steps, key), "is_there")
        case Tags() if key is not None:
            found = Call("not", (Call("is_null", (Tag(key),)),))
        case Metrics() if key is not None:
            found = Call("not", (Call("is_null", (Metric(key),)),))
        case Links() if key is not None:
            found = Call("not", (Call("is_null", (Link(key),)),))
    if found is None:
        raise context.mismatch(node, node.function, (item, place))
    return Known(found, Sort.BOOLEAN)


def _in_list(context: Context, node: CallNode, item: Meaning, place: Several) -> Known:
    if not place.items:
        return Known(Constant(value=False, sort=Sort.BOOLEAN), Sort.BOOLEAN)
    for one in place.items:
        context.check_word(node, item, one)
    text = None if isinstance(item, TagText) else context.coerce(item, Sort.TEXT)
    written = [_written_text(one) for one in place.items]
    texts = tuple(one for one in written if one is not None)
    if text is not None and len(texts) == len(written):
        return Known(Call("one_of", (text, Constant(texts, Sort.TEXTS))), Sort.BOOLEAN)
    equal = CallNode(node.offset, "_==_", node.arguments, is_member=False)
    tests = [compare(context, equal, item, one).expression for one in place.items]
    return Known(reduce(lambda one, other: Call("or", (one, other)), tests), Sort.BOOLEAN)


def _written_text(meaning: Meaning) -> str | None:
    expression = meaning.expression if isinstance(meaning, Known) else None
    value = expression.value if isinstance(expression, Constant) else None
    return value if isinstance(value, str) else None


def arithmetic(context: Context, node: CallNode, left: Meaning, right: Meaning) -> Meaning:
    """`+ - * / %`."""
    loose = [isinstance(side, LOOSE) for side in (left, right)]
    if all(loose) and node.function in ("_+_", "_-_"):
        return Sum(node.function, left, right)
    sorts = _sorts(node.function, left, right, loose)
    if sorts and sorts == (Sort.DURATION, Sort.TIME) and node.function == "_+_":
        left, right, sorts = right, left, (Sort.TIME, Sort.DURATION)
    if sorts == (Sort.TIME, Sort.DURATION) and node.function == "_-_":
        minus = context.coerce(right, Sort.DURATION)
        right = Known(Call("negate", (minus,)), Sort.DURATION) if minus is not None else right
        return _applied(context, node, ("time_plus", Sort.TIME), sorts, left, right)
    found = sorts and ARITHMETIC.get((node.function, *sorts))
    if not found or not sorts:
        raise context.mismatch(node, node.function, (left, right))
    return _applied(context, node, found, sorts, left, right)


def _sorts(
    function: str, left: Meaning, right: Meaning, loose: list[bool]
) -> tuple[Sort, Sort] | None:
    """The types of both sides, with JSON as what suits the other side."""
    if function == "_%_" and any(loose):
        return Sort.INTEGER, Sort.INTEGER
    if all(loose):
        return Sort.NUMBER, Sort.NUMBER
    if loose[0] and isinstance(right, Known):
        return _beside(function, left, right.sort), _number_beside(right.sort)
    if loose[1] and isinstance(left, Known):
        return _number_beside(left.sort), _beside(function, right, left.sort)
    if isinstance(left, Known) and isinstance(right, Known):
        if left.sort is not right.sort and {left.sort, right.sort} <= set(NUMERIC):
            return Sort.NUMBER, Sort.NUMBER
        return left.sort, right.sort
    return None


def _beside(function: str, loose: Meaning, sort: Sort) -> Sort:
    if sort is Sort.DURATION and isinstance(loose, Sum) and loose.function == "_-_":
        return Sort.DURATION
    return BESIDE.get((function, sort), Sort.NUMBER)


def _number_beside(sort: Sort) -> Sort:
    return Sort.NUMBER if sort is Sort.INTEGER else sort


def _applied(
    context: Context,
    node: CallNode,
    found: tuple[str, Sort],
    sorts: tuple[Sort, Sort],
    left: Meaning,
    right: Meaning,
) -> Known:
    parts = (context.coerce(left, sorts[0]), context.coerce(right, sorts[1]))
    if parts[0] is None or parts[1] is None:
        raise context.mismatch(node, node.function, (left, right))
    return Known(Call(found[0], (parts[0], parts[1])), found[1])


def negate(context: Context, node: CallNode, value: Meaning) -> Known:
    """`-value`."""
    sort = value.sort if isinstance(value, Known) else Sort.NUMBER
    expression = context.coerce(value, sort)
    if expression is None or sort not in (*NUMERIC, Sort.DURATION):
        raise context.mismatch(node, node.function, (value,))
    return Known(Call("float_negate" if sort is Sort.NUMBER else "negate", (expression,)), sort)


OPERATORS: dict[str, Callable[..., Meaning]] = {
    **dict.fromkeys(COMPARISONS, compare),
    **dict.fromkeys(("_&&_", "_||_", "!_"), logic),
    **dict.fromkeys(("_+_", "_-_", "_*_", "_/_", "_%_"), arithmetic),
    "-_": negate,
    "_?_:_": choose,
    "@in": is_in,
}
