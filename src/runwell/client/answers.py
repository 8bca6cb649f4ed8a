"""What `runwell query` prints: one question, its answer as a table, as CSV or as JSON."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Literal

from rich.console import Console

from runwell.client import MEASURES
from runwell.client import columns as kinds
from runwell.client.ask import Link, member
from runwell.client.client import event_pages, given, split
from runwell.client.columns import Column
from runwell.client.series import print_series
from runwell.client.summary import print_table, print_whole, table_of

Format = Literal["table", "csv", "json"]
Kind = Literal["summary", "series", "events", "sql"]
Row = Mapping[str, Any]
EVENTS_DEFAULT = 100
SERIES_DEFAULT = "total,failure_rate,p50(duration),p95(duration)"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked where: the parameters of the address, or the text of an SQL question."""

    url: str
    token: str
    kind: Kind
    parameters: Mapping[str, str]


def print_answer(question: Question, format_: Format) -> None:
    """Ask and print.

    Raises:
        NoAnswer: there is no server, or it refused.
    """
    link = Link(question.url, question.token)
    try:
        match question.kind:
            case "summary":
                _print_summary(link, question.parameters, format_)
            case "series":
                _print_series(link, question.parameters, format_)
            case "events":
                _print_events(link, question.parameters, format_)
            case "sql":
                _print_sql(link, question.parameters["sql"], format_)
    finally:
        link.close()


def _print_summary(link: Link, parameters: Mapping[str, str], format_: Format) -> None:
    asked = {"summary": MEASURES, **parameters}
    if asked["summary"] == "all":
        del asked["summary"]
    rows = member(link.url, link.get("/-/api/summary", asked), "summary")
    groups = split(asked.get("group_by", ""))
    names = kinds.names_of(groups, split(asked.get("summary", "")) or kinds.MEASURES)
    columns = kinds.of_summary(list(rows[0]) if rows else names, groups)
    if format_ != "table":
        print_rows(columns, rows, format_)
    elif rows:
        print_table(Console(), rows, columns=columns)
    else:
        _say("no events")


def _print_series(link: Link, parameters: Mapping[str, str], format_: Format) -> None:
    asked = {"summary": SERIES_DEFAULT, **parameters}
    if format_ == "table":
        answer = link.get("/-/api/series", asked)
        if member(link.url, answer, "series") and answer["times"]:
            print_series(Console(highlight=False), answer)
        else:
            _say("no events")
        return
    rows = link.get("/-/api/series", {**asked, "shape": "objects"})
    groups = split(asked.get("group_by", ""))
    measures = split(asked["summary"])
    before = [f"{kinds.PREVIOUS}{name}" for name in measures] if "compare" in asked else []
    names = ["time", *groups, *measures, *before]
    print_rows(kinds.of_summary(list(rows[0]) if rows else names, groups), rows, format_)


def _print_events(link: Link, parameters: Mapping[str, str], format_: Format) -> None:
    limit = int(parameters.get("limit", EVENTS_DEFAULT))
    names = list(dict.fromkeys(split(parameters["fields"])))
    columns = kinds.of_events(names)
    is_all = "limit" in parameters
    pages = event_pages(link, given({**parameters, "limit": ""}), limit + (not is_all))
    rows = chain.from_iterable(pages)
    if format_ != "table":
        print_rows(columns, islice(rows, limit), format_)
        return
    found = list(rows)
    if found:
        print_whole(Console(), table_of(columns, found[:limit], is_exact=True))
    else:
        _say("no events")
    if len(found) > limit:
        print(f"the first {limit}; --limit takes more", file=sys.stderr)  # noqa: T201


def _print_sql(link: Link, text: str, format_: Format) -> None:
    answer = link.post("/-/api/sql", json.dumps({"sql": text}).encode())
    asked = [(item["name"], item["type"]) for item in member(link.url, answer, "columns")]
    columns = kinds.of_sql(asked)
    rows = [
        dict(zip((column.name for column in columns), row, strict=True)) for row in answer["rows"]
    ]
    if format_ != "table":
        print_rows(columns, rows, format_)
    elif rows:
        print_whole(Console(), table_of(columns, rows, is_exact=True))
    else:
        _say("no rows")


def print_rows(columns: Sequence[Column], rows: Iterable[Row], format_: Format) -> None:
    """Rows for a program: as they came over HTTP."""
    if format_ == "json":
        print(json.dumps(list(rows), indent=2))  # noqa: T201 - the command's output
        return
    writer = csv.writer(sys.stdout)  # RFC 4180: quotes where they are needed, CRLF at the end
    writer.writerow([name for name, _ in columns])
    writer.writerows([cell(row[name]) for name, _ in columns] for row in rows)


def cell(value: Any) -> str:
    """A value of CSV: as JSON has it, but texts as they are, and nothing for null.

    >>> cell(None), cell("a"), cell(0.5), cell(True), cell({"a": ["b"]})
    ('', 'a', '0.5', 'true', '{"a":["b"]}')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _say(text: str) -> None:
    print(text)  # noqa: T201 - the command's output
