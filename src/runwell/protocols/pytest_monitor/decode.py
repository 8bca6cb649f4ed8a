"""Bytes -> wire structs: one typed decode, and a slow look at every field when that fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import inspect

from runwell.protocols.pytest_monitor import wire
from runwell.protocols.pytest_monitor.errors import Malformed, ValidationFailed

Shape = TypeVar("Shape", bound=msgspec.Struct)
SHOWN_CHARS = 80


class Reader(Generic[Shape]):
    """Decodes one shape, under its wire names or its documented ones; the wire name wins."""

    def __init__(self, shape: type[Shape], aliases: Mapping[str, str]) -> None:
        self._shape = shape
        self._aliases = aliases
        self._decode: Callable[[bytes | str], Shape] = msgspec.json.Decoder(shape).decode
        info = inspect.type_info(shape)
        assert isinstance(info, inspect.StructType)
        self._fields = info.fields

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
            raise Malformed(str(error)) from error
        if not isinstance(given, dict):
            raise ValidationFailed({"": f"{shown(given)} is not of type 'object'"})
        named = {self._aliases.get(name, name): value for name, value in given.items()}
        complete = {**defaults, **named, **{name: given[name] for name in named if name in given}}
        if errors := self._problems(complete):
            raise ValidationFailed(errors)
        return msgspec.convert(complete, self._shape)

    def _problems(self, given: Mapping[str, Any]) -> dict[str, str]:
        """Field -> what is wrong, in the words of the validator that the original uses."""
        errors = {}
        for field in self._fields:
            if field.name not in given:
                if field.required:
                    errors[field.name] = f"{field.name!r} is a required property"
            elif problem := _problem(given[field.name], field.type):
                errors[field.name] = problem
        return errors


def _problem(value: Any, wanted: inspect.Type) -> str:
    try:
        msgspec.convert(value, _plain_type(wanted))
    except msgspec.ValidationError:
        return f"{shown(value)} is not of type {_word(wanted)!r}"
    limit = getattr(_main(wanted), "max_length", None)
    if limit is not None and isinstance(value, str) and len(value) > limit:
        return f"{shown(value)} is too long (at most {limit} characters)"
    low, high = getattr(_main(wanted), "ge", None), getattr(_main(wanted), "le", None)
    if low is not None and high is not None and value is not None and not low <= value <= high:
        return f"{shown(value)} is not between {low} and {high}"
    return ""


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


def _word(wanted: inspect.Type) -> str:
    return WORDS[type(_main(wanted))][0]


def _plain_type(wanted: inspect.Type) -> Any:
    plain = WORDS[type(_main(wanted))][1]
    is_union = isinstance(wanted, inspect.UnionType)
    return plain | None if is_union and wanted.includes_none else plain  # type: ignore[attr-defined]


def shown(value: Any) -> str:
    """A value as the error texts show it."""
    text = repr(value)
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}..."


METRICS = Reader(wire.Metric, wire.METRIC_ALIASES)
CONTEXTS = Reader(wire.Context, wire.CONTEXT_ALIASES)
SESSIONS = Reader(wire.Session, wire.SESSION_ALIASES)
