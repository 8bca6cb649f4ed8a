"""What is not taken from a browser, and what a browser is told. No tokens here.

A page of any site can make its visitor's browser send requests to this server. What it can then
not do: read an answer (nothing here allows another origin to), send anything but GET (`check`), or
come under a name of its own that leads here (`check_host`). Programs send no `Origin`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from runwell.config import Config, is_loopback
from runwell.errors import CrossOrigin, ForeignHost

RawHeaders = Iterable[tuple[bytes, bytes]]
AUTHORITY = re.compile(r"(?:\[([0-9a-f:.]*)\]|([^:\[\]/@]*))(?::[0-9]*)?")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWN_SITES = (b"same-origin", b"none")  # none: the address bar, a bookmark

# Said with every answer, unless it says otherwise itself.
HEADERS = (
    (b"cache-control", b"no-store"),  # what it says depends on who asks
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),  # an address names events
    (b"x-content-type-options", b"nosniff"),
)


class Door:
    """Turns away what only a browser sends that is led by a page of another origin."""

    def __init__(self, config: Config) -> None:
        self._allowed = config.allowed_names
        self._names = (self._allowed | {config.host.lower()}) - {""}
        self._is_local = is_loopback(config.host)

    def check(self, method: str, headers: RawHeaders) -> None:
        """Refuse a change that a page of another origin asks for.

        A token that is sent in so many words is no browser's doing: a page would have to be allowed
        to, and none is. Basic is: browsers send it by themselves.

        Raises:
            CrossOrigin
        """
        if method in SAFE_METHODS:
            return
        site = origin = host = b""
        for name, value in headers:
            if name == b"sec-fetch-site":
                site = value
            elif name == b"origin":
                origin = value
            elif name == b"host":
                host = value
            elif name == b"x-api-token" or (
                name == b"authorization" and value[:7].lower() == b"bearer "
            ):
                return
        if site:
            if site not in OWN_SITES:
                raise CrossOrigin
        elif origin and not self._is_same(origin.decode("latin-1"), host.decode("latin-1")):
            raise CrossOrigin

    def _is_same(self, origin: str, host: str) -> bool:
        """Old browsers say nothing else, and new ones neither where there is no TLS.

        Another port is another origin; behind a proxy it may be any.
        """
        try:
            authority = urlsplit(origin).netloc.lower()
        except ValueError:
            return False
        if not authority:
            return False
        return authority == host.lower() or host_of(authority) in self._allowed

    def check_host(self, headers: RawHeaders, *, is_open: bool) -> None:
        """Refuse a request under a name that is not this server's.

        Without a token nothing but the name tells a page whose own name was made to lead to this
        machine. With `allowed_hosts` every request is looked at.

        Raises:
            ForeignHost
        """
        if not (self._allowed or (is_open and self._is_local)):
            return
        for name, value in headers:
            if name == b"host" and not self._is_ours(host_of(value.decode("latin-1"))):
                raise ForeignHost

    def _is_ours(self, host: str) -> bool:
        return host in self._names or is_loopback_name(host)


@lru_cache(maxsize=1_000)
def host_of(authority: str) -> str:
    """The host of `host:port` in small letters, of IPv6 without brackets; empty if it is neither.

    >>> host_of("[::1]:8080"), host_of("LocalHost:8080")
    ('::1', 'localhost')
    """
    found = AUTHORITY.fullmatch(authority.lower())
    return (found[1] or found[2] or "") if found else ""


@lru_cache(maxsize=1_000)
def is_loopback_name(host: str) -> bool:
    """Does this name lead a browser to its own machine, whatever a name server says?"""
    return host == "localhost" or host.endswith(".localhost") or is_loopback(host)
