"""Tekton Results v1alpha2: results, records, filtered lists, summaries."""

from importlib import resources

from runwell.http import Credentials, bearer_or_basic
from runwell.protocols.base import Protocol
from runwell.protocols.tekton.errors import render_error
from runwell.protocols.tekton.native import admit
from runwell.protocols.tekton.retained import keeps
from runwell.protocols.tekton.routes import endpoints
from runwell.protocols.tekton.vocabulary import PATHS
from runwell.protocols.tekton.wire import Refused

PROTOCOL = Protocol(
    name="tekton",
    title="Tekton Results",
    claims=("/apis/results.tekton.dev", "/healthz"),
    endpoints=endpoints,
    render_error=render_error,
    refused=Refused,
    admit=admit,
    # the refusal itself says what to send, in the protocol's words
    credentials=Credentials(bearer_or_basic.find, "", ("bearer", "basic")),
    goes_stale=True,
    views=(resources.files(__name__) / "views.sql").read_text("utf-8"),
    paths=PATHS,
    keeps=keeps,
)
