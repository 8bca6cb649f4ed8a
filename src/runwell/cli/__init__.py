"""The command line. Commands are loaded when called, their work when it runs: instant help."""

from __future__ import annotations

import importlib

import click

from runwell import __version__

# name -> one line of help; each lives in the module of its name
COMMANDS = {
    "serve": "Serve every protocol on one address.",
    "demo": "Load sample data through the real endpoints, then serve it.",
    "query": "Ask a server: a summary, a series, a list of events or SQL.",
    "tail": "Print new events as they come.",
    "export": "Write events to a file.",
    "load": "Send events from files to a server.",
    "token": "Create, list and revoke tokens.",
    "backup": "Copy a data directory, also while its server runs.",
    "restore": "Make a data directory from a backup.",
    "retention": "Show which events are at the end of their time; give disk space back.",
    "doctor": "Check a data directory; rebuild its columns.",
}


class _Commands(click.Group):
    """Lists commands from the table above and imports only the one that is called."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"runwell.cli.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="runwell")
def main() -> None:
    """runwell: one self-hosted server for CI telemetry.

    Point the clients of pytest-monitor, pipeline-metrics-collector, Trunk CI Analytics, Tekton
    Results and ETS at it, lose nothing, and ask one store about all of them.
    """
