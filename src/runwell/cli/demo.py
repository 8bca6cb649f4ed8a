"""`runwell demo`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from runwell.cli.later import later

run_demo = later("runwell.demo.load:run")


@click.command()
@click.option(
    "--data", default="demo-data", show_default=True, help="Directory for the sample data."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8080,
    show_default=True,
    help="TCP port; 0 picks a free one.",
)
@click.option(
    "--events",
    type=click.IntRange(2_000, 1_000_000),
    default=7_200,
    show_default=True,
    help="About how many events, spread over 30 days.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 900),
    default=1,
    show_default=True,
    help="Another seed, other data beside the first.",
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The day before which the 30 days end.  [default: today]",
)
@click.option("--exit", "stop_after", is_flag=True, help="Stop after the summary.")
def demo(
    data: str,
    port: int,
    events: int,
    seed: int,
    until: datetime | None,
    stop_after: bool,  # noqa: FBT001 - click's way
) -> None:
    """Load 30 days of sample data through the real endpoints, then serve it.

    Running it again on the same directory doubles nothing; on a later day it adds the days since.
    """
    try:
        today = until.date() if until else None
        run_demo(Path(data), port, events=events, seed=seed, today=today, stop_after=stop_after)
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error
