"""Is a text a regular expression, as CEL's own `matches` and the engines have it? RE2."""

from __future__ import annotations

import re

from cel_expr_python import cel

_MATCHES = cel.NewEnv(variables={"pattern": cel.Type.STRING}).compile('"".matches(pattern)')
# Much out of few letters: counted repetitions and classes of Unicode.
_COSTLY = re.compile(r"\{[0-9]|\\[pP]")


def problem_of(pattern: str) -> str:
    """What is wrong with it; "" if nothing is, or if only the engine, in its thread, should look.

    >>> problem_of("a(b")
    'invalid regular expression: missing ): a(b'
    """
    if _COSTLY.search(pattern):
        return ""
    found = _MATCHES.eval(data={"pattern": pattern})
    if found.type() != cel.Type.ERROR:
        return ""
    return str(found.value()).partition(": ")[2]
