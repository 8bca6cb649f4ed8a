"""A request for every route, aimed at events of one repository; and the events to aim at.

What events hold has the mark of their repository in it; the ids in addresses have not.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.access.policies import TEKTON, Target

TARGETS: tuple[Target, ...] = ("a", "b", "none")
REPOS: dict[Target, str] = {"a": "Acme/web", "b": "other/vault", "none": ""}
MARKS: dict[Target, str] = {"a": "mark-of-acme", "b": "mark-of-other", "none": "mark-of-nobody"}
HASHES: dict[Target, str] = {"a": "aa01" * 5, "b": "bb02" * 5, "none": "cc03" * 5}
# pytest-monitor's lists of pipelines, builds and sessions begin with what was asked for.
ECHOED: dict[Target, list[bytes]] = {
    target: [f'"{name}":"{mark}"'.encode() for name in ("pipeline", "build")]
    + [f'"total_page":{pages},"component":"{mark}"'.encode() for pages in (0, 1)]
    for target, mark in MARKS.items()
}
AT = "2026-01-01T12:00:00Z"
LOG = "results.tekton.dev/v1alpha3.Log"


@dataclass(frozen=True)
class Request:
    """What is sent, and the events that must be there before."""

    method: str
    path: str
    body: bytes = b""
    before: list[dict[str, Any]] = field(default_factory=list)


def spellings(target: Target) -> list[bytes]:
    """What tells of a target in an answer: its hash, its mark, that in base64 at any place."""
    mark = MARKS[target]
    found = [mark.encode(), HASHES[target].encode()]
    for shift in range(3):
        text = base64.b64encode(b"x" * shift + mark.encode())
        found.append(text[4 if shift else 0 : -4])
    return found


def seeds(target: Target) -> list[dict[str, Any]]:
    """Events of every protocol, as our own API takes them."""
    mark, key = MARKS[target], HASHES[target]
    common = {"repo": REPOS[target], "name": mark, "tags": {f"tag-{mark}": mark}, "started": AT}
    one = {**common, "description": mark, "finished": AT}
    ets = {**one, "source": "ets", "scope": "global"}
    pytest = {**common, "source": "pytest_monitor"}
    return [
        {**one, "source": "own", "scope": "s", "id": f"own-{target}", "payload": {"x": mark}},
        {**ets, "id": f"ets-{target}"},
        {**ets, "id": f"below-{target}", "parent": f"ets-{target}"},
        {**ets, "id": f"lowest-{target}", "parent": f"below-{target}"},
        a_result(f"res-{target}", target),
        a_record(f"res-{target}", f"rec-{target}", target),
        a_record(f"res-{target}", f"log-{target}", target, event_type=LOG),
        {
            **pytest,
            "scope": "contexts",
            "id": key,
            "chain": key,
            "kind": "context",
            "payload": {**CONTEXT, "h": key, "system_info": mark},
        },
        {
            **pytest,
            "scope": key,
            "id": key,
            "chain": key,
            "kind": "session",
            "pipeline": mark,
            "sha": key,
            "tags": {"pipeline_branch": mark, "pipeline_build_no": mark},
            "payload": {
                "session_h": key,
                "run_date": AT,
                "scm_ref": key,
                "description": {"x": mark},
            },
        },
        *(
            {
                **pytest,
                "scope": key,
                "id": f"test-{key}-{component}",
                "chain": key,
                "kind": "test",
                "component": component,
                "metrics": {"total_time": 1.0},
                "tags": {"item": mark, "item_kind": mark, "context_h": key},
                "payload": a_metric(key, mark),
            }
            for component in ("", mark)
        ),
        {
            **common,
            "source": "trunk",
            "scope": "github.com/x/y",
            "id": f"trunk-{target}",
            "created": AT,
        },
    ]


CONTEXT = {
    "cpu_count": 2,
    "cpu_frequency": 1,
    "cpu_type": "",
    "cpu_vendor": "",
    "ram_total": 1,
    "machine_node": "n",
    "machine_type": "t",
    "machine_arch": "a",
    "python_info": "3",
}


def a_metric(session: str, mark: str) -> dict[str, Any]:
    times = ("total_time", "user_time", "kernel_time", "cpu_usage", "mem_usage")
    names = ("item", "item_variant", "item_path", "item_fs_loc", "component", "kind")
    return {
        "session_h": session,
        "context_h": session,
        "item_start_time": "2026-01-01T12:00:00",
        **dict.fromkeys(names, mark),
        **dict.fromkeys(times, 1.0),
    }


def a_result(name: str, target: Target) -> dict[str, Any]:
    return {
        "source": "tekton",
        "scope": "ns",
        "id": name,
        "chain": name,
        "kind": "result",
        "uid": f"uid-{name}",
        "recorded": AT,
        "updated": AT,
        "repo": REPOS[target],
        "payload": {"status": 1, "annotations": {"mark": MARKS[target]}},
    }


def a_record(result: str, name: str, target: Target, **more: str) -> dict[str, Any]:
    return {
        **a_result(f"{result}/{name}", target),
        "chain": result,
        "kind": "event",
        "event_type": "tekton.dev/v1.TaskRun",
        "payload": a_run(target),
        **more,
    }


def a_run(target: Target) -> dict[str, Any]:
    """An object of Tekton whose annotations name the repository."""
    owner, _, name = REPOS[target].partition("/")
    told = {"url-org": owner, "url-repository": name} if owner else {}
    annotations = {f"pipelinesascode.tekton.dev/{key}": text for key, text in told.items()}
    metadata = {"name": MARKS[target], "annotations": annotations}
    return {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": metadata}


def parameters_of(path: str, target: Target) -> dict[str, str]:
    """What the names in a path stand for."""
    mark, key = MARKS[target], HASHES[target]
    if path.startswith("/apis/"):
        record = f"log-{target}" if "/logs" in path else f"rec-{target}"
        return {"parent": "ns", "result": f"res-{target}", "record": record}
    if path.startswith("/-/"):
        return {"source": "own", "scope": "s", "id": f"own-{target}"}
    if "event/{id}" in path:
        return {"id": f"below-{target}"}
    family = path.removeprefix("/api/v1/").partition("/")[0]
    return {
        **dict.fromkeys(
            ("item", "variant", "c", "part", "pipeline", "build", "component", "kind"), mark
        ),
        "h": key,
        "prefix": mark if path.startswith("/api/v1/components/{prefix}") else key,
        "resource": "total_time",
        "count": "5",
        "rest": {
            "metrics": "count",
            "contexts": f"{key}/metrics",
            "sessions": f"{key}/metrics",
            "components": f"{mark}/metrics",
            "pipelines": f"{mark}/builds",
            "items": f"{mark}/metrics",
            "variants": f"{mark}/metrics",
            "filters": f"scm/{key}/metrics",
            "resources": "total_time/head/metrics",
        }.get(family, "metrics/"),
    }


QUERIES = {
    "/-/api/tail": "after=0",
    "/-/api/summary": "group_by=name&summary=total",
    "/-/api/series": "bucket=week&group_by=name",
}


def a_read(method: str, path: str, target: Target) -> Request:
    """A request that changes nothing."""
    known = parameters_of(path, target)
    filled = re.sub(r"\{(\w+)(:path)?\}", lambda name: known[name[1]], path)
    body = {"sql": "SELECT count(*) FROM events"} if path == "/-/api/sql" else None
    query = f"?{QUERIES[path]}" if path in QUERIES else ""
    return Request(method, filled + query, b"" if body is None else json.dumps(body).encode())


def a_write(  # noqa: C901, PLR0911, PLR0912 - a case for each route
    method: str, path: str, target: Target, number: int
) -> Request:
    """A request that changes something: of its own, so that none stands in another's way."""
    repo, mark, name = REPOS[target], MARKS[target], f"w{number}"
    ets = {"id": name, "start_time": AT, "end_time": AT, "description": mark}
    tags = {"repo": [repo]} if repo else {}
    there = {
        "source": "ets",
        "scope": "global",
        "id": name,
        "repo": repo,
        "tags": tags,
        "started": AT,
        "finished": AT,
    }

    def sent(body: Any, *before: dict[str, Any], at: str = path) -> Request:
        return Request(method, at, json.dumps(body).encode(), list(before))

    result, record = a_result(name, target), a_record(name, "r", target)
    base = TEKTON.format(parent="ns")
    content = {"type": "tekton.dev/v1.TaskRun", "value": as_base64(a_run(target))}
    match f"{method} {path}":
        case "PUT /api/v1/event/" | "POST /api/v1/event/":
            return sent({"event": {**ets, "tags": tags}})
        case "DELETE /api/v1/event/{id}" | "DELETE /api/v1/event/{id}/delete":
            return sent(None, there, at=path.format(id=name))
        case "POST /save_metrics":
            report = {"project": repo, "pipeline_id": number, "created_at": AT, "build": 1}
            empty = {"jobs": [], "jobs_failed": [], "duration": 1, "duration_e2e": 1}
            return sent({**report, **empty, "ref": "main", "has_restarts": False})
        case "POST /v1/metrics/trackEvents":
            owner, _, repository = (repo or "no/body").partition("/")
            place = {"host": "github.com", "owner": owner, "name": repository}
            event = {"id": name, "chainId": name, "createdAt": 1_767_268_800_000}
            return sent({"repo": place, "events": [event]})
        case "POST /-/api/events":
            return sent({"events": [{"source": "own", "scope": "s", "id": name, "repo": repo}]})
        case _ if path.startswith("/api/v1/metrics"):
            return sent(a_metric(name, mark))
        case _ if path.startswith("/api/v1/contexts"):
            body = {**CONTEXT, "h": name, "system_info": mark}
            return sent(body, at=path.format(prefix=name))
        case _ if path.startswith("/api/v1/sessions"):
            body = {"session_h": name, "run_date": AT, "scm_ref": "s", "description": {"x": mark}}
            return sent(body, at=path.format(prefix=name))
        case _ if path == TEKTON:
            return sent({"name": f"ns/results/{name}"}, at=base)
        case _ if path == f"{TEKTON}/{{result}}":
            body = {"annotations": {"x": mark}} if method == "PATCH" else None
            return sent(body, result, at=f"{base}/{name}")
        case _ if path == f"{TEKTON}/{{result}}/records":
            body = {"name": f"ns/results/{name}/records/new", "data": content}
            return sent(body, result, at=f"{base}/{name}/records")
        case _ if path == f"{TEKTON}/{{result}}/records/{{record}}":
            body = {"data": content} if method == "PATCH" else None
            return sent(body, result, record, at=f"{base}/{name}/records/r")
        case _ if path == f"{TEKTON}/{{result}}/logs/{{record}}":
            log = {**record, "event_type": LOG}
            return sent(None, result, log, at=f"{base}/{name}/logs/r")
    raise KeyError(f"{method} {path}: no request is known")


def as_base64(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()
