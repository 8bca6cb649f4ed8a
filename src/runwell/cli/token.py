"""`runwell token create | list | revoke`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from runwell.tokens import SCOPES, BadTokens, Scope, Tokens, UnknownToken

DATA = click.option(
    "--data",
    default="data",
    envvar="RUNWELL_DATA",
    show_default=True,
    help="The server's data directory.",
)


@click.group()
def token() -> None:
    """Create, list and revoke tokens.

    As soon as a data directory has one token, every request needs one. A running server sees
    changes at once.
    """


@token.command()
@click.argument("name")
@click.option(
    "--scope", default="read,write", show_default=True, help="Comma-separated: read, write, admin."
)
@DATA
def create(name: str, scope: str, data: str) -> None:
    """Issue a token called NAME and print it: this once only."""
    click.echo(_tokens(data).create(name, _scopes(scope)))


def _tokens(data: str) -> Tokens:
    tokens = Tokens(Path(data))
    try:
        tokens.all()
    except BadTokens as error:
        raise click.ClickException(str(error)) from error
    return tokens


def _scopes(text: str) -> list[Scope]:
    names = [part.strip() for part in text.split(",") if part.strip()]
    chosen: list[Scope] = [scope for scope in SCOPES if scope in names]
    unknown = set(names) - set(SCOPES)
    if unknown or not chosen:
        raise click.BadParameter(f"takes {', '.join(SCOPES)}, not {text!r}", param_hint="--scope")
    return chosen


@token.command("list")
@DATA
def list_(data: str) -> None:
    """List every token ever issued; secrets are not kept and cannot be shown."""
    table = Table("id", "name", "scopes", "created", "revoked")
    for item in _tokens(data).all():
        name = escape(item.name)
        table.add_row(item.id, name, ", ".join(item.scopes), item.created, item.revoked or "")
    Console().print(table)


@token.command()
@click.argument("id_or_name")
@DATA
def revoke(id_or_name: str, data: str) -> None:
    """Revoke one token by its id, or all of a name. Takes effect at once."""
    try:
        revoked = _tokens(data).revoke(id_or_name)
    except UnknownToken as error:
        raise click.ClickException(
            f"no valid token {id_or_name!r}; `runwell token list` shows them"
        ) from error
    click.echo(f"revoked {', '.join(item.id for item in revoked)}")
