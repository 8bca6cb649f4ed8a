"""`runwell query`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from runwell.cli.later import later
from runwell.cli.options import at_server, in_list

print_answer = later("runwell.client.answers:print_answer")
question_of = later("runwell.client.answers:Question")

ALWAYS = ("filter", "limit")
# what is asked by which option, and the other options that go with it
KINDS = {
    "sql": (),
    "fields": (*ALWAYS, "order_by"),
    "bucket": (*ALWAYS, "summary", "group_by", "zone", "time", "from", "to", "compare", "order_by"),
}
SUMMARY = (*ALWAYS, "summary", "group_by", "having", "order_by", "zone")
NAMES = {"fields": "events", "bucket": "series"}


@click.command()
@at_server
@click.option("--filter", default="", help="Conditions in CEL: 'status == \"failed\"'.")
@in_list(
    "--summary",
    "Measures: total, failed, success_rate, p95(duration), avg(metrics.NAME) ...; or `all`.  "
    "[default: counts, avg, p50, p95, last run]",
)
@in_list("--group-by", "Fields, tags.NAME, payload.a.b, or minute ... year, also as `day started`.")
@in_list("--having", "Conditions on groups: 'total >= 10'; durations in seconds.")
@in_list(
    "--order-by", "Measures, groups or fields, or the change of a series; each then asc or desc."
)
@click.option("--limit", type=click.IntRange(1), help="Most rows, events or series.")
@click.option("--zone", default="", help="Time zone of the buckets, as Europe/Berlin.")
@click.option("--bucket", default="", help="A series: minute ... year, a block each.")
@click.option("--time", default="", help="Time field of the buckets.")
@click.option(
    "--from", default="", help="Begin of the series: a date, RFC 3339, -7d, or week for this one."
)
@click.option("--to", default="", help="End of the series, exclusive.")
@click.option(
    "--compare",
    is_flag=False,
    flag_value="previous",
    type=click.Choice(["previous"]),
    metavar="[previous]",
    help="Compare with as many buckets before.",
)
@in_list("--fields", "A list of events with these columns, newest first; 100 unless --limit.")
@click.option("--sql", default="", help="One question in SQL over the relations.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="CSV and JSON have plain numbers, seconds and RFC 3339.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def query(url: str, token: str, format_: str, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - click's way
    """Ask a server: a summary, a series, a list of events or SQL.

    Tables show durations in ms, s, min or h, times in UTC unless --zone; a null is an empty cell.
    On a terminal, texts of more than 120 letters are cut: --format json has all of them.
    Lists are comma-separated, and their options can be repeated. Ends with 1 if the server
    refuses.
    """
    parameters = {name: str(value) for name, value in options.items() if value}
    question = question_of(url, token, _kind(parameters), parameters)
    try:
        print_answer(question, "json" if as_json else format_)
    except BrokenPipeError:
        raise
    except ConnectionError as error:
        raise click.ClickException(str(error)) from error


def _kind(parameters: Mapping[str, str]) -> str:
    """What is asked for. Raises click.UsageError: options that do not go together."""
    asked = [name for name in KINDS if name in parameters]
    first = asked[0] if asked else "summary"
    allowed = (first, *KINDS[first]) if asked else SUMMARY
    for name in parameters:
        if name not in allowed:
            needs = next((f"; it needs --{kind}" for kind in KINDS if name in KINDS[kind]), "")
            other = f"--{first}" if asked else "a summary"
            raise click.UsageError(
                f"--{name.replace('_', '-')} does not go with {other}{'' if asked else needs}"
            )
    return NAMES.get(first, first)
