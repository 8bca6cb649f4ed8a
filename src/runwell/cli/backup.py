"""`runwell backup`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runwell.cli.later import later
from runwell.cli.options import read, settings
from runwell.config import BadSetting

back_up = later("runwell.saving:back_up")


@click.command()
@click.argument("to", metavar="TO", type=click.Path(path_type=Path))
@settings(["data", "ledger"])
@click.option(
    "--keep",
    type=click.IntRange(1),
    metavar="N",
    help="TO is a folder of backups: make one named by the time, keep the newest N.",
)
@click.option("--verify", is_flag=True, help="Read the backup back and check all of it.")
def backup(
    to: Path,
    keep: int | None,
    verify: bool,  # noqa: FBT001 - click's way
    config_file: Path | None,
    **flags: Any,
) -> None:
    """Write a backup of a data directory into the new folder TO.

    The server may run and take events meanwhile: everything it acknowledged before the backup
    began is in it. TO is whole or not there; it holds the ledger, the tokens and a manifest with
    checksums, and only its owner may read it. Columns are not in it: they are made from the ledger.
    """
    try:
        back_up(read(flags, config_file), to, keep=keep, verify=verify)
    except (BadSetting, RuntimeError, OSError) as error:
        raise click.ClickException(str(error)) from error
