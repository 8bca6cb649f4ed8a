"""A write and the rules that say what happens when its key is already known. Pure functions."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from runwell.model.event import Event

# (stored or None, incoming) -> what to store. Runs inside the commit's transaction, so it must be
# quick and pure. Returning `stored` itself changes nothing. Raising an Error refuses the whole
# request that the write came with, and nothing of that request is stored.
Rule = Callable[[Event | None, Event], Event]


def keep_stored(stored: Event | None, incoming: Event) -> Event:
    """The first one wins: a repeat changes nothing."""
    return incoming if stored is None else stored


def replace(stored: Event | None, incoming: Event) -> Event:  # noqa: ARG001 - a Rule's signature
    """The last one wins."""
    return incoming


class Write(msgspec.Struct, frozen=True, gc=False):
    """One event on its way to the ledger."""

    event: Event
    rule: Rule = keep_stored
