"""Names that CEL reserves for later: a vocabulary may have them all the same.

CEL's parser refuses `namespace == "shop"`, though it reads `data.metadata.namespace`. A variable of
such a name goes to the parser under a stand-in of the same length, so that every place stays right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Source: CEL's language definition, RESERVED.
RESERVED = frozenset(
    {
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let"),
        *("loop", "namespace", "package", "return", "var", "void", "while"),
    }
)
# Texts (raw ones first), comments, quoted members, and names, apart from those that are selected.
PIECES = re.compile(
    r"""
    [bB]?[rR](?:\"{3}[\s\S]*?\"{3} | '{3}[\s\S]*?'{3} | "[^"\n]*" | '[^'\n]*')
    | [bB]?(?:\"{3}(?:\\[\s\S]|[^\\])*?\"{3} | '{3}(?:\\[\s\S]|[^\\])*?'{3})
    | [bB]?(?:"(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*')
    | //[^\n]*
    | `[^`\n]*`
    | \.(?:\s|//[^\n]*)*[A-Za-z_]\w*
    | (?P<name>[A-Za-z_]\w*)
    """,
    re.VERBOSE | re.ASCII,
)


def stand_ins(names: Iterable[str]) -> dict[str, str]:
    """What stands for those of the names that are reserved.

    >>> stand_ins(["name", "namespace"])
    {'namespace': 'namespac_'}
    """
    return {name: f"{name[:-1]}_" for name in names if name in RESERVED}


def disguise(text: str, instead: dict[str, str]) -> str:
    """The text with the stand-ins where variables are named; as long as before."""

    def piece(found: re.Match[str]) -> str:
        return instead.get(found["name"] or "", found[0])

    return PIECES.sub(piece, text) if instead else text


def reveal(message: str, instead: dict[str, str]) -> str:
    """A message of the parser with the names as they were written."""
    for name, stand_in in instead.items():
        message = message.replace(stand_in, name)
    return message
