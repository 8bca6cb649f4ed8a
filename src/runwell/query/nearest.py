"""The name that somebody may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

TEXT_CHARS = 100  # of what was asked: no name is longer


def nearest(text: str, names: Iterable[str]) -> str:
    """`; did you mean ...?` if some name is close, in small letters or capitals; else nothing.

    >>> nearest("Pipelin", ["name", "pipeline"])
    "; did you mean 'pipeline'?"
    """
    by_letters = {str(name).lower(): str(name) for name in names}
    close = difflib.get_close_matches(text[:TEXT_CHARS].lower(), by_letters, n=1)
    return f"; did you mean {by_letters[close[0]]!r}?" if close else ""
