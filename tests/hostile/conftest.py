"""One app for all the tests of this folder: each leaves it as it found it, or with more in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.apps import an_app
from tests.hostile import places
from tests.hostile.world import World

from runwell import observe


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data = tmp_path_factory.mktemp("hostile")
    with asyncio.Runner() as runner:
        serving = an_app(data)
        app, _ = runner.run(serving.__aenter__())
        made = World(app, runner, data)
        for place in places.SEEDS:
            answer = made.say(place, place.body)
            assert answer.status in (200, 201), (place, answer)
        yield made
        runner.run(serving.__aexit__(None, None, None))


@pytest.fixture(autouse=True)
def heard(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is logged during a test is there to be looked at."""

    def write(_: observe.Log, level: str, name: str, more: dict[str, object]) -> None:
        world.logged.append((level, name, more))

    monkeypatch.setattr(observe.Log, "_write", write)
