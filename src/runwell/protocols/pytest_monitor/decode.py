"""Bytes -> wire structs: one typed decode, and a slow look at every field when that fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar, cast, get_type_hints

import msgspec
from msgspec import inspect

from runwell.http import numbers
from runwell.http.numbers import INT64_MAX, INT64_MIN
from runwell.protocols.pytest_monitor import wire
from runwell.protocols.pytest_monitor.errors import Malformed, ValidationFailed

Shape = TypeVar("Shape", bound=msgspec.Struct)
SHOWN_CHARS = 80
PATH_CHARS = 200


class Reader(Generic[Shape]):
    """Decodes one shape, under its wire names or its documented ones; the wire name wins."""

    def __init__(self, shape: type[Shape], aliases: Mapping[str, str]) -> None:
        self._shape = shape
        self._aliases = aliases
        self._decode: Callable[[bytes | str], Shape] = msgspec.json.Decoder(_exact(shape)).decode
        info = inspect.type_info(shape)
        assert isinstance(info, inspect.StructType)
        self._fields = info.fields
        self._types = get_type_hints(shape, include_extras=True)

    def read(self, body: bytes | str, defaults: Mapping[str, str] | None = None) -> Shape:
        """Decode a body; `defaults` are values that the path gave.

        Raises:
            Malformed: not JSON.
            ValidationFailed: some fields are missing or wrong; each is named.
        """
        try:
            return self._decode(body)
        except (msgspec.ValidationError, RecursionError):
            return self._read_slowly(body, defaults or {})
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if not body.strip():
                raise ValidationFailed({"": "None is not of type 'object'"}) from error
            raise Malformed(str(error)) from error

    def _read_slowly(self, body: bytes | str, defaults: Mapping[str, str]) -> Shape:
        try:
            given = msgspec.json.decode(body)
        except (msgspec.MsgspecError, RecursionError) as error:  # a number past all bounds, say
            path = numbers.past_bounds(body)
            raise Malformed(f"{path[:PATH_CHARS]}: {error}" if path else str(error)) from error
        if not isinstance(given, dict):
            raise ValidationFailed({"": f"{shown(given)} is not of type 'object'"})
        named = {self._aliases.get(name, name): value for name, value in given.items()}
        complete = {**defaults, **named, **{name: given[name] for name in named if name in given}}
        self._make_whole(complete)
        if errors := self._problems(complete):
            raise ValidationFailed(errors)
        return msgspec.convert(complete, self._shape)

    def _make_whole(self, given: dict[str, Any]) -> None:
        """`2.0` is an integer, as it is to the validator that the original uses."""
        for field in self._fields:
            value = given.get(field.name)
            if isinstance(field.type, inspect.IntType) and isinstance(value, float):
                given[field.name] = int(value) if value.is_integer() else value

    def _problems(self, given: Mapping[str, Any]) -> dict[str, str]:
        """Field -> what is wrong, in the words of the validator that the original uses."""
        errors = {}
        for field in self._fields:
            if field.name not in given:
                if field.required:
                    errors[field.name] = f"{field.name!r} is a required property"
            elif problem := _problem(given[field.name], field.type, self._types[field.name]):
                errors[field.name] = problem
        unknown = {name: value for name, value in given.items() if name not in self._types}
        return errors | beyond_int64(unknown)


def _exact(shape: type[Shape]) -> type[Shape]:
    """The shape, but a key that it does not know fails: the slow way looks at the value first."""
    exact = msgspec.defstruct(
        f"Exact{shape.__name__}",
        (),
        bases=(shape,),
        frozen=True,
        gc=False,
        forbid_unknown_fields=True,
    )
    return cast("type[Shape]", exact)


def beyond_int64(value: Any, path: str = "") -> dict[str, str]:
    """Path -> what is wrong, for the first integer that the store cannot hold."""
    if found := numbers.beyond_int64(value, path):
        place, number = found
        return {place[:PATH_CHARS]: _not_between(number, INT64_MIN, INT64_MAX)}
    return {}


def _problem(value: Any, wanted: inspect.Type, annotation: Any) -> str:
    try:
        msgspec.convert(value, annotation)
    except msgspec.ValidationError:
        return _complaint(value, wanted)
    return ""


def _complaint(value: Any, wanted: inspect.Type) -> str:
    main = _main(wanted)
    word, plain = WORDS[type(main)]
    try:
        msgspec.convert(value, plain)
    except msgspec.ValidationError:
        return f"{shown(value)} is not of type {word!r}"
    if isinstance(main, inspect.StrType):
        return f"{shown(value)} is too long (at most {main.max_length} characters)"
    low, high = getattr(main, "ge", None), getattr(main, "le", None)
    if low is None or high is None:  # `integer | number`: any number, but only so large an integer
        low, high = INT64_MIN, INT64_MAX
    return _not_between(value, low, high)


def _not_between(value: float, low: float, high: float) -> str:
    return f"{shown(value)} is not between {low} and {high}"


WORDS: dict[type[inspect.Type], tuple[str, Any]] = {
    inspect.StrType: ("string", str),
    inspect.IntType: ("integer", int),
    inspect.FloatType: ("number", float),
    inspect.DictType: ("object", dict),
}


def _main(wanted: inspect.Type) -> inspect.Type:
    """The type itself, or of a union the last that is not null: `integer | number` is a number."""
    if isinstance(wanted, inspect.UnionType):
        return [part for part in wanted.types if not isinstance(part, inspect.NoneType)][-1]
    return wanted


def shown(value: Any) -> str:
    """A value as the error texts show it."""
    text = repr(value)
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}..."


METRICS = Reader(wire.Metric, wire.METRIC_ALIASES)
CONTEXTS = Reader(wire.Context, wire.CONTEXT_ALIASES)
SESSIONS = Reader(wire.Session, wire.SESSION_ALIASES)
