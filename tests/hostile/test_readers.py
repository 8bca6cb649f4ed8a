"""Any bytes and texts to every reader of ours: a value or a refusal, and nothing else, ever."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.hostile import corpus, places
from tests.hostile.targets import JSON_TARGETS, TARGETS, recorded, run
from tests.hostile.test_questions import LANGUAGE, STRANGE
from tests.hostile.walking import paths, with_other

EXAMPLES = 40
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


def b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


# Whatever a fuzzer once found stays here.
FOUND: dict[str, list[bytes]] = {
    "tokens": [
        b64(b"[true,1,1," + b"[" * 5_000),
        b64(b"[" * 5_000),
        b64(b"\xdc" + b"\x91" * 5_000),
    ],
    "events": [
        b'{"events": [{"source": "s", "scope": "s", "id": "1", "tags": {"a": 1.5}, broken}]}'
    ],
    "gzip": [corpus.gzip.compress(b"ab" * 131_073) + corpus.gzip.compress(b"x")],
}
WORDS = [
    *(
        "name",
        "status",
        "tags",
        "metrics",
        "payload",
        "started",
        "duration",
        "links",
        "true",
        "null",
    ),
    *(
        ".",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        ",",
        "?",
        ":",
        "==",
        "!=",
        "<",
        ">=",
        "=",
        "in",
        "&&",
        "||",
        "!",
    ),
    *(
        "+",
        "-",
        "*",
        "/",
        "%",
        "'",
        '"',
        "'''",
        "r'",
        "\\",
        "\\u00",
        "'a'",
        "1",
        "0x",
        "1e",
        "1u",
        "1.5",
    ),
    *(
        "matches",
        "size",
        "has",
        "all",
        "exists",
        "map",
        "timestamp",
        "duration('1s')",
        "avg",
        "p50",
        "desc",
    ),
    *(
        "SELECT",
        "FROM",
        "events",
        "WHERE",
        "UNION",
        ";",
        "--",
        "/*",
        "*/",
        "$1",
        "$$",
        "::",
        "E'",
        "read_csv",
    ),
    *(
        "2026",
        "-01",
        "T12:00",
        "Z",
        "+99:99",
        ":60",
        "é",
        "☃",
        "\u202e",
        "\0",
        "\n",
        "\t",
        " ",
        "\U0001f600",
    ),
]
SOUP = st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=40).map(" ".join)
TIGHT = st.lists(st.sampled_from(WORDS), max_size=25).map("".join)
LONG = st.builds(lambda word, times: word * times, st.sampled_from(WORDS), st.integers(0, 1_500))
LEAVES = st.sampled_from([value for name, value in corpus.VALUES.items() if "MB" not in name])


@st.composite
def trees(draw: st.DrawFn, names: tuple[str, ...]) -> bytes:
    """A valid body with other values in up to three places."""
    value: Any = places.BY_NAME[draw(st.sampled_from(names))].make(0)
    for _ in range(draw(st.integers(1, 3))):
        value = with_other(value, draw(st.sampled_from(list(paths(value)))), draw(LEAVES))
    return json.dumps(value, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


@st.composite
def spoiled(draw: st.DrawFn, texts: list[bytes]) -> bytes:
    """Bytes that were valid once: some of them left out, doubled, or others put in."""
    data = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        gone = draw(st.integers(0, 8))
        data = data[:at] + draw(st.binary(max_size=6)) + data[at + gone :]
    return data


def seeds(name: str) -> list[bytes]:
    """Valid and recorded inputs of one target."""
    if name in JSON_TARGETS:
        valid = [json.dumps(places.BY_NAME[one].make(0)).encode() for one in JSON_TARGETS[name]]
        return valid + [text.encode() for text in recorded() if text[:1] in "{["]
    if name == "gzip":
        return [corpus.gzip.compress(b"abc" * 1_000), corpus.gzip.compress(b"")]
    if name == "pgwire":
        return [
            b"\0\3\0\0user\0x\0\0",
            b"QSELECT 1\0",
            b"Ps\0SELECT $1\0\0\1\0\0\0\x17",
            b"B\0s\0\0\0\0\0\0\0",
        ]
    return [text.encode() for text in recorded()]


@pytest.mark.parametrize("name", TARGETS)
def test_any_input_is_read_or_refused(name: str):
    begun = seeds(name)
    inputs = spoiled(begun) | st.sampled_from(begun) | st.binary(max_size=60)
    if name in JSON_TARGETS:
        inputs = inputs | trees(JSON_TARGETS[name])
    else:
        inputs = inputs | (SOUP | TIGHT | LONG).map(lambda text: text.encode("utf-8", "replace"))

    @given(inputs)
    @settings(max_examples=EXAMPLES, **QUIET)
    def feed(data: bytes) -> None:
        run(name, data)

    feed()


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_known_to_be_hostile_is_read_or_refused(name: str):
    texts = [text.encode("utf-8", "surrogatepass") for text in (*STRANGE, *LANGUAGE)]
    pieces = [token.text for token in corpus.TOKENS]
    valid = seeds(name)[0] if name in JSON_TARGETS else b"{}"
    shapes = [sent.make(valid) for sent in (*corpus.SHAPES, *corpus.BOMBS[2:])]
    for data in (*texts, *pieces, *shapes, *FOUND.get(name, [])):
        if len(data) <= 2 * corpus.MIB:
            run(name, data)
