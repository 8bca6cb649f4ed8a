"""What a roll-up knows of a test or session, and which contexts must stay. Pure."""

from __future__ import annotations

import msgspec

from runwell.filter import Among, And, Compare, Field, Tag
from runwell.model import Event, Kind
from runwell.protocols.pytest_monitor.translate import SOURCE

# A test names its context by its hash, and clients look it up.
NEEDED = And(
    (
        Compare(Field("kind"), "==", Kind.CONTEXT),
        Among(Field("chain"), Tag("context_h"), Compare(Field("source"), "==", SOURCE)),
    )
)


def keeps(event: Event) -> Event:
    """All but the payload, and the hash of the session that is the scope of its tests."""
    scope = event.scope if event.kind is Kind.CONTEXT else ""
    return msgspec.structs.replace(event, scope=scope, payload="")
