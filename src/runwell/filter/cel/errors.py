"""What is wrong with an expression, in the words and the form of cel-go: place, line and caret."""

from __future__ import annotations

from runwell.errors import BadQuery

DOT, CARET = ".", "^"
WIDE_DOT, WIDE_CARET = "\uff0e", "\uff3e"  # below a letter of more than one byte


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
    dots = "".join(DOT if letter.isascii() else WIDE_DOT for letter in source[:column])
    caret = CARET if source[column : column + 1].isascii() else WIDE_CARET
    return BadExpression(
        f"ERROR: <input>:{line + 1}:{column + 1}: {problem}\n | {source}\n | {dots}{caret}"
    )
