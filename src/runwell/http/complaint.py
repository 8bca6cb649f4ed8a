"""What a typed decoder complains of -> where it stands, and what is wrong there. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

AT, END = " - at `$", "`"  # around the place
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
    # the last of them: what was sent may be quoted before it, and look like one
    problem, mark, place = str(error).rpartition(AT)
    if not mark or not place.endswith(END):
        problem, place = str(error), ""
    path = place.removesuffix(END).removeprefix(".")
    if missing := MISSING.search(problem):
        return Complaint(f"{path}.{missing[1]}" if path else missing[1], problem, is_missing=True)
    return Complaint(path, problem, is_missing=False)
