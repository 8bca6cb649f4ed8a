"""A server that holds a few sessions and metrics, and how its answers are read."""

from __future__ import annotations

import json
from typing import Any

from tests.protocols.fake import FakeServer
from tests.protocols.pytest_monitor.bodies import a_context, a_metric, a_session

from runwell.protocols.pytest_monitor import PROTOCOL

API = "/api/v1"
SESSIONS = {
    "s1": a_session(),
    "s2": a_session(
        session_h="s2",
        scm_ref="caff",
        description={"pipeline_branch": "main", "pipeline_build_no": "8", "env": "dev", "n": ""},
    ),
    "t/3%": a_session(
        session_h="t/3%",
        scm_ref="beef",
        description={"pipeline_branch": "a/b", "pipeline_build_no": ""},
    ),
    "t4": a_session(session_h="t4", scm_ref=None, description={"env": "prod", "numpy": "1.17"}),
}
# variant -> its metric; the number is the minute, and every resource but one grows with it
METRICS = {
    "t[1]": a_metric(item="t", item_variant="t[1]", item_start_time="2026-01-01T12:01"),
    "t[2]": a_metric(
        item="t",
        item_variant="t[2]",
        item_start_time="2026-01-01T12:02",
        session_h="s2",
        mem_usage=2,
    ),
    "u": a_metric(
        item="u",
        item_variant="u",
        item_start_time="2026-01-01T12:03",
        component="",
        mem_usage=3,
        cpu_usage=0.1,
    ),
    "": a_metric(
        item="mod",
        item_variant="",
        item_start_time="2026-01-01T12:04",
        session_h="t/3%",
        context_h="c2",
        kind="module",
        mem_usage=4,
    ),
    "x/y%": a_metric(
        item="x/y%",
        item_variant="x/y%",
        item_start_time="2026-01-01T12:05",
        session_h="unknown",
        component="webshop",
        mem_usage=5,
    ),
}


def posts() -> list[tuple[str, dict[str, Any]]]:
    """Where each body goes."""
    return [
        ("contexts", a_context()),
        ("contexts", a_context(h="c2")),
        *(("sessions", session) for session in SESSIONS.values()),
        *(("metrics", metric) for metric in METRICS.values()),
    ]


def a_server(**settings: Any) -> FakeServer:
    """A server that holds the sessions and metrics above."""
    server = FakeServer(PROTOCOL, **settings)
    for name, body in posts():
        answer = server.ask("POST", f"{API}/{name}/", body)
        assert answer.status == 201, answer.body
    return server


def get(server: FakeServer, path: str) -> Any:
    answer = server.ask("GET", API + path)
    assert answer.status == 200, (answer.status, answer.body)
    return json.loads(answer.body)


def names(answer: dict[str, Any], envelope: str) -> list[str]:
    keys = {"contexts": "h", "sessions": "session_h", "metrics": "item_variant"}
    return [item if envelope == "components" else item[keys[envelope]] for item in answer[envelope]]
