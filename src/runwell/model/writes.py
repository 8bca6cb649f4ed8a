"""A write and the rules that say what happens when its key is already known. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from runwell.model.event import Event

# (stored or None, incoming) -> what to store, or None to store nothing and to remove what is there.
# Runs inside the commit's transaction, so it must be quick and pure. Returning `stored` itself
# changes nothing. Raising an Error refuses the whole request that the write came with, and nothing
# of that request is stored.
Rule = Callable[[Event | None, Event], Event | None]

# (the stored attempts of an id, oldest first; incoming) -> what its attempts are from now on. They
# are numbered from 1 in the order of the answer. Otherwise as a Rule.
AttemptsRule = Callable[[Sequence[Event], Event], Sequence[Event]]


def keep_stored(stored: Event | None, incoming: Event) -> Event:
    """The first one wins: a repeat changes nothing."""
    return incoming if stored is None else stored


def replace(stored: Event | None, incoming: Event) -> Event:  # noqa: ARG001 - a Rule's signature
    """The last one wins."""
    return incoming


class Write(msgspec.Struct, frozen=True, gc=False):
    """One event on its way to the ledger.

    With `attempts` all attempts of the event's id are looked at together, and `rule` is not asked;
    the event itself then comes as attempt 1.

    Where `rule` removes the event, `with_owned` removes every event that names it as its owner in
    the same transaction: those and no others, not what they own in turn.
    """

    event: Event
    rule: Rule = keep_stored
    attempts: AttemptsRule | None = None
    with_owned: bool = False
