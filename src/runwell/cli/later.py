"""Import the work of a command only when it runs, so that `--help` costs no engine."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def later(target: str) -> Callable[..., Any]:
    """`later("runwell.server:run")` is `run`, imported at its first call."""
    module, _, name = target.partition(":")

    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(importlib.import_module(module), name)(*args, **kwargs)

    return call
