"""CEL's functions: of texts, times and durations, sizes, conversions."""

from __future__ import annotations

from collections.abc import Callable

from runwell.filter.cel.coerce import LOOSE, Context
from runwell.filter.cel.literals import is_zone, read_duration, read_offset, read_time
from runwell.filter.cel.meaning import Known, Meaning, Path, Several, Sum, TagText
from runwell.filter.cel.operators import EACH
from runwell.filter.cel.patterns import problem_of
from runwell.filter.cel.syntax import Call as CallNode
from runwell.filter.tree import AnyOf, Call, Constant, Expression, Payload, Sort

REGEX_CHARS_MAX = 512
SECOND_US = 1_000_000
TEXT_TESTS = {
    "contains": "contains",
    "startsWith": "starts_with",
    "endsWith": "ends_with",
    "matches": "matches",
}
# name -> (function, what CEL counts from 0 and the function from 1)
TIME_PARTS = {
    "getFullYear": ("year", 0),
    "getMonth": ("month", 1),
    "getDate": ("day", 0),
    "getDayOfMonth": ("day", 1),
    "getDayOfWeek": ("day_of_week", 0),
    "getDayOfYear": ("day_of_year", 1),
    "getHours": ("hour", 0),
    "getMinutes": ("minute", 0),
    "getSeconds": ("second", 0),
    "getMilliseconds": ("millisecond", 0),
}
DURATION_PARTS = {
    "getHours": 3600 * SECOND_US,
    "getMinutes": 60 * SECOND_US,
    "getSeconds": SECOND_US,
}
CONVERSIONS: dict[str, dict[Sort, tuple[str, Sort]]] = {
    "int": {
        Sort.TEXT: ("int_of_text", Sort.INTEGER),
        Sort.NUMBER: ("int_of_number", Sort.INTEGER),
        Sort.TIME: ("seconds_of_time", Sort.INTEGER),
    },
    "double": {
        Sort.TEXT: ("number_of_text", Sort.NUMBER),
        Sort.INTEGER: ("number_of_int", Sort.NUMBER),
    },
    "string": {
        Sort.INTEGER: ("text_of_int", Sort.TEXT),
        Sort.BOOLEAN: ("text_of_boolean", Sort.TEXT),
        Sort.TIME: ("text_of_time", Sort.TEXT),
        Sort.DURATION: ("text_of_duration", Sort.TEXT),
    },
    "bool": {},
    "timestamp": {
        Sort.TEXT: ("time_of_text", Sort.TIME),
        Sort.INTEGER: ("time_of_seconds", Sort.TIME),
    },
    "duration": {},
}
CONVERSIONS["uint"] = CONVERSIONS["int"]
RESULTS = {
    "int": Sort.INTEGER,
    "uint": Sort.INTEGER,
    "double": Sort.NUMBER,
    "string": Sort.TEXT,
    "bool": Sort.BOOLEAN,
    "timestamp": Sort.TIME,
    "duration": Sort.DURATION,
}


def test_text(context: Context, node: CallNode, text: Meaning, part: Meaning) -> Known:
    """`contains startsWith endsWith matches`."""
    wanted = context.coerce(part, Sort.TEXT)
    tested = EACH.expression if isinstance(text, TagText) else context.coerce(text, Sort.TEXT)
    if wanted is None or tested is None:
        raise context.mismatch(node, node.function, (text, part), is_member=node.is_member)
    if node.function == "matches":
        _check_pattern(context, node, wanted)
    test = Call(TEXT_TESTS[node.function], (tested, wanted))
    return Known(AnyOf(text.tag, test) if isinstance(text, TagText) else test, Sort.BOOLEAN)


def _check_pattern(context: Context, node: CallNode, pattern: Expression) -> None:
    if not isinstance(pattern, Constant) or not isinstance(pattern.value, str):
        raise context.error(node, "matches() takes a regular expression that is written out")
    if len(pattern.value) > REGEX_CHARS_MAX:
        raise context.error(node, f"regular expression exceeds {REGEX_CHARS_MAX} characters")
    if problem := problem_of(pattern.value):
        raise context.error(node, problem)


def size(context: Context, node: CallNode, value: Meaning) -> Known:
    """Characters of a text, members of a list or of JSON."""
    match value:
        case Path(steps):
            return Known(Payload(steps, "length"), Sort.INTEGER)
        case TagText(tag):
            return Known(Call("count", (tag,)), Sort.INTEGER)
        case Several(items):
            return Known(Constant(len(items), Sort.INTEGER), Sort.INTEGER)
        case Known(expression, Sort.TEXT):
            return Known(Call("text_length", (expression,)), Sort.INTEGER)
        case _:
            raise context.mismatch(node, "size", (value,), is_member=node.is_member)


