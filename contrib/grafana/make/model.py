"""Dashboards described once, written for both data sources. No panels here, and no files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Source = Literal["postgresql", "infinity"]
Kind = Literal["stat", "timeseries", "table", "piechart", "barchart", "status-history"]

SCHEMA_VERSION = 42
WIDTH = 24
TYPES = {
    "postgresql": "grafana-postgresql-datasource",
    "infinity": "yesoreyeram-infinity-datasource",
}
NAMES = {"postgresql": "runwell (PostgreSQL)", "infinity": "runwell (Infinity)"}
ALL = "'*'"  # what a variable stands for when all of its values are chosen: a list of one text
# what a column holds -> Infinity's type and Grafana's unit
HOLDS = {
    "time": ("timestamp", ""),
    "text": ("string", ""),
    "link": ("string", ""),
    "count": ("number", "short"),
    "number": ("number", "short"),
    "seconds": ("number", "s"),
    "share": ("number", "percentunit"),
    "MiB": ("number", "mbytes"),
}
COLORS = {
    "succeeded": "green",
    "failed": "red",
    "timed_out": "orange",
    "cancelled": "#808080",
    "other": "blue",
    "restarted": "orange",
    "straight": "green",
}
OPTIONS: dict[str, dict[str, Any]] = {
    "stat": {"reduceOptions": {"values": False, "calcs": ["lastNotNull"], "fields": ""}},
    "piechart": {"reduceOptions": {"values": True, "calcs": ["lastNotNull"], "fields": ""}},
    "timeseries": {
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "barchart": {"xField": "time", "stacking": "none"},
    "status-history": {"showValue": "never", "legend": {"showLegend": False}},
    "table": {"showHeader": True, "cellHeight": "sm"},
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What Infinity asks by GET instead of SQL; `columns` of its answer in the panel's order."""

    path: str
    parameters: Mapping[str, str]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `columns` names what the SQL answers, in order, and what each holds."""

    title: str
    kind: Kind
    sql: str
    columns: Mapping[str, str]
    width: int = 12
    height: int = 8
    about: str = ""
    is_stacked: bool = False
    asked: Asked | None = None

    @property
    def is_long(self) -> bool:
        """Whether the column `metric` names the series."""
        return "metric" in self.columns


@dataclass(frozen=True, slots=True)
class Choice:
    """A variable. `sql` asks for its values; without it they are `values`, `chosen` at first."""

    name: str
    label: str
    sql: str = ""
    values: Mapping[Source, str] = field(default_factory=dict)
    chosen: Mapping[Source, str] = field(default_factory=dict)
    is_many: bool = True


@dataclass(frozen=True, slots=True)
class Note:
    """An annotation: `sql` answers time, timeend, text and tags."""

    name: str
    sql: str
    color: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard; `uids` keep it the same one when it is written anew."""

    title: str
    uids: Mapping[Source, str]
    panels: tuple[Panel, ...]
    choices: tuple[Choice, ...]
    notes: tuple[Note, ...] = ()
    about: str = ""
    begin: str = "now-30d"
    tags: tuple[str, ...] = field(default=("runwell",))


def write(dashboard: Dashboard, source: Source) -> str:
    """The dashboard as the text of its file."""
    whole = {
        "title": f"{dashboard.title} ({NAMES[source]})",
        "uid": dashboard.uids[source],
        "description": dashboard.about,
        "tags": list(dashboard.tags),
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": dashboard.begin, "to": "now"},
        "timezone": "utc",
        "links": [],
        "templating": {"list": [_choose_source(source), *_variables(dashboard, source)]},
        "annotations": {"list": [_own_annotations(), *_annotations(dashboard, source)]},
        "panels": list(_panels(dashboard, source)),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _choose_source(source: Source) -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": TYPES[source],
        "current": {"text": NAMES[source], "value": f"runwell-{source}"},
        "refresh": 1,
    }


def _reference(source: Source) -> dict[str, str]:
    return {"type": TYPES[source], "uid": "${datasource}"}


