"""Any body, whole or broken: never a 5xx, and a refused one stores nothing."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.apps import an_app
from tests.protocols.pytest_monitor.bodies import CONTEXT, METRIC, SESSION

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=80)
    | st.sampled_from(["\x00", "x" * 9000, "2026-01-01T00:00:00", "1969-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def broken(document: dict) -> st.SearchStrategy[dict]:
    """The document with some fields changed or taken away."""
    changes = st.dictionaries(st.sampled_from(sorted(document)), JSON, max_size=3)
    gone = st.sets(st.sampled_from(sorted(document)), max_size=1)
    return st.builds(
        lambda change, out: {k: v for k, v in {**document, **change}.items() if k not in out},
        changes,
        gone,
    )


BODIES = st.one_of(
    st.tuples(st.just("metrics"), broken(METRIC)),
    st.tuples(st.just("contexts"), broken(CONTEXT)),
    st.tuples(st.just("sessions"), broken(SESSION)),
    st.tuples(st.sampled_from(["metrics", "contexts", "sessions"]), JSON),
)


@given(st.lists(BODIES, min_size=1, max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_body_is_stored_or_refused_and_listings_stay_well(bodies):
    folder = Path(tempfile.mkdtemp(prefix="runwell-test-"))

    async def main() -> None:
        async with an_app(folder) as (app, client):
            for name, body in bodies:
                before = app.store.ledger.last_seq()
                answer = await client.post(f"/api/v1/{name}/", content=json.dumps(body).encode())
                assert answer.status_code in (201, 400, 409), answer.text
                if answer.status_code != 201:
                    assert app.store.ledger.last_seq() == before
                    assert answer.json()["message"]
            for name in ("metrics", "contexts", "sessions", "components", "pipelines"):
                answer = await client.get(f"/api/v1/{name}/")
                assert answer.status_code in (200, 204), answer.text

    asyncio.run(main())
    shutil.rmtree(folder)
