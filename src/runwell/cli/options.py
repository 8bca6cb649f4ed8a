"""Command-line options made from the settings table, and the way from flags to a Config."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from runwell.config import SETTINGS, BadSetting, Config, load

Function = TypeVar("Function", bound=Callable[..., Any])


def settings(names: Iterable[str] = SETTINGS) -> Callable[[Function], Function]:
    """An option for each of these settings, plus `--config FILE`."""

    def decorate(function: Function) -> Function:
        function = click.option(
            "--config",
            "config_file",
            type=click.Path(dir_okay=False, path_type=Path),
            help="TOML file of settings.",
        )(function)
        for name in reversed(list(names)):
            function = _option(name)(function)
        return function

    return decorate


def at_server(function: Function) -> Function:
    """`--url` and `--token` of a server that is asked."""
    token = click.option(
        "--token",
        default="",
        envvar="RUNWELL_TOKEN",
        help="A token with the scope read; better by RUNWELL_TOKEN, which no other user sees.",
    )
    url = click.option(
        "--url",
        default="http://127.0.0.1:8080",
        envvar="RUNWELL_URL",
        show_default=True,
        help="Address of the server.",
    )
    return url(token(function))


def in_list(flag: str, help_text: str) -> Callable[[Function], Function]:
    """An option that takes a comma-separated list and may be repeated: one text in the end."""
    return click.option(flag, multiple=True, metavar="LIST", help=help_text, callback=_joined)


def _joined(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> str:
    return ",".join(texts)


def _option(name: str) -> Callable[[Function], Function]:
    item = SETTINGS[name]
    shown = item.default if item.default != "" else "none"
    flag = f"--{name.replace('_', '-')}"
    help_text = f"{item.metadata['doc']} [default: {shown}]"
    if isinstance(item.default, bool):
        both = f"{flag}/--no-{flag.removeprefix('--')}" if item.default else flag
        return click.option(both, name, is_flag=True, default=None, help=help_text)
    return click.option(flag, name, default=None, metavar=_metavar(name), help=help_text)


def _metavar(name: str) -> str:
    choices = SETTINGS[name].metadata["choices"]
    return "|".join(choices) if choices else type(SETTINGS[name].default).__name__.upper()


def read(flags: dict[str, Any], config_file: Path | None) -> Config:
    """The settings from every source, or a click error that says which one is wrong."""
    try:
        return load(flags, toml_file=config_file)
    except BadSetting as error:
        raise click.ClickException(str(error)) from error
