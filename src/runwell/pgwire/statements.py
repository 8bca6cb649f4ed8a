"""A text of several statements -> each by itself, and what kind of statement it is. Pure.

Only what is no question is told apart here: transactions, settings, and what is refused without
asking the engine. All else is a question, and the engine's own parser decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

QUOTED = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*'?     # a string with escapes
      | '(?:[^']|'')*'?
      | "(?:[^"]|"")*"?
      | \$(?P<tag>[A-Za-z_]\w*|)\$.*?(?:\$(?P=tag)\$|\Z)
      | --[^\n]*
      | /\*
      | [A-Za-z0-9_$\x80-\U0010ffff]+  # a word, so that its end is no beginning of a string
      | .""",
    re.VERBOSE | re.DOTALL,
)
COMMENT_EDGE = re.compile(r"/\*|\*/")
WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9.]*|\*")


class Kind(StrEnum):
    """What a statement is."""

    EMPTY = "empty"
    QUESTION = "question"
    BEGIN = "begin"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    SAVEPOINT = "savepoint"
    ROLLBACK_TO = "rollback to"
    SET = "set"
    SHOW = "show"
    RESET = "reset"
    DEALLOCATE = "deallocate"
    DONE = "done"  # nothing to do, and so it is done
    WRITE = "write"
    CLOSED = "closed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, the words that it begins with, and how it is answered when it succeeds."""

    text: str
    kind: Kind
    words: tuple[str, ...] = ()
    tag: str = ""
    offset: int = 0  # where its text begins in what was sent


def split(text: str) -> list[Statement]:
    """Every statement between semicolons; what has nothing but comments is left out."""
    found, offset = [], 0
    for part in _parts(text):
        statement = classify(part)
        if statement.kind is not Kind.EMPTY:
            found.append(replace(statement, offset=offset))
        offset += len(part) + 1
    return found


def _parts(text: str) -> list[str]:
    parts, start, at = [], 0, 0
    while at < len(text):
        token = QUOTED.match(text, at)
        assert token is not None  # the last way of the pattern takes anything
        at = _comment_end(text, token.end()) if token[0] == "/*" else token.end()
        if token[0] == ";":
            parts.append(text[start : at - 1])
            start = at
    return [*parts, text[start:]]


def _comment_end(text: str, at: int) -> int:
    """Comments stand within comments."""
    depth = 1
    while depth and (edge := COMMENT_EDGE.search(text, at)):
        depth += 1 if edge[0] == "/*" else -1
        at = edge.end()
    return len(text) if depth else at


def classify(text: str) -> Statement:
    """One statement and what kind it is."""
    body = bare(text)
    if not body:
        return Statement(text, Kind.EMPTY)
    words = tuple(word.upper() for word in WORD.findall(body[:200])[:4])
    first = words[0] if words else ""
    kind, tag = FIRST_WORDS.get(first, (Kind.QUESTION, "SELECT"))
    match words:
        case ("START", "TRANSACTION", *_):
            kind, tag = Kind.BEGIN, "START TRANSACTION"
        case ("ROLLBACK" | "ABORT", "TO", *_) | ("ROLLBACK", "TRANSACTION" | "WORK", "TO", *_):
            kind = Kind.ROLLBACK_TO
        case ("DEALLOCATE", "ALL", *_) | ("DEALLOCATE", "PREPARE", "ALL", *_):
            tag = "DEALLOCATE ALL"
        case ("DISCARD", what, *_):
            tag = f"DISCARD {what}"
        case ("CLOSE", "ALL", *_):
            kind, tag = Kind.DONE, "CLOSE CURSOR ALL"
    return Statement(text, kind, words, tag)


def bare(text: str) -> str:
    """The statement without the comments and blanks before and the blanks behind it."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text.startswith("--", at):
            end = text.find("\n", at)
            at = end if end >= 0 else len(text)
        elif text.startswith("/*", at):
            at = _comment_end(text, at + 2)
        else:
            break
    return text[at:].strip()


# Writing, which a PostgreSQL that is read only refuses with 25006.
WRITES = """
ALTER ANALYZE CLUSTER COMMENT CREATE DELETE DROP GRANT INSERT LOCK MERGE REASSIGN REFRESH REINDEX
REPLACE REVOKE SECURITY TRUNCATE UPDATE VACUUM
"""
# What would reach beyond the relations.
BEYOND = """
ATTACH CALL CHECKPOINT COPY DETACH DO EXPORT FORCE IMPORT INSTALL LOAD PRAGMA USE
"""
# What PostgreSQL has and this does not.
LACKING = "DECLARE EXECUTE EXPLAIN FETCH LISTEN MOVE NOTIFY PREPARE"
FIRST_WORDS: dict[str, tuple[Kind, str]] = {
    **{word: (Kind.WRITE, word) for word in WRITES.split()},
    **{word: (Kind.CLOSED, word) for word in BEYOND.split()},
    **{word: (Kind.MISSING, word) for word in LACKING.split()},
    "BEGIN": (Kind.BEGIN, "BEGIN"),
    "COMMIT": (Kind.COMMIT, "COMMIT"),
    "END": (Kind.COMMIT, "COMMIT"),
    "ROLLBACK": (Kind.ROLLBACK, "ROLLBACK"),
    "ABORT": (Kind.ROLLBACK, "ROLLBACK"),
    "SAVEPOINT": (Kind.SAVEPOINT, "SAVEPOINT"),
    "RELEASE": (Kind.SAVEPOINT, "RELEASE"),
    "SET": (Kind.SET, "SET"),
    "SHOW": (Kind.SHOW, "SHOW"),
    "RESET": (Kind.RESET, "RESET"),
    "DISCARD": (Kind.RESET, "DISCARD"),
    "DEALLOCATE": (Kind.DEALLOCATE, "DEALLOCATE"),
    "UNLISTEN": (Kind.DONE, "UNLISTEN"),
    "CLOSE": (Kind.MISSING, "CLOSE"),
}
