"""`runwell demo`."""

from __future__ import annotations

from pathlib import Path

import click

from runwell.cli.later import later

run_demo = later("runwell.demo.load:run")


@click.command()
@click.option(
    "--data", default="demo-data", show_default=True, help="Directory for the sample data."
)
@click.option("--port", default=8080, show_default=True, help="TCP port; 0 picks a free one.")
@click.option("--seed", default=1, show_default=True, help="Another seed, other data.")
@click.option("--exit", "stop_after", is_flag=True, help="Stop after the summary.")
def demo(data: str, port: int, seed: int, stop_after: bool) -> None:  # noqa: FBT001 - click's way
    """Load a month of sample data through the real endpoints, then serve it.

    About 6,000 events. Running it again on the same directory doubles nothing.
    """
    try:
        run_demo(Path(data), port, seed=seed, stop_after=stop_after)
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error
