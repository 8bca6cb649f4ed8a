"""`runwell export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from runwell.cli.later import later
from runwell.cli.options import at_server, in_list

FORMATS = ("ndjson", "csv", "parquet", "arrow")
TEXTS = ("ndjson", "csv")

export_of = later("runwell.client.exporting:Export")
format_of = later("runwell.client.download:format_of")
run_export = later("runwell.client.exporting:run")


@click.command()
@at_server
@click.option(
    "--output",
    "-o",
    required=True,
    metavar="FILE",
    help="File to write, whole or not at all; - is the standard output.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    help="[default: by the ending of the file]",
)
@click.option("--filter", default="", help="Conditions in CEL: 'status == \"failed\"'.")
@in_list("--fields", "Columns; all of them if not given.")
@click.option("--limit", type=click.IntRange(1), help="Most events.")
@click.option(
    "--kinds",
    type=click.Choice(["all"]),
    help="all: also what lists leave out (sequences, results), to move everything.",
)
@click.option("--force", is_flag=True, help="Overwrite the file if it exists.")
def export(
    url: str,
    token: str,
    output: str,
    format_: str | None,
    force: bool,  # noqa: FBT001 - click's way
    **options: Any,
) -> None:
    """Write events to a file, in the order of arrival.

    Durations are seconds, times RFC 3339 or instants in microseconds. On a terminal a bar shows
    events and bytes/s; what it came to is said on the standard error.
    """
    path = None if output == "-" else Path(output)
    format_ = format_ or (format_of(path) if path else "")
    if not format_:
        raise click.UsageError(f"--format takes {', '.join(FORMATS)}: {output!r} does not say")
    if not path and format_ not in TEXTS and _is_terminal():
        raise click.UsageError(f"{format_} is no text for a terminal: name a file with -o")
    asked = {"format": format_, **{name: value for name, value in options.items() if value}}
    try:
        run_export(export_of(url, token, asked, path, force))
    except FileExistsError as error:
        raise click.ClickException(f"{error}; --force overwrites it") from error
    except BrokenPipeError:
        raise
    except OSError as error:  # no answer, no such folder, or no room for it
        told = f"{output}: {error.strerror}" if error.strerror else str(error)
        raise click.ClickException(told) from error


def _is_terminal() -> bool:
    return sys.stdout.isatty()
