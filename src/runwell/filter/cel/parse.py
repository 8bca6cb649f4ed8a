"""Text -> checked expression -> filter, by CEL's own parser and checker; nothing evaluates it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import replace

from cel_expr_python import cel

from runwell.filter.cel.build import build, build_value
from runwell.filter.cel.calls import CALLS
from runwell.filter.cel.errors import BadExpression, at
from runwell.filter.cel.meaning import Vocabulary
from runwell.filter.cel.reserved import disguise, reveal, stand_ins
from runwell.filter.cel.syntax import Node, read_checked
from runwell.filter.tree import Expression, Sort
from runwell.model import Status

TEXT_BYTES_MAX = 4_096
NODES_MAX = 500
SHOWN_CHARS = 2_000
TYPES = {
    "string": cel.Type.STRING,
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "timestamp": cel.Type.TIMESTAMP,
    "duration": cel.Type.DURATION,
    "dyn": cel.Type.DYN,
    "map(string, string)": cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
    "map(string, dyn)": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
}
STATUS = re.compile(r"^([A-Z_]+): (.*) \[\1\]$", re.DOTALL)
NOWHERE = "ERROR: <input>:-1:-1: "
SINGLE_EQUALS = re.compile(r"(token recognition error at: '=[^=\n]*')")
UNDECLARED = re.compile(r"undeclared reference to '([^']+)'")
# Of `a.b.c` the checker names the whole and the place of its last dot; cel-go the first name.
QUALIFIED = re.compile(
    r"ERROR: <input>:(\d+):(\d+): (undeclared reference to '([^'.]+))(\.[^']+)(' .*)\n .*\n .*"
)
STATUSES = frozenset(map(str, Status))  # texts that are easily written without their quotes
NO_TEXT = re.compile("[\0\ud800-\udfff]")  # the checker cannot read past these


class Environment:
    """One vocabulary, ready to parse."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._instead = stand_ins(vocabulary.variables)
        variables = {
            self._instead.get(name, name): variable
            for name, variable in vocabulary.variables.items()
        }
        self._parsed = replace(vocabulary, variables=variables)
        declared = {name: TYPES[variable.declared] for name, variable in variables.items()}
        self._env = cel.NewEnv(variables=declared)

    def parse(self, text: str) -> Expression | None:
        """The filter that a text asks for; None for a text of blanks.

        Bounds: 4 KiB, 500 nodes, nested 32 deep, regular expressions of 512 characters.

        Raises:
            BadExpression: no expression, of another type than bool, or past a bound.
        """
        return build(self._node(text), text, self._parsed) if text.strip() else None

    def parse_value(self, text: str, sorts: Sequence[Sort]) -> tuple[Expression, Sort]:
        """The value that a text asks for, of one of these types; what is JSON is read as the first.

        Of a tag the first of its texts. Bounds as in `parse`.

        Raises:
            BadExpression: no expression, of another type, or past a bound.
        """
        return build_value(self._node(text), text, self._parsed, sorts)

    def _node(self, text: str) -> Node:
        if len(text.encode("utf-8", "replace")) > TEXT_BYTES_MAX:
            raise BadExpression(f"{NOWHERE}expression exceeds {TEXT_BYTES_MAX} bytes")
        if found := NO_TEXT.search(text):
            problem = f"Syntax error: U+{ord(found[0]):04X} cannot stand here"
            raise at(text.replace(found[0], "?"), found.start(), problem)
        node, count = read_checked(self._check(text))
        if count > NODES_MAX:
            raise BadExpression(f"{NOWHERE}expression exceeds {NODES_MAX} nodes ({count})")
        return node

    def _check(self, text: str) -> bytes:
        try:
            return bytes(self._env.compile(disguise(text, self._instead)).serialize())
        except (RuntimeError, ValueError) as error:
            message = reveal(str(error), self._instead)
            raise BadExpression(self._worded(message, text)) from error

    def _worded(self, message: str, text: str) -> str:
        found = STATUS.match(message)
        problem = found[2] if found else message
        if not problem.startswith("ERROR:"):
            problem = NOWHERE + problem
        problem = QUALIFIED.sub(lambda place: _at_first_name(place, text), problem)
        if self._vocabulary.hints:
            problem = UNDECLARED.sub(self._hinted, problem)
            problem = SINGLE_EQUALS.sub(r"\1; did you mean '=='?", problem)
        return problem[:SHOWN_CHARS]

    def _hinted(self, found: re.Match[str]) -> str:
        names, first = [*self._vocabulary.variables, *CALLS], found[1].partition(".")[0]
        close = [f"'{name}'" for name in difflib.get_close_matches(first, names, n=1)]
        meant = [f"the text '{found[1]}'"] if found[1] in STATUSES else close
        return f"{found[0]}; did you mean {meant[0]}?" if meant else found[0]


def _at_first_name(place: re.Match[str], text: str) -> str:
    """The error about `a.b.c` as one about `a`."""
    line, column, begin, root, rest, end = place.groups()
    lines = text.split("\n")
    offset = sum(len(before) + 1 for before in lines[: int(line) - 1]) + int(column) - 1
    between = rest.split(".")[1:-1]
    dotted = r"[\s)]*\.\s*".join(re.escape(name) for name in (root, *between))
    found = re.search(rf"\b{dotted}[\s)]*$", text[:offset], re.ASCII)
    return at(text, found.start(), begin + end).message if found else place[0]
