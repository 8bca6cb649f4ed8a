"""`runwell doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runwell.cli.later import later
from runwell.cli.options import read, settings
from runwell.config import BadSetting

examine = later("runwell.doctor:examine")


@click.command()
@settings(["data", "ledger", "columns"])
@click.option(
    "--rebuild",
    is_flag=True,
    help="Delete the columns and fill them from the ledger; prints rows and rows/s.",
)
@click.option(
    "--accept-loss",
    is_flag=True,
    help="Take what can be read of a ledger that has lost something for all there is.",
)
def doctor(config_file: Path | None, *, rebuild: bool, accept_loss: bool, **flags: Any) -> None:
    """Check a data directory and say what to do about each finding.

    Ends with 0 when all is well and with 1 otherwise. The server must be stopped: its files are
    not opened while it runs; ask its /-/readyz instead. Without --rebuild the columns are only
    read; with it they are deleted once the ledger is found to be sound.
    """
    try:
        is_well = examine(read(flags, config_file), rebuild=rebuild, accept_loss=accept_loss)
    except BadSetting as error:
        raise click.ClickException(str(error)) from error
    if not is_well:
        raise click.exceptions.Exit(1)
