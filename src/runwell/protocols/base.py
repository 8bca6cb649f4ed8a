"""What a protocol is, and how they are found. A protocol is one folder and knows no other."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

import runwell.protocols
from runwell.config import Config
from runwell.errors import Error
from runwell.filter import Filter
from runwell.http import Answer, Credentials, Endpoint, bearer_or_basic
from runwell.model import Event, Write, Written
from runwell.model.rollup import without_payload
from runwell.query import Query, Rows, StoredPath
from runwell.streams import Streams

ENTRY_POINTS = "runwell.protocols"
OWN_NAME = "runwell"  # our own API stands beside the protocols and keeps this name


@dataclass(frozen=True, slots=True)
class Services:
    """All that a protocol gets: the settings, a way to write, to ask, and to read events."""

    config: Config
    accept: Callable[[Sequence[Write]], Awaitable[list[Written]]]
    run: Callable[[Query], Awaitable[Rows]]
    find: Callable[[bytes], Awaitable[Event | None]]  # by its key, as it is on disk now
    find_each: Callable[[Sequence[bytes]], Awaitable[list[Event | None]]]
    streams: Streams


def unchanged(event: Event) -> Event:
    """What a protocol without needs of its own makes of an event."""
    return event


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """One API, as its clients know it."""

    name: str  # the `source` of its events
    title: str
    claims: tuple[str, ...]  # the paths that are its own, with everything below them
    endpoints: Callable[[Services], Sequence[Endpoint]]
    render_error: Callable[[Error], Answer]  # any error in the protocol's own words
    refused: Any = dict  # the wire type of those words, where they are JSON
    credentials: Credentials = bearer_or_basic
    goes_stale: bool = False  # its runs tell their end; those that never do become stale
    # An event of its source that came by our own API, with what its own rules read; raises BadEvent
    # where its own answers could not be made of it.
    admit: Callable[[Event], Event] = unchanged
    keeps: Callable[[Event], Event] = without_payload  # what a roll-up is to know of an event
    needed: Filter | None = None  # which of its events stay, for the answers of others need them
    views: str = ""  # SQL of the relations that it adds for questions
    paths: tuple[StoredPath, ...] = ()  # what its clients often ask of a payload


class ProtocolClash(RuntimeError):
    """Two protocols have the same name or claim the same path."""


def discover() -> list[Protocol]:
    """The protocols in this package and those that installed packages announce, by name.

    Raises:
        ProtocolClash: two have the same name.
    """
    folders = [item.name for item in pkgutil.iter_modules(runwell.protocols.__path__) if item.ispkg]
    found = [importlib.import_module(f"runwell.protocols.{name}").PROTOCOL for name in folders]
    found += [entry.load() for entry in entry_points(group=ENTRY_POINTS)]
    by_name: dict[str, Protocol] = {}
    for protocol in found:
        if protocol.name in by_name or protocol.name == OWN_NAME:
            raise ProtocolClash(f"two protocols are called {protocol.name!r}")
        by_name[protocol.name] = protocol
    return [by_name[name] for name in sorted(by_name)]