def _variables(dashboard: Dashboard, source: Source) -> Iterator[dict[str, Any]]:
    for choice in dashboard.choices:
        common = {"name": choice.name, "label": choice.label}
        if not choice.sql:
            custom = _custom(choice.values[source], choice.chosen[source])
            yield {**common, "type": "custom", **custom}
            continue
        yield {
            **common,
            "type": "query",
            "datasource": _reference(source),
            "query": _variable_query(choice, source),
            "refresh": 2,
            "sort": 1,
            **(_many() if choice.is_many else {}),
        }


def _custom(values: str, chosen: str) -> dict[str, Any]:
    options = [{"text": v, "value": v, "selected": v == chosen} for v in values.split(",")]
    return {
        "query": values,
        "options": options,
        "current": {"text": chosen, "value": chosen},
    }


def _many() -> dict[str, Any]:
    return {
        "multi": True,
        "includeAll": True,
        "allValue": ALL,
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _variable_query(choice: Choice, source: Source) -> Any:
    if source == "postgresql":
        return choice.sql
    query = _infinity(choice.sql, {choice.name: "text"}, "table")
    return {
        "queryType": "infinity",
        "infinityQuery": {"refId": "A", "datasource": _reference(source), **query},
    }


def _own_annotations() -> dict[str, Any]:
    return {
        "name": "Annotations & Alerts",
        "builtIn": 1,
        "type": "dashboard",
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
    }


def _annotations(dashboard: Dashboard, source: Source) -> Iterator[dict[str, Any]]:
    columns = {"time": "time", "timeend": "time", "text": "text", "tags": "text"}
    for note in dashboard.notes:
        yield {
            "name": note.name,
            "datasource": _reference(source),
            "enable": True,
            "hide": False,
            "iconColor": note.color,
            "target": {"refId": "Anno", **_query(note.sql, columns, "table", source)},
        }


def _panels(dashboard: Dashboard, source: Source) -> Iterator[dict[str, Any]]:
    x = y = height = 0
    for number, panel in enumerate(dashboard.panels, 1):
        if x + panel.width > WIDTH:
            x, y, height = 0, y + height, 0
        place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        x, height = x + panel.width, max(height, panel.height)
        yield {
            "id": number,
            "title": panel.title,
            "description": panel.about,
            "type": panel.kind,
            "datasource": _reference(source),
            "gridPos": place,
            "targets": [_target(panel, source)],
            "fieldConfig": _field_config(panel, source),
            "options": OPTIONS[panel.kind],
        }


def _target(panel: Panel, source: Source) -> dict[str, Any]:
    is_series = panel.kind in {"timeseries", "status-history"}
    shape = "time_series" if is_series else "table"
    head = {"refId": "A", "datasource": _reference(source)}
    if source == "infinity" and panel.asked:
        return head | _asked(panel, panel.asked, shape)
    return head | _query(panel.sql, panel.columns, shape, source)


def _query(sql: str, columns: Mapping[str, str], shape: str, source: Source) -> dict[str, Any]:
    if source == "postgresql":
        return {"editorMode": "code", "format": shape, "rawQuery": True, "rawSql": sql.strip()}
    return _infinity(sql, columns, shape)


def _infinity(sql: str, columns: Mapping[str, str], shape: str) -> dict[str, Any]:
    options = {
        "method": "POST",
        "body_type": "raw",
        "body_content_type": "application/json",
        "data": json.dumps({"sql": written_out(sql.strip())}, ensure_ascii=False),
    }
    selectors = {name: name for name in columns}
    return _by_url("/-/api/sql?shape=objects", options, selectors, columns, shape)


def _asked(panel: Panel, asked: Asked, shape: str) -> dict[str, Any]:
    parameters = [{"key": key, "value": value} for key, value in asked.parameters.items()]
    selectors = dict(zip(panel.columns, asked.columns, strict=True))
    options = {"method": "GET", "params": parameters}
    return _by_url(f"{asked.path}?shape=objects", options, selectors, panel.columns, shape)


def _by_url(
    url: str,
    options: dict[str, Any],
    selectors: Mapping[str, str],
    columns: Mapping[str, str],
    shape: str,
) -> dict[str, Any]:
    return {
        "type": "json",
        "parser": "backend",
        "source": "url",
        "format": "timeseries" if shape == "time_series" else "table",
        "url": url,
        "url_options": options,
        "root_selector": "",
        "columns": [
            {
                "selector": selectors[name],
                "text": "timeEnd" if name == "timeend" else name,
                "type": HOLDS[holds][0],
            }
            for name, holds in columns.items()
        ],
        "filters": [],
    }


FROM, TO = "'${__from:date:iso}'", "'${__to:date:iso}'"
MACROS = (
    (re.compile(r"\$__timeFilter\(([^)]*)\)"), rf"\1 BETWEEN {FROM} AND {TO}"),
    (re.compile(r"\$__timeFrom\(\)"), FROM),
    (re.compile(r"\$__timeTo\(\)"), TO),
    (
        re.compile(r"\$__timeGroupAlias\((\w[\w.]*), *'\$bucket'[^)]*\)"),
        r"date_trunc('$bucket', \1) AS " + '"time"',
    ),
    # Several values: each in single quotes, whatever is in it fit for a text within JSON.
    (re.compile(r"\(\$(\w+)\)"), r"(${\1:sqlstring})"),
    (re.compile(r"\[\$(\w+)\]"), r"[${\1:sqlstring}]"),
)


def written_out(sql: str) -> str:
    """The SQL without the macros of the PostgreSQL data source, which Infinity does not know."""
    for macro, meaning in MACROS:
        sql = macro.sub(meaning, sql)
    return sql


def _field_config(panel: Panel, source: Source) -> dict[str, Any]:
    units = {name: HOLDS[holds][1] for name, holds in panel.columns.items() if HOLDS[holds][1]}
    unit = next(iter(units.values()), "")
    defaults: dict[str, Any] = {"unit": unit} if unit else {}
    if panel.kind == "timeseries":
        defaults["custom"] = _drawn(panel)
        defaults["min"] = 0
    if panel.kind == "status-history":
        defaults |= _traffic_light()
    if panel.is_long and source == "infinity":
        defaults["displayName"] = "${__field.labels.metric}"
    overrides = [] if panel.is_long else _overrides(panel, units, unit)
    return {"defaults": defaults, "overrides": overrides}


def _drawn(panel: Panel) -> dict[str, Any]:
    if panel.is_stacked:
        stacking = {"mode": "normal", "group": "A"}
        return {"drawStyle": "bars", "fillOpacity": 80, "lineWidth": 0, "stacking": stacking}
    return {"drawStyle": "line", "fillOpacity": 5, "showPoints": "auto", "spanNulls": True}


def _traffic_light() -> dict[str, Any]:
    steps = [
        {"color": "green", "value": None},
        {"color": "yellow", "value": 0.05},
        {"color": "orange", "value": 0.2},
        {"color": "red", "value": 0.5},
    ]
    return {
        "color": {"mode": "thresholds"},
        "thresholds": {"mode": "absolute", "steps": steps},
        "min": 0,
        "max": 1,
    }


def _overrides(panel: Panel, units: Mapping[str, str], unit: str) -> list[dict[str, Any]]:
    found = []
    for name, holds in panel.columns.items():
        properties: list[dict[str, Any]] = []
        if name in units and units[name] != unit:
            properties.append({"id": "unit", "value": units[name]})
        if name in COLORS and panel.kind != "table":
            fixed = {"mode": "fixed", "fixedColor": COLORS[name]}
            properties.append({"id": "color", "value": fixed})
        if holds == "link":
            link = {"title": "Open", "url": "${__value.raw}", "targetBlank": True}
            properties.append({"id": "links", "value": [link]})
        if properties:
            matcher = {"id": "byName", "options": name}
            found.append({"matcher": matcher, "properties": properties})
    return found
