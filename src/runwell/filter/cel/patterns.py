"""Is a text a regular expression, as CEL's own `matches` and the engines have it? RE2."""

from __future__ import annotations

from cel_expr_python import cel

_MATCHES = cel.NewEnv(variables={"pattern": cel.Type.STRING}).compile('"".matches(pattern)')


def problem_of(pattern: str) -> str:
    """What is wrong with it; "" if it is one.

    >>> problem_of("a(b")
    'invalid regular expression: missing ): a(b'
    """
    found = _MATCHES.eval(data={"pattern": pattern})
    if found.type() != cel.Type.ERROR:
        return ""
    return str(found.value()).partition(": ")[2]
