"""Our errors -> PostgreSQL's: a code of five letters and a text."""

from __future__ import annotations

import re

from runwell import errors
from runwell.pgwire.messages import Complaint

# Appendix "PostgreSQL Error Codes". The first class that an error is of counts.
CODES: tuple[tuple[type[errors.Error], str], ...] = (
    (errors.BadSyntax, "42601"),
    (errors.UnknownRelation, "42P01"),
    (errors.UnknownColumn, "42703"),
    (errors.BadValue, "22000"),
    (errors.ReadOnly, "25006"),
    (errors.ClosedHere, "42501"),
    (errors.BadQuery, "42000"),
    (errors.QueryTooLong, "57014"),
    (errors.TooLarge, "54000"),
    (errors.Overloaded, "53000"),
    (errors.NotCaughtUp, "55000"),
    (errors.Stopping, "57P01"),
    (errors.StorageFailed, "57P01"),
    (errors.Unreadable, "58030"),
    (errors.Unauthorized, "28P01"),
    (errors.Forbidden, "28000"),
    (errors.OutOfReach, "42501"),
    (errors.BadRequest, "22023"),
)
INTERNAL = "XX000"
ENGINE_KIND = re.compile(r"^[A-Z][A-Za-z ]* Error: ")
HINT_CHARS_MAX = 400


class Complained(Exception):
    """The client is told, and the statement ends."""

    def __init__(self, said: Complaint) -> None:
        super().__init__(said.text)
        self.said = said


def complaint(error: errors.Error) -> Complaint:
    """An error in PostgreSQL's words."""
    code = next((code for kind, code in CODES if isinstance(error, kind)), INTERNAL)
    if isinstance(error, errors.QueryTooLong):
        text = "canceling statement: it took longer than `query_seconds_max` allows"
        return Complaint(code, text)
    if not isinstance(error, errors.BadQuery):
        return Complaint(code, error.message)
    # The engine's text: its kind of error, one line, what may help, and the line with a caret.
    said = ENGINE_KIND.sub("", error.message.partition("\n\nLINE ")[0])
    text, _, hint = said.partition("\n")
    hint = hint.strip() if len(hint) < HINT_CHARS_MAX else ""
    return Complaint(code, text, position=error.position, hint=hint)
