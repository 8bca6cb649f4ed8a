"""One walk over every route for every role: several tests look at what it brought."""

from __future__ import annotations

import asyncio
import io
from contextlib import redirect_stderr

import pytest
from tests.access.walking import Walked, walk

from runwell.observe import LEVELS, log


@pytest.fixture(scope="session")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """What was wrong, and what was logged meanwhile at the level `debug`."""
    logged, least = io.StringIO(), log.least
    log.least = LEVELS["debug"]
    with redirect_stderr(logged):
        found = asyncio.run(walk(tmp_path_factory.mktemp("walk")))
    log.least = least
    found.logged = logged.getvalue()
    return found
