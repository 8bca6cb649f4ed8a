"""A command in this process, as a user types it."""

from __future__ import annotations

from click.testing import CliRunner, Result

from runwell.cli import main


def invoke(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(main, words, env=environment)
