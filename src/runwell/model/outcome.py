"""What came of a write: its outcome and the event as it is stored now."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from runwell.model.event import Event


class Outcome(StrEnum):
    """Decided inside the commit's transaction."""

    CREATED = "created"  # the key was new
    EXISTED = "existed"  # the key was known and what is stored stays as it was
    REPLACED = "replaced"  # the incoming event took the place of the stored one
    MERGED = "merged"  # a new event was made of both
    REMOVED = "removed"  # the stored event is gone
    ABSENT = "absent"  # nothing was stored and nothing is


class Written(msgspec.Struct, frozen=True, gc=False):
    """The answer to one write.

    `event` is what the ledger holds after it; of REMOVED what it held before, of ABSENT what came.
    """

    event: Event
    outcome: Outcome
