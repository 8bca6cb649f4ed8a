"""Every route for every role and repository: what is answered is what policies.py says."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.access.policies import POLICIES
from tests.access.walking import Walked, name_of
from tests.apps import an_app

from runwell.tokens import PATTERN


def test_every_route_answers_every_role_as_its_policy_says(walked: Walked):
    assert walked.wrong == [], "\n".join(walked.wrong)


def test_no_answer_and_no_line_of_the_log_holds_a_token(walked: Walked):
    assert walked.leaked == []
    assert not PATTERN.search(walked.logged)
    assert "Bearer" not in walked.logged


def test_every_route_has_a_policy_and_every_policy_a_route(tmp_path: Path):
    async def routes() -> dict[str, str | None]:
        async with an_app(tmp_path) as (app, _client):
            return {
                name_of(endpoint): endpoint.scope
                for mounted in app.mounted
                for endpoint in mounted.endpoints
            }

    found = asyncio.run(routes())
    without = sorted(found.keys() - POLICIES.keys())
    assert without == [], f"routes without a policy in tests/access/policies.py: {without}"
    assert sorted(POLICIES.keys() - found.keys()) == []
    assert {name: policy.scope for name, policy in POLICIES.items()} == found


def test_only_what_is_asked_of_health_is_open():
    assert sorted(name for name, policy in POLICIES.items() if policy.scope is None) == [
        *("GET /-/healthz", "GET /-/readyz", "GET /healthz", "GET /monitor/ping"),
    ]


def test_no_get_can_change_anything():
    """A route with another scope than `write` or `admin` cannot write: see `Guard.accept`."""
    assert {policy.scope for name, policy in POLICIES.items() if name.startswith("GET ")} == {
        "read",
        None,
    }
