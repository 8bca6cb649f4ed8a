"""`runwell restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runwell.cli.later import later
from runwell.cli.options import read, settings
from runwell.config import BadSetting

bring_back = later("runwell.saving:bring_back")


@click.command()
@click.argument(
    "from_", metavar="FROM", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@settings(["data", "ledger", "columns"])
@click.option(
    "--force", is_flag=True, help="Move a ledger that is there aside; only its columns are deleted."
)
@click.option("--check", is_flag=True, help="Read and check the backup; change nothing.")
def restore(
    from_: Path,
    force: bool,  # noqa: FBT001 - click's way
    check: bool,  # noqa: FBT001
    config_file: Path | None,
    **flags: Any,
) -> None:
    """Make a data directory from the backup FROM.

    Every byte is checked first. The server must be stopped. It makes the columns anew when it
    starts. The numbers of changes (`seq`) go on at the next million million, so that nobody who
    follows them by number misses what comes.
    """
    try:
        bring_back(read(flags, config_file), from_, force=force, check=check)
    except (BadSetting, RuntimeError, OSError) as error:
        raise click.ClickException(str(error)) from error
