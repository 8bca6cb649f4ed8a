"""What a typed decoder complains of -> where it stands, and what is wrong there. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

PATH = re.compile(r"^(.*?)(?: - at `\$\.?(.*)`)?$", re.DOTALL)
MISSING = re.compile(r"Object missing required field `(\w+)`")


class Complaint(NamedTuple):
    """A place like `events[0].id` ("" for the whole), the problem, and whether it is missing."""

    path: str
    problem: str
    is_missing: bool


def complaint_of(error: msgspec.ValidationError) -> Complaint:
    """Take msgspec's text apart.

    >>> complaint_of(msgspec.ValidationError("Expected `int`, got `str` - at `$.a[0]`")).path
    'a[0]'
    """
    found = PATH.match(str(error))
    assert found is not None
    problem, path = found[1], found[2] or ""
    if missing := MISSING.search(problem):
        return Complaint(f"{path}.{missing[1]}" if path else missing[1], problem, is_missing=True)
    return Complaint(path, problem, is_missing=False)
