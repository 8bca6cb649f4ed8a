"""One question over HTTP; whatever goes wrong becomes an error that says what to do next."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT_SECONDS = 30
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class NoAnswer(ConnectionError):
    """The server is not there, or refused the question."""


def ask_summary(url: str, parameters: Mapping[str, str], token: str = "") -> list[dict[str, Any]]:
    """The rows of `/-/api/summary`. Raises NoAnswer."""
    answer = ask(url, "/-/api/summary", parameters, token)
    try:
        rows: list[dict[str, Any]] = answer["summary"]
    except (KeyError, TypeError) as error:
        raise _no_runwell(url, "it has no summary") from error
    return rows


def ask(url: str, path: str, parameters: Mapping[str, str], token: str = "") -> Any:
    """GET `path` and read its JSON.

    Raises:
        NoAnswer: with the server's own words, or with how to start one.
    """
    if not (token.isascii() and token.isprintable()):
        raise NoAnswer("--token: a token is what `runwell token create` printed")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        opener = _opener(url)
        address = f"{url.rstrip('/')}{path}?{urlencode(parameters)}"
        request = urllib.request.Request(address, headers=headers)  # noqa: S310 - _opener checks the scheme
        with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise NoAnswer(_refusal(error)) from error
    except NoAnswer:
        raise
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise NoAnswer(
            f"no answer from {url} ({reason}); start a server with `runwell serve`, "
            "or name another with --url"
        ) from error
    except (HTTPException, ValueError) as error:
        raise _no_runwell(url, str(error)) from error


def _opener(url: str) -> urllib.request.OpenerDirector:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise NoAnswer(f"--url takes http://HOST:PORT, not {url!r}")
    # a proxy of the environment knows nothing of this machine's own addresses
    direct = [urllib.request.ProxyHandler({})] if parts.hostname in LOOPBACK else []
    return urllib.request.build_opener(*direct)


def _no_runwell(url: str, reason: str) -> NoAnswer:
    return NoAnswer(f"{url} does not answer like runwell ({reason}); name another with --url")


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        detail = json.load(error)["detail"]
    except (ValueError, LookupError, TypeError):
        detail = error.reason
    advice = "; give a token with --token or RUNWELL_TOKEN" if error.code in (401, 403) else ""
    return f"{error.code}: {detail}{advice}"
