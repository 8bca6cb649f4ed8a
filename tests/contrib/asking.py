"""The ways to ask what a dashboard asks: Infinity's, and both to the PostgreSQL data source's SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import psycopg
from tests.contrib.grafana import All, Query, Value, Window, expand, interpolate, of_postgresql
from tests.serving import Server


@dataclass(frozen=True)
class Table:
    """An answer, by columns; times as datetimes or seconds, as the way to ask has them."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    oids: tuple[int, ...] = ()

    def of(self, column: str) -> list[Any]:
        place = self.columns.index(column)
        return [row[place] for row in self.rows]


@dataclass(frozen=True)
class Asked:
    """A server, and how it is asked."""

    server: Server
    pg: str

    def http(self, query: Query, variables: dict[str, Value | All], window: Window) -> Table:
        """As the Infinity plugin does: the columns that the query selects."""
        options = query.model["url_options"]
        if options["method"] == "POST":
            body = interpolate(options["data"], variables, window).encode()
            reply = self.server.ask("POST", query.model["url"], body)
        else:
            parameters = [
                (parameter["key"], interpolate(parameter["value"], variables, window))
                for parameter in options["params"]
            ]
            path = f"{query.model['url']}&{urlencode(parameters)}"
            reply = self.server.ask("GET", path)
        assert reply.status == 200, (query.id, reply.body)
        return _selected(query, reply.json)

    def sql(self, query: Query, variables: dict[str, Value | All], window: Window) -> Table:
        """What the PostgreSQL data source sends, over HTTP."""
        reply = self.server.ask("POST", "/-/api/sql", {"sql": _expanded(query, variables, window)})
        assert reply.status == 200, (query.id, reply.body)
        columns = tuple(column["name"] for column in reply.json["columns"])
        types = [column["type"] for column in reply.json["columns"]]
        rows = [
            tuple(_typed(value, type_) for value, type_ in zip(row, types, strict=True))
            for row in reply.json["rows"]
        ]
        return Table(columns, rows)

    def wire(self, query: Query, variables: dict[str, Value | All], window: Window) -> Table:
        """The same over PostgreSQL's protocol: Grafana uses simple queries."""
        with psycopg.connect(self.pg, autocommit=True) as connection:
            cursor = psycopg.ClientCursor(connection)
            cursor.execute(_expanded(query, variables, window).encode())
            names = tuple(column.name for column in cursor.description)
            oids = tuple(column.type_code for column in cursor.description)
            return Table(names, cursor.fetchall(), oids)


def _expanded(query: Query, variables: dict[str, Value | All], window: Window) -> str:
    return expand(interpolate(query.sql, variables, window, of_postgresql), window).sql


def _typed(value: Any, type_: str) -> Any:
    if type_.startswith("TIMESTAMP") and value is not None:
        return datetime.fromisoformat(value)
    return value


def _selected(query: Query, rows: list[dict[str, Any]]) -> Table:
    columns = query.model["columns"]
    readers = {"timestamp": _time, "number": _number, "string": _text}
    for row in rows[:1]:
        assert {column["selector"] for column in columns} <= set(row), query.id
    return Table(
        tuple(column["text"] for column in columns),
        [tuple(readers[c["type"]](row[c["selector"]]) for c in columns) for row in rows],
    )


def _time(value: Any) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _number(value: Any) -> Any:
    assert value is None or (isinstance(value, int | float) and not isinstance(value, bool)), value
    return value


def _text(value: Any) -> Any:
    assert value is None or isinstance(value, str), value
    return value


def pg_port(server: Server) -> str:
    """The second line that a server with a port for PostgreSQL's clients prints."""
    line = server.process.stdout.readline()
    assert line.startswith("runwell pg ready "), line
    return line.strip().rsplit(":", 1)[1]
