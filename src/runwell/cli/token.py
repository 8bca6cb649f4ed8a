"""`runwell token create | list | revoke`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from runwell.tokens import SCOPES, BadTokens, Scope, Token, Tokens, UnknownToken, now

DATA = click.option(
    "--data",
    default="data",
    envvar="RUNWELL_DATA",
    show_default=True,
    help="The server's data directory.",
)
SPAN = re.compile(r"([1-9][0-9]{0,4})([hdw])")
SPANS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
DATE_CHARS = 10
SOON = timedelta(days=14)
GLOBS_MAX, GLOB_CHARS_MAX = 100, 200


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
@click.option(
    "--repo",
    "globs",
    multiple=True,
    metavar="GLOB",
    help="Only events whose repo this matches, as acme/*; may be given several times. All if not.",
)
@click.option(
    "--expires",
    default="",
    metavar="WHEN",
    help="After hours, days or weeks (12h, 90d, 4w), after a day (2027-01-31), or at a time. Never "
    "if not given.",
)
@DATA
def create(name: str, scope: str, globs: tuple[str, ...], expires: str, data: str) -> None:
    """Issue a token called NAME and print it: this once only."""
    scopes, ends = _scopes(scope), read_expiry(expires, now()) if expires else None
    _check_globs(globs)
    click.echo(_tokens(data).create(name, scopes, repos=globs, expires=ends))


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


def _check_globs(globs: Sequence[str]) -> None:
    if len(globs) > GLOBS_MAX:
        raise click.BadParameter(f"{GLOBS_MAX} are the most", param_hint="--repo")
    for glob in globs:
        if not glob.strip() or len(glob) > GLOB_CHARS_MAX:
            problem = f"takes 1 to {GLOB_CHARS_MAX} characters, as acme/*, not {glob[:40]!r}"
            raise click.BadParameter(problem, param_hint="--repo")


def read_expiry(text: str, at: datetime) -> datetime:
    """When a token ends that is made at this time.

    A day alone ends at its midnight, UTC.

    Raises:
        click.BadParameter: it is no time, or none to come.
    """
    try:
        ends = _moment(text, at)
    except (ValueError, OverflowError) as error:
        problem = f"takes 12h, 90d, 4w, 2027-01-31 or 2027-01-31T18:00:00Z, not {text[:40]!r}"
        raise click.BadParameter(problem, param_hint="--expires") from error
    if ends <= at:
        raise click.BadParameter(f"{text} is over", param_hint="--expires")
    return ends.astimezone(UTC).replace(microsecond=0)


def _moment(text: str, at: datetime) -> datetime:
    if found := SPAN.fullmatch(text):
        return at + int(found[1]) * SPANS[found[2]]
    if len(text) == DATE_CHARS:
        day = date.fromisoformat(text) + timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@token.command("list")
@DATA
def list_(data: str) -> None:
    """List every token ever issued; secrets are not kept and cannot be shown."""
    at = now()
    table = Table(Column("id", no_wrap=True))  # whole: it is what `revoke` takes
    for name in ("name", "scopes", "repos", "created", "expires", "state"):
        table.add_column(name, overflow="fold")
    tokens = _tokens(data).all()
    for item in tokens:
        table.add_row(
            item.id,
            escape(item.name),
            ", ".join(item.scopes),
            escape(", ".join(item.repos)) or "all",
            item.created[:DATE_CHARS],
            f"{item.expires:%Y-%m-%d %H:%M}" if item.expires else "never",
            _state(item, at),
        )
    Console().print(table)
    for item in tokens:
        if ends_soon(item, at):
            click.echo(f"{item.name} ({item.id}) expires at {item.expires}", err=True)


def _state(item: Token, at: datetime) -> str:
    if lapse := item.lapse(at):
        return f"revoked {item.revoked[:DATE_CHARS]}" if item.revoked else str(lapse)
    return "expires soon" if ends_soon(item, at) else "valid"


def ends_soon(item: Token, at: datetime) -> bool:
    """Is this a token that counts now and will not in two weeks?"""
    return item.expires is not None and item.lapse(at) is None and item.expires - at < SOON


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
