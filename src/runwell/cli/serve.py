"""`runwell serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runwell.cli.later import later
from runwell.cli.options import read, settings
from runwell.config import BadSetting

run_server = later("runwell.server:run")


@click.command()
@settings()
def serve(config_file: Path | None, **flags: Any) -> None:
    """Serve every protocol on one address.

    Prints `runwell ready http://HOST:PORT` when requests are accepted. SIGTERM drains and ends
    with 0. A failed disk ends it with 74, a damaged ledger at the start with 65; see `doctor`.
    Every option can also stand in a TOML file or in the environment as RUNWELL_NAME.
    """
    config = read(flags, config_file)
    try:
        run_server(config)
    except (BadSetting, RuntimeError) as error:
        click.ClickException(str(error)).show()
        raise click.exceptions.Exit(getattr(error, "exit_code", 1)) from error
