"""ETS (event-tracking-service): deploys and other events; created, merged, updated, traced."""

from importlib import resources

from runwell.protocols.base import Protocol
from runwell.protocols.ets.errors import render_error
from runwell.protocols.ets.native import admit
from runwell.protocols.ets.routes import endpoints
from runwell.protocols.ets.wire import Refused

PROTOCOL = Protocol(
    name="ets",
    title="ETS",
    claims=("/api/v1/event", "/api/v1/events", "/event", "/monitor/ping", "/api/swagger.json"),
    endpoints=endpoints,
    render_error=render_error,
    refused=Refused,
    admit=admit,
    views=(resources.files(__name__) / "views.sql").read_text("utf-8"),
)
