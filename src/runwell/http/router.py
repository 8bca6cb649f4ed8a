"""Find the endpoint of a path, as it was sent: an encoded slash stays inside its segment."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from urllib.parse import unquote

from runwell.errors import MethodNotAllowed, NotFound
from runwell.http.call import Endpoint

OWN = "/-/"
PARAMETER = re.compile(r"\{(\w+)(:path)?\}")
Methods = dict[str, Endpoint]


class RouteClash(RuntimeError):
    """Two endpoints answer the same method and path."""


class Router:
    """The endpoints of one protocol; the first pattern that fits wins."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._literal: dict[str, Methods] = {}
        self._patterns: dict[str, tuple[re.Pattern[str], Methods]] = {}
        for endpoint in endpoints:
            for path in (endpoint.path, *endpoint.aliases):
                methods = self._methods(path)
                if endpoint.method in methods:
                    raise RouteClash(f"{endpoint.method} {path} is claimed twice")
                methods[endpoint.method] = endpoint

    def _methods(self, path: str) -> Methods:
        if "{" not in path:
            return self._literal.setdefault(path, {})
        return self._patterns.setdefault(path, (compile_path(path), {}))[1]

    def find(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
        """The endpoint and the decoded parameters of its path.

        Raises:
            NotFound, MethodNotAllowed
        """
        wanted = "GET" if method == "HEAD" else method
        literal = self._literal.get(path, {})
        if wanted in literal:
            return literal[wanted], {}
        allowed = set(literal)
        for pattern, methods in self._patterns.values():
            if found := pattern.fullmatch(path):
                if wanted in methods:
                    params = {name: unquote(text) for name, text in found.groupdict().items()}
                    return methods[wanted], params
                allowed |= set(methods)
        if allowed:
            raise MethodNotAllowed(tuple(sorted(allowed)))
        raise NotFound(*self._meant(path))

    def _meant(self, path: str) -> list[str]:
        """What to say of a path that is nearly one of our own; other protocols have their words."""
        own = [known for known in self._literal if known.startswith(OWN)]
        close = difflib.get_close_matches(path[:100], own, n=1) if path.startswith(OWN) else []
        return [f"There is nothing here; did you mean {known}?" for known in close]


def compile_path(path: str) -> re.Pattern[str]:
    """`/a/{b}/{c:path}` as a pattern over the encoded path."""
    pieces, end = [], 0
    for found in PARAMETER.finditer(path):
        pieces.append(re.escape(path[end : found.start()]))
        pieces.append(f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})")
        end = found.end()
    return re.compile("".join(pieces) + re.escape(path[end:]))
