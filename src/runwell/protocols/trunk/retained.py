"""Which sequences must stay: those whose events are there. Pure."""

from __future__ import annotations

from runwell.filter import Among, And, Compare, Field
from runwell.model import Kind
from runwell.protocols.trunk.translate import SOURCE

IS_SEQUENCE = Compare(Field("kind"), "==", Kind.SEQUENCE)
IS_EVENT = Compare(Field("kind"), "!=", Kind.SEQUENCE)

# An event has the key of its sequence as its component, and its name from there.
NEEDED = And(
    (
        IS_SEQUENCE,
        Among(
            Field("id"), Field("component"), And((Compare(Field("source"), "==", SOURCE), IS_EVENT))
        ),
    )
)
