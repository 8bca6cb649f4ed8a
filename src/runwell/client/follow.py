"""What `runwell tail` prints: one line an event, until nobody reads on."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import click

from runwell.client.ask import Link
from runwell.client.cells import plain, show
from runwell.client.client import given, split
from runwell.client.columns import of_events
from runwell.client.tail import Message, messages

FIELDS = ("time", "source", "kind", "status", "name", "pipeline", "duration")
WIDTHS = {"time": 20, "source": 16, "kind": 8, "status": 9}
COLOURS = {
    "succeeded": "green",
    "failed": "red",
    "timed_out": "red",
    "running": "cyan",
    "queued": "blue",
    "cancelled": "yellow",
    "stale": "yellow",
    "skipped": "bright_black",
}


def follow(
    url: str, token: str, parameters: Mapping[str, str], as_: Literal["line", "json"]
) -> None:
    """Print events as they come, without end.

    Raises:
        NoAnswer: there is no server, or it refused, or it is gone for too long.
        BrokenPipeError: nobody reads on.
    """
    names = split(parameters.get("fields", "")) or list(FIELDS)
    asked = {**parameters, **({"fields": ",".join(names)} if as_ == "line" else {})}
    has_colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    link = Link(url, token)
    try:
        for message in messages(link, given(asked), say=_say, beat=_check_reader):
            _print(message, names, as_, has_colour=has_colour)
    finally:
        link.close()


def _print(message: Message, names: Sequence[str], as_: str, *, has_colour: bool) -> None:
    if as_ == "json":
        text = message.data
    else:
        text = line_of(names, json.loads(message.data), has_colour=has_colour)
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _check_reader() -> None:
    """Nothing may come for long: who reads may have gone meanwhile."""
    reader = select.poll()
    reader.register(sys.stdout, 0)  # only what is wrong with it
    if any(event & select.POLLERR for _, event in reader.poll(0)):
        raise BrokenPipeError


def _say(reason: str) -> None:
    sys.stderr.write(f"{plain(reason)}; trying again\n")
    sys.stderr.flush()


def line_of(names: Sequence[str], event: Mapping[str, Any], *, has_colour: bool = False) -> str:
    """An event in one line.

    >>> line_of(["status", "name", "duration"], {"status": "failed", "name": "a", "duration": 95})
    'failed     a  1.6 min'
    """
    cells = [
        show(kind, event.get(name), is_exact=True).ljust(WIDTHS.get(name, 0))
        for name, kind in of_events(names)
    ]
    if has_colour and (colour := COLOURS.get(str(event.get("status")))):
        cells = [
            click.style(cell, fg=colour) if name == "status" else cell
            for name, cell in zip(names, cells, strict=True)
        ]
    return "  ".join(cells).rstrip()
