"""Who may do what: a policy for every route. A route without one fails test_matrix.py.

The scope of a route and, for tokens that are bound to repositories, what becomes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Bound = Literal["same", "narrowed", "refused"]
Outcome = Literal["done", "forbidden", "absent"]
Target = Literal["a", "b", "none"]


@dataclass(frozen=True)
class Policy:
    """`bound`: what a reader gets that is bound to the repository of `a`.

    same: what everybody gets, nothing of events; narrowed: what there is of `a`; refused: nothing.
    `shows`: an answer to somebody who may see everything has the target's mark in it.
    `upon`: what a writer bound to `a` gets who writes to events of each repository.
    """

    scope: Literal["read", "write", "admin"] | None
    bound: Bound = "narrowed"
    shows: bool = True
    upon: dict[Target, Outcome] | None = None


OPEN = Policy(None, "same", shows=False)
SAME = Policy("read", "same", shows=False)
LIST = Policy("read")
COUNT = Policy("read", shows=False)
WHOLE = Policy("read", "refused", shows=False)

# A new event is of the repository that it names; what is not there for a token cannot be changed.
NEW = Policy("write", upon={"a": "done", "b": "forbidden", "none": "forbidden"})
CHANGE = Policy("write", upon={"a": "done", "b": "absent", "none": "absent"})
# The repository's name does not travel in these protocols.
NAMELESS = Policy("write", upon={"a": "forbidden", "b": "forbidden", "none": "forbidden"})
NAMELESS_CHANGE = Policy("write", upon={"a": "forbidden", "b": "absent", "none": "absent"})
MOVED = Policy("write", upon={"a": "done", "b": "done", "none": "done"})

ETS = "/api/v1/event/"
PYTEST = "/api/v1"
TEKTON = "/apis/results.tekton.dev/v1alpha2/parents/{parent}/results"
RESOURCES = "GET /api/v1/resources/{resource}"
MIDDLES = (
    "",
    "/components/{component}",
    "/pipelines/{pipeline}",
    "/pipelines/{pipeline}/builds/{build}",
)

POLICIES: dict[str, Policy] = {
    # our own
    "GET /": COUNT,
    "GET /-/healthz": OPEN,
    "GET /-/readyz": OPEN,
    "GET /-/openapi.json": SAME,
    "GET /-/metrics": WHOLE,
    "GET /-/api/events": LIST,
    "GET /-/api/events/{source}/{scope}/{id}": LIST,
    "GET /-/api/events/{source}/{scope}/{id}/tree": LIST,
    "GET /-/api/export": LIST,
    "GET /-/api/tail": LIST,
    "GET /-/api/summary": LIST,
    "GET /-/api/series": LIST,
    "GET /-/api/fields": LIST,
    "GET /-/api/relations": SAME,
    "POST /-/api/sql": WHOLE,
    "POST /-/api/events": NEW,
    # Trunk, pipeline metrics
    "POST /v1/metrics/trackEvents": NEW,
    "POST /save_metrics": NEW,
    # ETS
    "GET /monitor/ping": OPEN,
    "GET /api/swagger.json": SAME,
    f"PUT {ETS}": NEW,
    f"POST {ETS}": NEW,
    f"DELETE {ETS}{{id}}": CHANGE,
    f"DELETE {ETS}{{id}}/delete": CHANGE,
    f"GET {ETS}": LIST,
    f"GET {ETS}{{id}}": LIST,
    f"GET {ETS}{{id}}/children": LIST,
    f"GET {ETS}{{id}}/trace": LIST,
    f"GET {ETS}{{id}}/impact": LIST,
    "GET /event/{id}/": LIST,
    # Tekton Results: a result has no repository, a record has that of its annotations
    "GET /healthz": OPEN,
    f"POST {TEKTON}": NAMELESS,
    f"GET {TEKTON}": LIST,
    f"GET {TEKTON}/{{result}}": LIST,
    f"PATCH {TEKTON}/{{result}}": NAMELESS_CHANGE,
    f"DELETE {TEKTON}/{{result}}": NAMELESS_CHANGE,  # records of others may go with it
    f"GET {TEKTON}/{{result}}/records/summary": COUNT,
    f"POST {TEKTON}/{{result}}/records": CHANGE,
    f"GET {TEKTON}/{{result}}/records": LIST,
    f"GET {TEKTON}/{{result}}/records/{{record}}": LIST,
    f"PATCH {TEKTON}/{{result}}/records/{{record}}": CHANGE,
    f"DELETE {TEKTON}/{{result}}/records/{{record}}": CHANGE,
    f"GET {TEKTON}/{{result}}/logs": LIST,
    f"GET {TEKTON}/{{result}}/logs/{{record}}": LIST,
    f"DELETE {TEKTON}/{{result}}/logs/{{record}}": CHANGE,
    # pytest-monitor
    **{
        f"POST {PYTEST}/{path}": NAMELESS
        for path in ("metrics/", "contexts/", "contexts/{prefix}", "sessions/", "sessions/{prefix}")
    },
    **{f"POST {PYTEST}/{name}": MOVED for name in ("metrics", "contexts", "sessions")},
    **{
        f"GET {PYTEST}/{name}": SAME  # moved to the address with the slash
        for name in ("metrics", "contexts", "sessions", "components", "pipelines", "api/v1/{rest}")
    },
    **{
        f"GET {PYTEST}/{path}/count": COUNT
        for path in (
            "contexts",
            "sessions",
            "components",
            "metrics",
            "contexts/{h}/metrics",
            "sessions/{h}/metrics",
            "items/{item}/metrics",
            "variants/{variant}/metrics",
            "filters/scope/{kind}/metrics",
            "filters/scm/{prefix}/metrics",
        )
    },
    **{
        f"GET {PYTEST}/{path}": LIST
        for path in (
            "contexts/",
            "contexts/{prefix}",
            "sessions/",
            "sessions/{prefix}",
            "components/",
            "components/{prefix}",
            "metrics/",
            "pipelines/",
            "filters/scm/{prefix}/sessions",
            "contexts/{h}/metrics",
            "sessions/{h}/metrics",
            "components/metrics",
            "components/items/{item}/metrics",
            "components/variants/{variant}/metrics",
            "components/{c}/metrics",
            "components/{c}/items/{item}/metrics",
            "components/{c}/variants/{variant}/metrics",
            "items/like/{part}/metrics",
            "items/{item}/metrics",
            "variants/like/{part}/metrics",
            "variants/{variant}/metrics",
            "filters/scope/{kind}/metrics",
            "filters/scm/{prefix}/metrics",
            "pipelines/{pipeline}/builds",
            "pipelines/{pipeline}/builds/{build}/sessions",
            "components/{component}/pipelines",
            "components/{component}/pipelines/{pipeline}/builds",
            "components/{component}/pipelines/{pipeline}/builds/{build}/sessions",
        )
    },
    **{
        f"GET {PYTEST}/{name}/{{rest}}/": LIST
        for name in (
            *("contexts", "sessions", "components", "pipelines", "items", "variants"),
            *("filters", "resources"),
        )
    },
    f"GET {PYTEST}/metrics/{{rest}}/": COUNT,
    **{
        f"{RESOURCES}{middle}/{end}{count}/metrics": LIST
        for middle in MIDDLES
        for end in ("head", "tail")
        for count in ("", "/{count}")
    },
}
