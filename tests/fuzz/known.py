"""Values that mean something: what is stored, and texts in the languages of the parameters."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.fuzz.inside import JSON, Inside, sent

RESULTS = "/apis/results.tekton.dev/v1alpha2/parents/{parent}/results"
RECORDS = f"{RESULTS}/{{result}}/records"
LOG_TYPE = "results.tekton.dev/v1alpha3.Log"
LOGS = ("log-1", "log-2", "log-3")
SHOWN = 40
Place = dict[str, str]
Sent = tuple[Place, Any]  # parameters of the path, and the body

FILTERS = (
    "status == 'failed'",
    "duration > duration('60s') && tags.team == 'core'",
    "source in ['ets', 'trunk'] || name.contains('api')",
    "payload.status.conditions[0].reason == 'Failed'",
    "started > timestamp('2026-02-01T00:00:00Z')",
    "metrics.mem_usage > 1.0",
    "has(payload.a.b) ? true : name.matches('^a+$')",
)
TEKTON_FILTERS = (
    "data_type == 'tekton.dev/v1.PipelineRun'",
    "data.status.conditions[0].reason == 'Failed'",
    "data.metadata.name.startsWith('a') && parent == 'acme-ci'",
    "data.status.completionTime.getDayOfWeek() == 1",
    "summary.status == SUCCESS",
    "annotations['a'] == 'b'",
)
# what stands behind a family's name in the addresses of pytest-monitor
RESTS = {
    "api": ("metrics/count", "sessions/", "nothing"),
    "metrics": ("count", "nothing"),
    "contexts": ("count", "f/metrics", "f"),
    "sessions": ("count", "f/metrics", "f"),
    "components": ("count", "api", "api/metrics", "api/pipelines/main/builds"),
    "pipelines": ("main/builds", "release/builds", "nothing"),
    "items": ("like/test/metrics", "test_api_0/metrics", "test_api_0/metrics/count"),
    "variants": ("like/test/metrics", "nothing/metrics/count"),
    "filters": ("scope/function/metrics", "scm/b/sessions", "scm/b/metrics/count"),
    "resources": ("memory/head/3/metrics", "cpu/components/api/tail/metrics", "time/head/metrics"),
}
SQL = ("SELECT * FROM events LIMIT 3", "SELECT count(*) AS n FROM tags", "DROP TABLE events")
# tag of the operation -> parameter -> texts
TEXTS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "runwell": {
        "filter": FILTERS,
        "fields": (
            "id",
            "name,tags.team",
            "payload.a.b",
            "source,scope,id,duration * 2.0",
            "nonsense",
        ),
        "order_by": ("arrival asc", "total desc", "duration", "metrics.mem_usage desc", "change"),
        "group_by": ("source", "week", "day started,status", "tags.team", "size(name)"),
        "summary": ("total", "p95(duration)", "avg(metrics.mem_usage),rate(status == 'failed')"),
        "having": ("total >= 10", "failed > 1,total < 5"),
        "zone": ("Europe/Berlin", "America/New_York", "Asia/Kathmandu"),
        "from": ("2026-02-01", "-7d", "week", "2026-02-01T00:00:00+01:00"),
        "to": ("2026-03-01", "-1d", "2026-02-03T04:05:06Z"),
        "time": ("started", "received", "time"),
    },
    "tekton": {
        "filter": TEKTON_FILTERS,
        "fields": ("records.name", "results", "summary.total", "records.data.type,next_page_token"),
        "order_by": ("create_time desc", "update_time", "total asc", "avg_duration desc"),
        "group_by": ("week", "hour startTime", "pipeline", "namespace", "repository"),
        "summary": ("total", "total,avg_duration,succeeded,failed", "last_runtime,min_duration"),
        "service": ("tekton.results.v1alpha2.Results", "other"),
    },
    "ets": {
        "tag": ("service:web", "type:deploy,status:success", "a"),
        "frm": ("2026-02-01T00:00:00", "02/12/26:10:25:00", "1770000000"),
        "to": ("2026-03-01T00:00:00Z", "1790000000.5"),
        "service": ("web",),
        "status": ("success",),
    },
    "pytest_monitor": {
        "with_flags": ("team", "pipeline_branch,team"),
        "restrict_flags": ("core", ",core"),
        "with_tags": ("team",),
    },
    "pipeline_metrics": {},
    "trunk": {},
}


@dataclass(frozen=True)
class Known:
    """By tag of the operation: coherent values of path parameters, and texts of queries."""

    places: Mapping[str, Sequence[Place]]
    texts: Mapping[str, Mapping[str, Sequence[str]]]
    bodies: Mapping[str, Sequence[Sent]]  # by the path of the operation
    rests: Mapping[str, Sequence[str]]  # by the family in the path


def known_of(app: Inside) -> Known:
    """What is stored in this app."""
    places = {
        "runwell": _own(app),
        "tekton": _tekton(app),
        "ets": [{"id": event["id"]} for event in app.get("/api/v1/event/")["result"][:SHOWN]],
        "pytest_monitor": _pytest_monitor(app),
    }
    return Known(places, _with_tokens(app), _bodies(app), RESTS)


def _own(app: Inside) -> list[Place]:
    listed = app.get("/-/api/events?fields=source,scope,id&limit=40&order_by=duration")
    return listed["events"]


def _tekton(app: Inside) -> list[Place]:
    place = {"parent": "fuzz", "result": "r"}
    result = {"name": "fuzz/results/r"}
    value = base64.b64encode(b'{"spec": {"type": "File"}}').decode()
    path = RECORDS.format(**place)
    headers = {"content-type": JSON}
    app.ask("POST", path.removesuffix("/r/records"), headers, json.dumps(result).encode())
    for name in LOGS:
        record = {
            "name": f"fuzz/results/r/records/{name}",
            "data": {"type": LOG_TYPE, "value": value},
        }
        heard = app.ask("POST", path, headers, json.dumps(record).encode())
        assert heard.status == 200, heard.body
    everything = RECORDS.format(parent="-", result="-")
    listed = app.get(f"{everything}?order_by=create_time%20desc&page_size={SHOWN}")
    logs = [{**place, "record": name} for name in LOGS * 3]
    everywhere = {"parent": "-", "result": "-", "record": "-"}
    return [*(_named(record["name"]) for record in listed["records"]), *logs, everywhere]


def _pytest_monitor(app: Inside) -> list[Place]:
    metrics = app.get("/api/v1/metrics/?per_page=200")["metrics"][::10]
    resources = ("memory", "cpu", "kernel_time", "user_time", "total_time")
    pipelines = app.get("/api/v1/pipelines/")["pipelines"]
    places = []
    for at, metric in enumerate(metrics):
        pipeline = pipelines[at % len(pipelines)]
        builds = app.get(f"/api/v1/pipelines/{pipeline.replace('/', '%2F')}/builds")["builds"]
        component, item = metric["component"], metric["item"]
        prefixes = (metric["session_h"], metric["context_h"][:3], component[:1])
        places.append(
            {
                "c": component,
                "component": component,
                "item": item,
                "part": item[:3],
                "variant": metric["item_variant"],
                "kind": metric["kind"],
                "h": metric["session_h"] if at % 2 else metric["context_h"],
                "prefix": prefixes[at % 3],
                "pipeline": pipeline,
                "build": builds[at % len(builds)],
                "resource": resources[at % 5],
                "count": str(at),
            }
        )
    return places


def _with_tokens(app: Inside) -> dict[str, dict[str, Sequence[str]]]:
    """The texts, and where a next page begins."""
    texts = {tag: dict(by_name) for tag, by_name in TEXTS.items()}
    own = app.get("/-/api/events?limit=3")["next_page_token"]
    tekton = app.get(f"{RECORDS.format(parent='-', result='-')}?page_size=5")["next_page_token"]
    texts["runwell"]["page_token"] = (own, own[:-2])
    texts["tekton"]["page_token"] = (tekton, tekton[:-2])
    texts["ets"]["cursor"] = (app.get("/api/v1/event/?count=2")["next"],)
    return texts


def _bodies(app: Inside) -> dict[str, list[Sent]]:
    """What was sent and what was not yet."""
    bodies: dict[str, list[Sent]] = {}
    for seed in (1, 2):
        taken: dict[str, int] = {}
        for request in sent(seed):
            path, place = _split(request.path)
            taken[path] = taken.get(path, 0) + 1
            if taken[path] <= SHOWN // 2:
                bodies.setdefault(path, []).append((place, json.loads(request.body)))
    for path, name in ((RESULTS, "result"), (RECORDS, "record")):
        bodies[f"{path}/{{{name}}}"] = [(_named(body["name"]), body) for _, body in bodies[path]]
    place = {"parent": "fuzz", "result": "r"}
    new = [f"fuzz/results/r/records/new-{number}" for number in range(SHOWN)]
    bodies[RECORDS] += [(place, {"name": name}) for name in new]
    for name in ("contexts", "sessions"):
        bodies[f"/api/v1/{name}/{{prefix}}"] = bodies[f"/api/v1/{name}/"]
    shown = app.get("/-/api/events?limit=1&fields=source,scope,id,name,status,tags")["events"]
    bodies["/-/api/events"] = [
        ({}, {"events": [{**event, "source": source}]})
        for event in shown
        for source in (event["source"], "mine")
    ]
    bodies["/-/api/sql"] = [({}, {"sql": text, "params": []}) for text in SQL]
    return bodies


def _split(path: str) -> tuple[str, Place]:
    """The operation's path and its parameters, of what a client of Tekton Results asks."""
    if not path.startswith(RESULTS.partition("{")[0]):
        return path, {}
    steps = path.split("/")[5:]
    place = dict(zip(("parent", "result"), steps[::2], strict=False))
    return RECORDS if "result" in place else RESULTS, place


def _named(name: str) -> Place:
    return dict(zip(("parent", "result", "record"), name.split("/")[::2], strict=False))
