"""The client for Python: each question of the server as a method. No words on a screen."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

from runwell.client import columns as kinds
from runwell.client import download
from runwell.client.ask import TIMEOUT_SECONDS, Link, Refused, member, words
from runwell.client.columns import Column
from runwell.client.table import Events, Row, Table, read_rows
from runwell.client.tail import messages

URL = "http://127.0.0.1:8080"
PAGE_ROWS = 1_000  # events that are asked for at a time
BATCH_EVENTS, BATCH_BYTES = 1_000, 4 * 1024 * 1024  # events that are sent at a time

Words = str | Iterable[str]  # "total,failed" or ["total", "failed"]
Moment = str | date  # RFC 3339, a date, or what `datetime` has for these


class Written(NamedTuple):
    """How many events were new, were there with the same content, were there with other."""

    created: int
    existed: int
    replaced: int


class Client:
    """A server and a token.

    Without an address: RUNWELL_URL, or http://127.0.0.1:8080; without a token: RUNWELL_TOKEN.
    Connections are kept between questions; threads may share a client.
    The parameters of the methods are those of the addresses and mean the same; where these take a
    list, a method takes one text with commas or any number of texts.

    Raises, as every method:
        NoAnswer: there is no server, or what answers is none.
        Refused: the server says what is wrong with the question; a NoAnswer too.
    """

    def __init__(
        self, url: str = "", token: str = "", *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        url = url or os.environ.get("RUNWELL_URL", "") or URL
        token = token or os.environ.get("RUNWELL_TOKEN", "")
        self._link = Link(url, token, timeout_seconds=timeout_seconds)
        self.url = self._link.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client of {self.url}>"

    def close(self) -> None:
        """Close the connections."""
        self._link.close()

    def summary(  # noqa: PLR0913 - the parameters of the address, by name
        self,
        measures: Words = (),
        *,
        group_by: Words = (),
        filter: str = "",  # noqa: A002 - the parameter's name
        having: Words = (),
        order_by: Words = (),
        limit: int | None = None,
        zone: str = "",
    ) -> Table:
        """One row a group: groups, then measures; all measures if none is named."""
        asked = {
            "summary": words(measures),
            "group_by": words(group_by),
            "filter": filter,
            "having": words(having),
            "order_by": words(order_by),
            "limit": limit,
            "zone": zone,
        }
        answer = self._link.get("/-/api/summary", given(asked))
        rows: list[Row] = member(self.url, answer, "summary")
        return _summarized(rows, asked, zone)

    def series(  # noqa: PLR0913 - the parameters of the address, by name
        self,
        measures: Words = (),
        *,
        bucket: str = "day",
        time: str = "",
        from_: Moment = "",
        to: Moment = "",
        group_by: Words = (),
        filter: str = "",  # noqa: A002 - the parameter's name
        compare: str = "",
        order_by: str = "",
        limit: int | None = None,
        zone: str = "",
    ) -> Table:
        """One row a bucket and group, without gaps: `time`, groups, measures.

        With `compare="previous"` each measure also has a column `previous MEASURE`, and
        `order_by="change desc"` has the groups first whose first measure rose most.
        """
        asked = {
            "bucket": bucket,
            "time": time,
            "from": _moment(from_),
            "to": _moment(to),
            "summary": words(measures),
            "group_by": words(group_by),
            "filter": filter,
            "compare": compare,
            "order_by": order_by,
            "limit": limit,
            "zone": zone,
            "shape": "objects",
        }
        rows: list[Row] = self._link.get("/-/api/series", given(asked))
        return _summarized(rows, {**asked, "group_by": f"time,{asked['group_by']}"}, zone)

    def events(
        self,
        fields: Words = (),
        *,
        filter: str = "",  # noqa: A002 - the parameter's name
        order_by: str = "",
        limit: int | None = None,
    ) -> Events:
        """Events, newest first; all of them, unless limited, asked for page by page."""
        names = list(dict.fromkeys(split(words(fields)))) or list(kinds.LISTED)
        columns = kinds.of_events(names)
        asked = {"fields": ",".join(names), "filter": filter, "order_by": order_by}

        def pages() -> Iterator[list[Row]]:
            for page in event_pages(self._link, asked, limit):
                yield read_rows(columns, page)

        return Events(columns, pages)

    def sql(self, text: str, params: Sequence[str | float | bool | None] = ()) -> Table:
        """The answer to one SELECT; `params` are bound to its `?` in order."""
        body = json.dumps({"sql": text, "params": list(params)}).encode()
        answer = self._link.post("/-/api/sql", body)
        asked = [(item["name"], item["type"]) for item in member(self.url, answer, "columns")]
        columns = kinds.of_sql(asked)
        names = [column.name for column in columns]
        rows = [dict(zip(names, row, strict=True)) for row in answer["rows"]]
        return Table(columns, read_rows(columns, rows))

    def export(  # noqa: PLR0913 - the parameters of the address, by name
        self,
        to: str | os.PathLike[str] | BinaryIO,
        *,
        format: str = "",  # noqa: A002 - the parameter's name
        filter: str = "",  # noqa: A002 - the parameter's name
        fields: Words = (),
        limit: int | None = None,
        kinds: str = "",
        overwrite: bool = False,
    ) -> int:
        """Write events to a file, in the order of arrival, and return its bytes.

        The format is ndjson, csv, parquet or arrow; unless given it is the file's ending.
        A file by its name is there when it is whole, and not before; one that exists already is
        kept unless `overwrite`.

        Raises:
            FileExistsError: it may not be overwritten.
            ValueError: no format.
        """
        path = Path(to) if isinstance(to, str | os.PathLike) else None
        format = format or (download.format_of(path) if path else "")  # noqa: A001
        if not format:
            raise ValueError(f"format is one of {', '.join(download.FORMATS)}")
        asked = given(
            {
                "format": format,
                "filter": filter,
                "fields": words(fields),
                "limit": limit,
                "kinds": kinds,
            }
        )
        if path:
            return download.download(self._link, asked, path, overwrite=overwrite)
        return download.stream_to(self._link, asked, to)  # type: ignore[arg-type]  # not a path

    def tail(
        self,
        *,
        filter: str = "",  # noqa: A002 - the parameter's name
        fields: Words = (),
        after: int | None = None,
    ) -> Iterator[Row]:
        """New and changed events as they come, without end.

        After the change of number `after`, or from now on. Goes on where it was when the
        connection is lost.
        """
        asked = given({"filter": filter, "fields": words(fields), "after": after})
        for message in messages(self._link, asked):
            event: Row = json.loads(message.data)
            yield read_rows(kinds.of_events(event), [event])[0]

    def fields(
        self,
        *,
        filter: str = "",  # noqa: A002 - the parameter's name
        limit: int | None = None,
    ) -> dict[str, list[Any]]:
        """What can be asked for: fields, tags, metrics, links, measures, buckets, functions.

        Of tags, metrics and links those of what the filter leaves, the most common first.
        """
        asked = given({"filter": filter, "limit": limit})
        found: dict[str, list[Any]] = self._link.get("/-/api/fields", asked)
        return found

    def relations(self) -> list[dict[str, Any]]:
        """The relations that SQL knows, with their columns."""
        found: list[dict[str, Any]] = member(
            self.url, self._link.get("/-/api/relations"), "relations"
        )
        return found

    def write(self, events: Iterable[Mapping[str, Any]]) -> Written:
        """Store events, by the names of the fields; `source`, `scope` and `id` make the key.

        Times are `datetime` objects or RFC 3339, durations seconds or `timedelta` objects. They go
        in batches, each of which is stored whole or not at all; to write the same again changes
        nothing.

        Raises:
            Refused: a note says how many were stored before.
        """
        total = Written(0, 0, 0)
        for batch in _batches(events):
            try:
                answer = self._link.post("/-/api/events", b'{"events":[%s]}' % b",".join(batch))
            except Refused as error:
                error.add_note(f"{sum(total)} events before these were stored")
                raise
            counts = (member(self.url, answer, name) for name in Written._fields)
            total = Written(*(a + b for a, b in zip(total, counts, strict=True)))
        return total


def given(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Those that were given, as texts."""
    return {name: str(value) for name, value in parameters.items() if value not in ("", None)}


