"""pipeline-metrics-collector: `POST /save_metrics` and the relations its Grafana queries read."""

from importlib import resources

from runwell.protocols.base import Protocol
from runwell.protocols.pipeline_metrics.errors import render_error
from runwell.protocols.pipeline_metrics.native import admit
from runwell.protocols.pipeline_metrics.routes import endpoints
from runwell.protocols.pipeline_metrics.wire import Refused

PROTOCOL = Protocol(
    name="pipeline_metrics",
    title="pipeline-metrics-collector",
    claims=("/save_metrics",),
    endpoints=endpoints,
    render_error=render_error,
    refused=Refused,
    admit=admit,
    views=(resources.files(__name__) / "views.sql").read_text("utf-8"),
)
