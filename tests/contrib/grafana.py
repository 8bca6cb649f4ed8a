"""What Grafana does with a dashboard's texts before it sends them, as its sources have it.

Macros: pkg/tsdb/grafana-postgresql-datasource/macros.go and sqleng/sql_engine.go; variables and
their formats: grafana/scenes, formatRegistry.ts and MultiValueVariable.ts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Value = str | list[str]
Format = Callable[[Value], str]
UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


@dataclass(frozen=True)
class Window:
    """The time range of a dashboard, and the interval between two points of its panels."""

    begin: datetime
    end: datetime
    interval: str = "1h"


@dataclass(frozen=True)
class All:
    """Everything is chosen; `custom` stands for it, raw, else the options do."""

    custom: str = ""
    options: tuple[str, ...] = ()


def rfc3339_nano(time: datetime) -> str:
    """Go's time.RFC3339Nano in UTC: no trailing zeros of the second's fraction."""
    fraction = f".{time.microsecond:06}".rstrip("0").rstrip(".")
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"


def milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def interval_seconds(text: str) -> str:
    """gtime.ParseInterval(text).Seconds() as %v prints it."""
    number, unit = re.fullmatch(r"(\d+)(ms|[smhdw])", text).groups()
    return f"{(int(number) * UNITS[unit]).total_seconds():.15g}"


@dataclass
class Expanded:
    """SQL as it goes to the server, and how gaps are filled afterwards: interval, mode."""

    sql: str
    fill: tuple[str, str] | None = None


MACRO = re.compile(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)")


def expand(sql: str, window: Window) -> Expanded:
    """The macros of the PostgreSQL data source; ValueError for one that it does not have."""
    found = Expanded(sql)
    step = UNITS[window.interval.lstrip("0123456789")] * int(re.match(r"\d+", window.interval)[0])
    sql = sql.replace("$__interval_ms", str(round(step.total_seconds() * 1000)))
    sql = sql.replace("$__interval", window.interval)
    whole = sql

    def meaning(match: re.Match[str]) -> str:
        name, arguments = match[1], [part.strip(" ") for part in match[2].split(",")]
        after = whole[whole.index(match[0]) + len(match[0]) :][:1]
        if name == "__timeGroup" and after == ",":  # of the time before 5.3
            name = "__timeGroupAlias"
        return _meaning(name, arguments, window, found)

    found.sql = MACRO.sub(meaning, sql)
    return found


def _meaning(name: str, arguments: list[str], window: Window, found: Expanded) -> str:
    if name.endswith("GroupAlias"):
        return f'{_meaning(name.removesuffix("Alias"), arguments, window, found)} AS "time"'
    if name.endswith("Group"):
        return _group(name, arguments, found)
    column = arguments[0]
    begin, end = (f"'{rfc3339_nano(time)}'" for time in (window.begin, window.end))
    unix_begin, unix_end = (str(int(time.timestamp())) for time in (window.begin, window.end))
    meanings = {
        "__time": f'{column} AS "time"',
        "__timeEpoch": f'extract(epoch from {column}) as "time"',
        "__timeFilter": f"{column} BETWEEN {begin} AND {end}",
        "__timeFrom": begin,
        "__timeTo": end,
        "__unixEpochFilter": f"{column} >= {unix_begin} AND {column} <= {unix_end}",
        "__unixEpochFrom": unix_begin,
        "__unixEpochTo": unix_end,
    }
    if name not in meanings:
        raise ValueError(f'unknown macro "{name}"')
    return meanings[name]


def _group(name: str, arguments: list[str], found: Expanded) -> str:
    seconds = interval_seconds(arguments[1].strip("'"))
    if len(arguments) == 3:
        found.fill = (seconds, _fill(arguments[2]))
    of = {"__timeGroup": f"extract(epoch from {arguments[0]})"}
    return f"floor({of.get(name, f'({arguments[0]})')}/{seconds})*{seconds}"


def _fill(text: str) -> str:
    return text if text in {"NULL", "previous"} else str(float(text))


def sqlstring(value: Value) -> str:
    def one(text: str) -> str:
        return "'" + text.replace("'", "''").replace('"', '\\"') + "'"

    return ",".join(map(one, value)) if isinstance(value, list) else one(value)


def singlequote(value: Value) -> str:
    texts = value if isinstance(value, list) else [value]
    return ",".join("'" + text.replace("'", "\\'") + "'" for text in texts)


def glob(value: Value) -> str:
    if isinstance(value, list):
        return "{" + ",".join(value) + "}" if len(value) > 1 else "".join(value)
    return value


def of_postgresql(value: Value) -> str:
    """`interpolateVariable`: several are quoted, one only has its quotes doubled."""
    if isinstance(value, list):
        return ",".join("'" + text.replace("'", "''") + "'" for text in value)
    return value.replace("'", "''")


FORMATS: dict[str, Format] = {"sqlstring": sqlstring, "singlequote": singlequote, "glob": glob}
VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}")


def interpolate(
    text: str, variables: Mapping[str, Value | All], window: Window, default: Format = glob
) -> str:
    """Variables where they stand; what is no variable stays as it is."""

    def value_of(match: re.Match[str]) -> str:
        name, form = match[1] or match[2], match[4]
        if name in {"__from", "__to"}:
            time = window.begin if name == "__from" else window.end
            assert form == "date:iso", form
            # JavaScript's toISOString
            return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"
        if name not in variables:
            return match[0]
        value = variables[name]
        if isinstance(value, All):
            if value.custom:
                return value.custom
            value = list(value.options)
        return (FORMATS[form] if form else default)(value)

    return VARIABLE.sub(value_of, text)


@dataclass(frozen=True)
class Query:
    """A query of a dashboard: of a panel, a variable or an annotation."""

    dashboard: str
    title: str
    model: Mapping[str, Any]
    panel: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.dashboard}:{self.title}"

    @property
    def source(self) -> str:
        return "infinity" if "url" in self.model else "postgresql"

    @property
    def is_series(self) -> bool:
        return self.model.get("format") in {"time_series", "timeseries"}

    @property
    def sql(self) -> str:
        """Its SQL with macros and variables; empty if it asks by GET."""
        if self.source == "postgresql":
            return self.model["rawSql"]
        text = self.model["url_options"].get("data", "")
        return json.loads(text)["sql"] if text else ""


def queries_of(name: str, dashboard: Mapping[str, Any]) -> Iterator[Query]:
    """All of them."""
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield Query(name, panel["title"], target, panel)
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            asked = variable["query"]
            model = {"rawSql": asked} if isinstance(asked, str) else asked["infinityQuery"]
            yield Query(name, f"${variable['name']}", model)
    for annotation in dashboard["annotations"]["list"]:
        if "target" in annotation:
            yield Query(name, f"@{annotation['name']}", annotation["target"])


def defaults_of(dashboard: Mapping[str, Any]) -> dict[str, Value | All]:
    """What its variables are when it is opened; without a choice of its own, none of them."""
    found: dict[str, Value | All] = {}
    for variable in dashboard["templating"]["list"]:
        value = variable.get("current", {}).get("value")
        if value in ("$__all", ["$__all"]):
            found[variable["name"]] = All(variable.get("allValue", ""))
        elif value is not None:
            found[variable["name"]] = value
    return found
