"""Every conversation in a protocol's examples/ goes as it is written, on a fresh server."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.apps import play
from tests.protocols.replay import Memory, conversation

import runwell.protocols

FOLDER = Path(runwell.protocols.__path__[0])
EXAMPLES = sorted(FOLDER.glob("*/examples/*.http"))


def test_every_protocol_has_examples():
    folders = {path.parent.name for path in FOLDER.glob("*/__init__.py")}
    assert folders == {file.parent.parent.name for file in EXAMPLES}


@pytest.mark.parametrize(
    "file", EXAMPLES, ids=lambda file: f"{file.parent.parent.name}/{file.stem}"
)
def test_the_conversation_goes_as_written(file: Path, tmp_path: Path):
    memory = Memory()

    async def scenario(_app, client):
        for exchange in conversation(file):
            answer = await client.request(
                exchange.method,
                memory.filled_in(exchange.path),
                headers=exchange.headers,
                content=memory.filled_in(exchange.body).encode(),
            )
            shown = f"{exchange.title}: {answer.status_code} {answer.text}"
            assert answer.status_code == exchange.status, shown
            assert memory.body_agrees(exchange.expected_body, answer.content), shown
            for name, value in exchange.expected_headers.items():
                assert answer.headers[name] == value, shown

    play(tmp_path, scenario)


def test_a_name_is_one_value_throughout_a_conversation():
    memory = Memory()
    assert memory.filled_in("?etag=<etag>") == "?etag=<etag>"
    assert memory.body_agrees('{"etag": "<etag>", "uid": "<any>"}', b'{"etag": "a-1", "uid": "a"}')
    assert memory.filled_in("?etag=<etag>") == "?etag=a-1"
    assert memory.body_agrees('["<etag>"]', b'["a-1"]')
    assert not memory.body_agrees('["<etag>"]', b'["a-2"]')
    assert not memory.body_agrees('["<other>"]', b"[1]")
