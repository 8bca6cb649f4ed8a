"""Partial answers: which fields `?fields=` names, and an answer with nothing but these. Pure.

Names are proto names from the answer's root, as in `records.data.value.metadata.name`. A path
goes through lists. What it does not reach is silently nothing; but below `data.value`, where the
object is not of this API, it is null.
"""

from __future__ import annotations

from typing import Any

import msgspec

from runwell.errors import BadParameter

NAMES_MAX = 96  # of all paths together: every one is looked for in every record

# A name -> what to keep below it. An empty one keeps everything.
Mask = dict[str, "Mask"]

_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
NULL = msgspec.Raw(b"null")


def parse_fields(text: str | None) -> Mask:
    """A comma-separated list of paths; blanks around them and empty ones mean nothing.

    A field that is named whole is kept whole, even if a path below it is named, too.

    Raises:
        BadParameter: too many names.
    """
    mask: Mask = {}
    paths = [path.strip().split(".") for path in (text or "").split(",") if path.strip()]
    names = sum(map(len, paths))
    if names > NAMES_MAX:
        raise BadParameter("fields", f"{names} names in all paths; {NAMES_MAX} is the most")
    for path in paths:
        _add(mask, path)
    return mask


def apply(answer: msgspec.Struct, mask: Mask) -> Any:
    """The answer as plain objects with the named fields only, ready to be encoded as JSON."""
    plain = msgspec.to_builtins(answer, builtin_types=(bytes,))
    return _kept(plain, mask) if mask else plain


def _add(mask: Mask, names: list[str]) -> None:
    name, *below = names
    if not below:
        mask[name] = {}
    elif mask.get(name) != {}:  # else it is kept whole already
        _add(mask.setdefault(name, {}), below)


def _kept(value: Any, mask: Mask) -> Any:
    match value:
        case dict():
            return {
                name: _kept(item, mask[name]) if mask[name] else item
                for name, item in value.items()
                if name in mask and (not mask[name] or isinstance(item, dict | list | bytes))
            }
        case list():
            return [_kept(item, mask) for item in value]
    return _encode(_picked(value, mask))


def _picked(text: bytes | msgspec.Raw, mask: Mask) -> Any:
    """The members of a JSON object that are named; their own bytes are kept where they end."""
    if not mask:
        return text
    try:
        members = _members_of(text)
    except msgspec.ValidationError:  # a list, a text, a number
        members = {}
    return {name: _picked(members.get(name, NULL), below) for name, below in mask.items()}
