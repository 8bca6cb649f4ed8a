"""An answer to what was refused before it was known whose words to use."""

from __future__ import annotations

import http

from runwell.errors import Error


def plain_answer(error: Error) -> bytes:
    """An answer without a protocol's words: whose they would be is not known."""
    status = http.HTTPStatus(error.status)
    body = error.message.encode()
    retry = f"retry-after: {error.retry_after_seconds}\r\n" if error.retry_after_seconds else ""
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n{retry}"
        f"content-type: text/plain; charset=utf-8\r\ncontent-length: {len(body)}\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode() + body
