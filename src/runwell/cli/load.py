"""`runwell load`."""

from __future__ import annotations

import click

from runwell.cli.later import later

run_load = later("runwell.client.load:run")
choices_of = later("runwell.client.load:Choices")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--url",
    default="http://127.0.0.1:8080",
    envvar="RUNWELL_URL",
    show_default=True,
    help="Address of the server.",
)
@click.option("--token", default="", envvar="RUNWELL_TOKEN", help="A token with the scope write.")
@click.option("--skip-bad", is_flag=True, help="Leave out what is refused, count it and go on.")
@click.option("--restart", is_flag=True, help="Send everything, also what was acknowledged before.")
def load(files: tuple[str, ...], **choices: str | bool) -> None:
    """Send events from files to a server; - is standard input.

    \b
    NDJSON   one event a line, as `runwell export` writes it; also gzipped
    Parquet  one event a row, with at least source, scope and id
    .pymon   what pytest-monitor kept beside the tests

    Times are RFC 3339, durations seconds; at most 2,000 events or 4 MiB go in one request. A busy
    or absent server is waited for, up to 300 s. A load that was interrupted goes on behind what
    the server acknowledged; sending anything twice stores it once.

    Ends with 0 if everything was taken and with 1 if something was refused: its line is named.
    Nothing behind it is sent unless --skip-bad is given.
    """  # noqa: D301 - a mark of click, not a letter
    try:
        is_well = run_load(files, choices_of(**choices))
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error
    if not is_well:
        raise click.exceptions.Exit(1)
