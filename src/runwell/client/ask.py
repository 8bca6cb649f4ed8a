"""One question over HTTP; a refusal becomes an error that says what to do next."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT_SECONDS = 30


class NoAnswer(ConnectionError):
    """The server is not there, or refused the question."""


def ask(url: str, path: str, parameters: Mapping[str, str], token: str = "") -> Any:
    """GET `path` and read its JSON.

    Raises:
        NoAnswer: with the server's own words, or with how to start one.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise NoAnswer(f"--url takes http://HOST:PORT, not {url!r}")
    address = f"{url.rstrip('/')}{path}?{urlencode(parameters)}"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - the scheme is checked above
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise NoAnswer(_refusal(error)) from error
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise NoAnswer(
            f"no answer from {url} ({reason}); start a server with `runwell serve`, "
            "or name another with --url"
        ) from error


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        detail = json.load(error).get("detail", error.reason)
    except ValueError:
        detail = error.reason
    advice = "; give a token with --token or RUNWELL_TOKEN" if error.code in (401, 403) else ""
    return f"{error.code}: {detail}{advice}"
