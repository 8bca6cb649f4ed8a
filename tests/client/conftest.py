"""One server with a few events for every test that only reads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.client.sample import a_server
from tests.serving import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with a_server(tmp_path_factory.mktemp("server") / "data") as running:
        yield running
