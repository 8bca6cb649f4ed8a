"""The server that pytest-monitor's `--remote-server` talks to (monitor-server-api 1.1)."""

from importlib import resources

from runwell.protocols.base import Protocol
from runwell.protocols.pytest_monitor.errors import render_error
from runwell.protocols.pytest_monitor.native import admit
from runwell.protocols.pytest_monitor.retained import NEEDED, keeps
from runwell.protocols.pytest_monitor.routes import endpoints
from runwell.protocols.pytest_monitor.wire import Refused

PROTOCOL = Protocol(
    name="pytest_monitor",
    title="pytest-monitor",
    claims=(
        "/api/v1/metrics",
        "/api/v1/contexts",
        "/api/v1/sessions",
        "/api/v1/components",
        "/api/v1/items",
        "/api/v1/variants",
        "/api/v1/filters",
        "/api/v1/pipelines",
        "/api/v1/resources",
        "/api/v1/api/v1",
    ),
    endpoints=endpoints,
    render_error=render_error,
    refused=Refused,
    admit=admit,
    keeps=keeps,
    needed=NEEDED,
    views=(resources.files(__name__) / "views.sql").read_text("utf-8"),
)
