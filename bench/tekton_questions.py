"""The questions asked of both sides: as a request, and as the SQL that Tekton Results makes of it.

The SQL forms are those of its aggregator and of its CEL translation, word for word.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.tekton_records import LAST_DAY, PIPELINE_RUN

_REASON = "(data->'status'->'conditions'->0->>'reason')"
_TIME = "TIMESTAMP WITH TIME ZONE"
_STARTED = f"(data->'status'->>'startTime')::{_TIME}"
_DURATION = f"(data->'status'->>'completionTime')::{_TIME} - {_STARTED}"
_CREATED = f"(data->'metadata'->>'creationTimestamp')::{_TIME}"
_NAMESPACE = "data->'metadata'->>'namespace'"
_OTHERS = "('Failed', 'Succeeded', 'Cancelled', 'Running', 'Completed')"

MEASURES = {
    "total": "COUNT(*)",
    "succeeded": f"COUNT(CASE WHEN {_REASON} IN ('Succeeded', 'Completed') THEN 1 END)",
    "failed": f"COUNT(CASE WHEN {_REASON} = 'Failed' THEN 1 END)",
    "cancelled": f"COUNT(CASE WHEN {_REASON} = 'Cancelled' THEN 1 END)",
    "running": f"COUNT(CASE WHEN {_REASON} = 'Running' THEN 1 END)",
    "others": f"COUNT(CASE WHEN {_REASON} NOT IN {_OTHERS} THEN 1 END)",
    "last_runtime": f"MAX(EXTRACT(EPOCH FROM {_STARTED}))",
    "avg_duration": f"AVG({_DURATION})::INTERVAL",
    "min_duration": f"MIN({_DURATION})::INTERVAL",
    "max_duration": f"MAX({_DURATION})::INTERVAL",
    "total_duration": f"SUM({_DURATION})::INTERVAL",
}
GROUPS = {
    "hour": f"EXTRACT(EPOCH FROM DATE_TRUNC('hour', {_CREATED}))",
    "day": f"EXTRACT(EPOCH FROM DATE_TRUNC('day', {_CREATED}))",
    "pipeline": f"CONCAT({_NAMESPACE}, '/', data->'metadata'->'labels'->>'tekton.dev/pipeline')",
}
CONSOLE = "succeeded,cancelled,failed,others,running,total"  # what its overview page asks for


@dataclass(frozen=True)
class Filter:
    cel: str
    sql: str


RECENT = Filter(
    cel=f'data_type == "{PIPELINE_RUN}" && data.status.startTime>timestamp("{LAST_DAY}")',
    sql=f"((type = '{PIPELINE_RUN}') AND ({_STARTED} > '{LAST_DAY}'::{_TIME}))",
)
# what the command line client sends for a list of an application's runs by a part of their name
BETA = "tekton.dev/v1beta1.PipelineRun"
BUILDS = Filter(
    cel=f'(data_type=="{PIPELINE_RUN}" || data_type=="{BETA}") && '
    'data.metadata.labels["app"]=="web" && data.metadata.name.contains("build")',
    sql=f"((((type = '{PIPELINE_RUN}') OR (type = '{BETA}')) AND "
    "((data->'metadata'->'labels'->>'app') = 'web')) AND "
    "POSITION('build' IN (data->'metadata'->>'name')) <> 0)",
)
PAGE = 50


@dataclass(frozen=True)
class Question:
    name: str
    parameters: dict[str, str]
    sql: str
    count_sql: str = ""  # of a list, which shows only a page: how many there are

    @property
    def is_list(self) -> bool:
        return bool(self.count_sql)


def _summary(name: str, measures: str, group: str = "", chosen: Filter | None = None) -> Question:
    parameters = {"summary": measures}
    selected = [f"{MEASURES[measure]} AS {measure}" for measure in measures.split(",")]
    where, grouped = "", ""
    if group:
        parameters["group_by"] = group
        selected.append(f"{GROUPS[group]} AS group_value")
        grouped = ' GROUP BY "group_value"'
    if chosen:
        parameters["filter"] = chosen.cel
        where = f" WHERE {chosen.sql}"
    sql = f'SELECT {",".join(selected)} FROM "records"{where}{grouped}'
    return Question(name, parameters, sql)


def _list(name: str, chosen: Filter) -> Question:
    parameters = {"filter": chosen.cel, "order_by": "create_time desc", "page_size": str(PAGE)}
    source = f'FROM "records" WHERE {chosen.sql}'
    page = f"SELECT * {source} ORDER BY created_time DESC,id DESC LIMIT {PAGE + 1}"
    return Question(name, parameters, page, f"SELECT COUNT(*) {source}")


EVERY = ",".join(MEASURES)
QUESTIONS = [
    _summary("all eleven measures", EVERY),
    _summary("... by pipeline", EVERY, "pipeline"),
    _summary("... by day", EVERY, "day"),
    _summary("the console's six counts by hour, last day", CONSOLE, "hour", RECENT),
    _list(f"filtered list, the newest {PAGE}", BUILDS),
]
