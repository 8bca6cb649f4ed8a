"""`runwell query`."""

from __future__ import annotations

import click

from runwell.cli.later import later

print_summary = later("runwell.client.summary:print_summary")


@click.command()
@click.option(
    "--url",
    default="http://127.0.0.1:8080",
    envvar="RUNWELL_URL",
    show_default=True,
    help="Address of the server.",
)
@click.option("--token", default="", envvar="RUNWELL_TOKEN", help="A token with the scope read.")
@click.option(
    "--summary",
    default="",
    help="Measures, comma-separated, or `all`.  [default: counts, avg, p50, p95, last run]",
)
@click.option("--group-by", default="", help="A field, or minute ... year, also as `day started`.")
@click.option("--order-by", default="", help="A measure or the group, then asc or desc.")
@click.option("--limit", default="", metavar="INT", help="Most rows to print.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the answer as JSON (seconds, RFC 3339)."
)
def query(url: str, token: str, as_json: bool, **parameters: str) -> None:  # noqa: FBT001 - click's way
    """Print a summary of what a server holds.

    Durations are shown in ms, s, min or h, times in UTC. A null is an empty cell.
    """
    try:
        print_summary(
            url, token, {name: text for name, text in parameters.items() if text}, as_json=as_json
        )
    except ConnectionError as error:
        raise click.ClickException(str(error)) from error
