"""Every place in a value, and the value with something else there."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Those of leaves and of what holds them, the whole first."""
    yield path
    inside: Any = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for name, item in inside:
        yield from paths(item, (*path, name))


def put(value: Any, path: Path, new: Any) -> None:
    """Put something there; the value is changed."""
    *above, last = path
    for step in above:
        value = value[step]
    value[last] = new


def with_other(value: Any, path: Path, new: Any) -> Any:
    """The value with something else there."""
    if not path:
        return new
    other = copy.deepcopy(value)
    put(other, path, new)
    return other


def without(value: Any, path: Path) -> Any:
    """The value without what is there."""
    other = copy.deepcopy(value)
    inner = other
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return other
