"""What is wrong with an expression, in the words and the form of cel-go: place, line and caret."""

from __future__ import annotations

import unicodedata

from runwell.errors import BadQuery

WIDE = ("W", "F")  # characters that take two places: their dot does as well


class BadExpression(BadQuery):
    """The filter is no expression that can be asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message, pointer="filter")


def at(text: str, offset: int, problem: str) -> BadExpression:
    """A problem at a character of the text.

    >>> print(at("name == 1", 5, "no").message)
    ERROR: <input>:1:6: no
     | name == 1
     | .....^
    """
    before = text[:offset]
    line = before.count("\n")
    column = offset - (before.rfind("\n") + 1)
    source = text.split("\n")[line].replace("\t", " ")
    dots = "".join("．" if _is_wide(letter) else "." for letter in source[:column])  # noqa: RUF001 - as wide as the letter
    return BadExpression(
        f"ERROR: <input>:{line + 1}:{column + 1}: {problem}\n | {source}\n | {dots}^"
    )


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in WIDE
