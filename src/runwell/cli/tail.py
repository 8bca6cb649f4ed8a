"""`runwell tail`."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from runwell.cli.later import later
from runwell.cli.options import at_server, in_list

follow = later("runwell.client.follow:follow")

INTERRUPTED = 130  # as a shell says of a program that Ctrl-C ended


@click.command()
@at_server
@click.option("--filter", default="", help="Conditions in CEL: 'status == \"failed\"'.")
@in_list("--fields", "Columns.  [default: time, source, kind, status, name, pipeline, duration]")
@click.option("--after", type=click.IntRange(0), help="Begin behind this change (`seq`).")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["line", "json"]),
    default="line",
    show_default=True,
    help="json: all fields but the payload, unless --fields.",
)
def tail(url: str, token: str, format_: str, **options: Any) -> None:
    """Print new and changed events as they come, one a line.

    Durations are in ms, s, min or h, times in UTC. A lost connection is made anew, for about five
    minutes, and no event is missed. Ctrl-C ends it with 130; it ends with 0 when nobody reads on.
    """
    parameters = {name: str(value) for name, value in options.items() if value not in ("", None)}
    try:
        follow(url, token, parameters, format_)
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # what is still to be written goes nowhere, without a word about it at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ConnectionError as error:
        raise click.ClickException(str(error)) from error