def time_part(context: Context, node: CallNode, value: Meaning, *zone: Meaning) -> Known:
    """`getHours()` and the like of a time, also in a zone; of a duration where CEL has it."""
    if isinstance(value, Sum) and (between := context.coerce(value, Sort.DURATION)) is not None:
        value = Known(between, Sort.DURATION)
    if isinstance(value, Known) and value.sort is Sort.DURATION and not zone:
        return _duration_part(context, node, value)
    moment = context.coerce(value, Sort.TIME)
    if moment is None:
        raise context.mismatch(node, node.function, (value, *zone), is_member=True)
    for one in zone:
        moment = _in_zone(context, node, moment, one)
    function, first = TIME_PARTS[node.function]
    part: Expression = Call(function, (moment,))
    if first:
        part = Call("subtract", (part, Constant(first, Sort.INTEGER)))
    return Known(part, Sort.INTEGER)


def _duration_part(context: Context, node: CallNode, value: Known) -> Known:
    if node.function == "getMilliseconds":
        rest = Call("modulo", (value.expression, Constant(SECOND_US, Sort.INTEGER)))
        return Known(Call("divide", (rest, Constant(1000, Sort.INTEGER))), Sort.INTEGER)
    if node.function not in DURATION_PARTS:
        raise context.mismatch(node, node.function, (value,), is_member=True)
    unit = Constant(DURATION_PARTS[node.function], Sort.INTEGER)
    return Known(Call("divide", (value.expression, unit)), Sort.INTEGER)


def _in_zone(context: Context, node: CallNode, moment: Expression, zone: Meaning) -> Expression:
    name = _written(zone)
    if not isinstance(name, str):
        raise context.error(node, f"{node.function}() takes a zone that is written out")
    offset = read_offset(name)
    if offset is not None:
        return Call("time_plus", (moment, Constant(offset, Sort.DURATION)))
    if not is_zone(name):
        raise context.error(node, f"unknown time zone {name[:80]}")
    return Call("at_zone", (moment, Constant(name, Sort.TEXT)))


def _written(meaning: Meaning) -> object:
    expression = meaning.expression if isinstance(meaning, Known) else None
    return expression.value if isinstance(expression, Constant) else None


def convert(context: Context, node: CallNode, value: Meaning) -> Known:
    """`int double string bool timestamp duration` of a value."""
    wanted = RESULTS[node.function]
    written = _written(value)
    if isinstance(written, str) and node.function in ("timestamp", "duration"):
        return _constant_time(context, node, written)
    if isinstance(value, LOOSE):
        return _converted_json(context, node, value, wanted)
    if isinstance(value, Known):
        if value.sort is wanted:
            return value
        if value.sort in CONVERSIONS[node.function]:
            function, result = CONVERSIONS[node.function][value.sort]
            return Known(Call(function, (value.expression,)), result)
    raise context.mismatch(node, node.function, (value,))


def _converted_json(context: Context, node: CallNode, value: Meaning, wanted: Sort) -> Known:
    """Numbers are also read from texts."""
    if wanted in (Sort.INTEGER, Sort.NUMBER):
        text = context.coerce(value, Sort.TEXT)
        number = None if text is None else Call("number_of_text", (text,))
        if number is not None and wanted is Sort.INTEGER:
            number = Call("int_of_number", (number,))
        expression: Expression | None = number
    else:
        expression = context.coerce(value, wanted)
    if expression is None:
        raise context.mismatch(node, node.function, (value,))
    return Known(expression, wanted)


def _constant_time(context: Context, node: CallNode, text: str) -> Known:
    if node.function == "timestamp":
        us, sort, example = read_time(text), Sort.TIME, "2026-01-31T12:00:00Z"
    else:
        us, sort, example = read_duration(text), Sort.DURATION, "1h30m, up to 290 years"
    if us is None:
        problem = f"{node.function}: {text[:80]!r} is none; write it like {example}"
        raise context.error(node, problem)
    return Known(Constant(us, sort), sort)


CALLS: dict[str, Callable[..., Meaning]] = {
    **dict.fromkeys(TEXT_TESTS, test_text),
    **dict.fromkeys(TIME_PARTS, time_part),
    **dict.fromkeys(RESULTS, convert),
    "size": size,
    "dyn": lambda _context, _node, value: value,
}
