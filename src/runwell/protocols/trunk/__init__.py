"""Trunk CI Analytics: `POST /v1/metrics/trackEvents`, whose own server was retired."""

from importlib import resources

from runwell.http import header_token
from runwell.protocols.base import Protocol
from runwell.protocols.trunk.errors import render_error
from runwell.protocols.trunk.native import admit
from runwell.protocols.trunk.retained import NEEDED
from runwell.protocols.trunk.routes import endpoints
from runwell.protocols.trunk.wire import Refused

PROTOCOL = Protocol(
    name="trunk",
    title="Trunk CI Analytics",
    claims=("/v1/metrics",),
    endpoints=endpoints,
    render_error=render_error,
    refused=Refused,
    admit=admit,
    credentials=header_token("x-api-token"),
    goes_stale=True,
    needed=NEEDED,
    views=(resources.files(__name__) / "views.sql").read_text("utf-8"),
)
