"""What a write comes to when its key is known: the rules that run inside the commit. Pure."""

from __future__ import annotations

from collections.abc import Callable

from runwell.errors import Error
from runwell.model import Event, Rule
from runwell.protocols.tekton.errors import (
    AlreadyExists,
    EtagMismatch,
    RecordNotFound,
    ResultMissing,
)
from runwell.protocols.tekton.translate import Stamp, stamp_of


def must_exist(stored: Event | None, incoming: Event) -> Event:  # noqa: ARG001 - only the key counts
    """A record is made under a result that is there."""
    if stored is None:
        raise RecordNotFound
    return stored


def new_result(stored: Event | None, incoming: Event) -> Event:
    """A result is made once."""
    if stored is not None:
        raise AlreadyExists("results_by_name")
    return incoming


def new_record(stored: Event | None, incoming: Event) -> Event:
    """A record is made once."""
    if stored is not None:
        raise AlreadyExists("records_by_name")
    return incoming


def removed(stored: Event | None, incoming: Event) -> None:  # noqa: ARG001 - only the key counts
    """What is deleted was there."""
    if stored is None:
        raise RecordNotFound


def updated_result(etag: str, now: int, make: Callable[[Event, Stamp], Event]) -> Rule:
    """`make` tells the new event from what is stored and its new stamp."""
    return _updated(etag, now, make, ResultMissing)


def updated_record(etag: str, now: int, make: Callable[[Event, Stamp], Event]) -> Rule:
    """`make` tells the new event from what is stored and its new stamp."""
    return _updated(etag, now, make, RecordNotFound)


def _updated(
    etag: str, now: int, make: Callable[[Event, Stamp], Event], missing: Callable[[], Error]
) -> Rule:
    def rule(stored: Event | None, incoming: Event) -> Event:  # noqa: ARG001 - `make` has what was sent
        if stored is None:
            raise missing()
        stamp = stamp_of(stored)
        if etag and etag != stamp.etag:
            raise EtagMismatch
        # the clock may stand still or go back; the etag must change all the same
        return make(stored, stamp._replace(updated=max(now, stamp.updated + 1)))

    return rule
