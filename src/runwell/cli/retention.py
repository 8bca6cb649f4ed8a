"""`runwell retention`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runwell.cli.later import later
from runwell.cli.options import read, settings
from runwell.config import BadSetting

show_due = later("runwell.tidying:show_due")
give_back = later("runwell.tidying:give_back")


@click.command()
@settings(["data", "ledger", "columns", "retention", "stale_after_hours"])
@click.option(
    "--compact",
    is_flag=True,
    help="Give free space of the ledger back to the disk; needs room for a second copy meanwhile.",
)
def retention(config_file: Path | None, compact: bool, **flags: Any) -> None:  # noqa: FBT001 - click's way
    """Show which events are at the end of their time, by the rules of the setting `retention`.

    Nothing is taken out: the server does that while it runs. It must be stopped for this command.
    """
    try:
        config = read(flags, config_file)
        give_back(config) if compact else show_due(config)
    except (BadSetting, RuntimeError) as error:
        raise click.ClickException(str(error)) from error