def event_pages(
    link: Link, parameters: Mapping[str, Any], limit: int | None = None
) -> Iterator[list[Row]]:
    """The pages of a list of events, as they come over HTTP, each asked for when it is read."""
    asked, left, most = given(parameters), limit, PAGE_ROWS
    while left is None or left > 0:
        asked["limit"] = str(most if left is None else min(left, most))
        try:
            answer = link.get("/-/api/events", asked)
        except Refused as error:
            if most == 1 or not _is_too_much(error):
                raise
            most = max(1, most // 10)
            continue
        rows: list[Row] = member(link.url, answer, "events")
        yield rows
        asked["page_token"] = answer.get("next_page_token", "")
        if not asked["page_token"]:
            return
        left = None if left is None else left - len(rows)


def _is_too_much(error: Refused) -> bool:
    """Whether fewer events at a time may be answered: the server has bounds of its own."""
    return error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or error.pointer == "limit"


def split(text: str) -> list[str]:
    """The parts of a list; a comma in brackets or quotes parts nothing.

    >>> split('name, tags["a,b"]')
    ['name', 'tags["a,b"]']
    """
    parts, depth, quote, is_escaped = [""], 0, "", False
    for letter in text:
        if letter == "," and not (depth or quote):
            parts.append("")
            continue
        parts[-1] += letter
        if is_escaped:
            is_escaped = False
        elif quote:
            is_escaped = letter == "\\"
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        else:
            depth += (letter in "([{") - (letter in ")]}")
    return [part.strip() for part in parts if part.strip()]


def _summarized(rows: list[Row], asked: Mapping[str, Any], zone: str) -> Table:
    groups = split(asked["group_by"])
    measures = split(asked["summary"]) or kinds.MEASURES
    names = list(rows[0]) if rows else kinds.names_of(groups, measures)
    columns: list[Column] = kinds.of_summary(names, groups)
    return Table(columns, read_rows(columns, rows), zone)


def _moment(value: Moment) -> str:
    return value.isoformat() if isinstance(value, date) else value


def _batches(events: Iterable[Mapping[str, Any]]) -> Iterator[list[bytes]]:
    batch, size = list[bytes](), 0
    for event in events:
        line = json.dumps(event, default=_plain, allow_nan=False).encode()
        if batch and (len(batch) == BATCH_EVENTS or size + len(line) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield batch


def _plain(value: Any) -> Any:
    """What JSON does not have."""
    match value:
        case timedelta():
            return value.total_seconds()
        case date():
            return value.isoformat()
        case Mapping():
            return dict(value)
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be sent: {value!r}")
