"""Rows -> CSV as RFC 4180 has it: a header, quotes where needed, CR LF at the end of lines.

Texts are as they were sent: what begins with `=`, `+`, `-` or `@` is a formula to a spreadsheet.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from io import StringIO
from typing import Any

import msgspec

from runwell.http.call import encode_json
from runwell.query import Rows
from runwell.web.stream import Encoded, shown_part
from runwell.web.values import show_rows

WORDS = {True: "true", False: "false", None: ""}


class CommaSeparated:
    """One line a row; maps and payloads as JSON, nothing for what is missing."""

    def __init__(self) -> None:
        self._has_header = False

    def encode(self, rows: Rows) -> Encoded:
        """See `Encoder.encode`."""
        part = shown_part(rows)
        text = StringIO()
        writer = csv.writer(text)
        if not self._has_header:
            writer.writerow([column.name for column in part.columns])
            self._has_header = True
        writer.writerows(map(_cells, show_rows(part)))
        content = text.getvalue().encode()
        return Encoded(content, len(content))

    def finish(self) -> bytes:
        """See `Encoder.finish`."""
        return b""

    def close(self) -> None:
        """See `Encoder.close`."""


def _cells(shown: Mapping[str, Any]) -> list[Any]:
    return [_cell(value) for value in shown.values()]


def _cell(value: Any) -> Any:
    match value:
        case None | bool():
            return WORDS[value]
        case msgspec.Raw():
            return bytes(value).decode()
        case dict() | list():
            return encode_json(value).decode()
        case _:
            return value
