"""Random expressions of our own vocabulary as CEL text, and events whose payloads they ask about."""

from __future__ import annotations

import json

from hypothesis import strategies as st
from tests.builders import NOON_US

from runwell.model import Event, Status

TEXTS = [
    "",
    "a",
    "ab",
    "b",
    "A",
    "%",
    "_",
    "a%",
    "it's",
    '"',
    "\\",
    "é",
    "☃",
    "\U0001f600",
    "3",
    "x/y",
]
TIMES = [
    "2026-01-31T12:00:00Z",
    "2026-01-31T12:00:00.123456789+02:00",
    "2026-02-28",
    "2026-03-01 00:00:00",
    "1970-01-01T00:00:00Z",
    "2199-12-31T23:59:59Z",
    "2026-02-30T00:00:00Z",
    "9999-01-01T00:00:00Z",
    "garbage",
    "",
]
PATHS = [
    "t",
    "n",
    "l",
    "o",
    "o.k",
    "o.n",
    'o["it\'s"]',
    'o["a/b~c"]',
    "l[0]",
    "l[7]",
    "at",
    "b",
    "nil",
    "gone",
]
METRICS = ["k", "k2"]
TAGS = ["team", "it's"]

NUMBERS = st.sampled_from([0, 1, -1, 3, 2**53, 2**63 - 1, -(2**63)])
LEAVES = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from(TIMES),
    NUMBERS,
    st.booleans(),
    st.none(),
    st.sampled_from([0.5, -2.25, 3.0]),
)
OBJECTS = st.dictionaries(st.sampled_from(["k", "n", "it's", "a/b~c", "", "0"]), LEAVES, max_size=4)
PAYLOADS = st.one_of(
    st.just(""),
    LEAVES.map(json.dumps),
    st.fixed_dictionaries(
        {},
        optional={
            "t": LEAVES,
            "n": LEAVES,
            "b": LEAVES,
            "at": st.sampled_from(TIMES),
            "nil": st.none(),
            "l": st.lists(LEAVES | OBJECTS, max_size=3) | LEAVES,
            "o": OBJECTS | LEAVES,
        },
    ).map(lambda value: json.dumps(value, ensure_ascii=False)),
)
INSTANTS = st.none() | st.sampled_from(
    [0, 999_999, NOON_US, NOON_US + 1_500_000, NOON_US + 86_400_000_000]
)
EVENTS = st.builds(
    Event,
    source=st.just("test"),
    scope=st.just("s"),
    id=st.uuids().map(str),
    name=st.sampled_from(TEXTS),
    pipeline=st.sampled_from(TEXTS),
    status=st.sampled_from(list(Status)),
    started=INSTANTS,
    finished=INSTANTS,
    duration=st.none() | st.sampled_from([0, 1, 1_500_000, 90_000_000, -5_000_000, 2**62]),
    metrics=st.dictionaries(
        st.sampled_from(METRICS), st.sampled_from([0.0, 1.5, -1.0, 1e300]), max_size=2
    ),
    tags=st.dictionaries(
        st.sampled_from(TAGS), st.lists(st.sampled_from(TEXTS), max_size=3), max_size=2
    ),
    links=st.dictionaries(st.just("log"), st.sampled_from(TEXTS), max_size=1),
    payload=PAYLOADS,
)


def quoted(text: str) -> str:
    """A text as CEL writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def joined(template: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Fill the places of a template."""
    return st.tuples(*parts).map(lambda values: template.format(*values))


LITERAL_TEXTS = st.sampled_from(TEXTS).map(quoted)
PAYLOAD = st.sampled_from([f"payload.{path}" for path in PATHS])
PATTERNS = st.sampled_from(
    ["a", "^a", "b$", "[a-b]+", "a|_", "%", "^$", "é", "(?i)a", "\\\\d"]
).map(lambda text: f'"{text}"')
LITERAL_TIMES = st.sampled_from([f'timestamp("{text}")' for text in TIMES[:6]])
LITERAL_DURATIONS = st.sampled_from(
    [f'duration("{text}")' for text in ["0", "1s", "1m30s", "-5s", "24h", "1.5s", "100us"]]
)
LITERAL_INTS = st.sampled_from(
    ["0", "1", "-1", "3", "7", "9223372036854775807", "-9223372036854775808"]
)
FLOATS = st.sampled_from(["0.0", "1.5", "-1.0", "3.0", "1e300"])

TEXT = st.recursive(
    st.one_of(LITERAL_TEXTS, st.sampled_from(["name", "pipeline", "status"])),
    lambda inner: st.one_of(
        joined("({} + {})", inner, inner),
        joined("string({})", PAYLOAD),
        joined("string({})", LITERAL_INTS),
        joined("string(size({}))", inner),
    ),
    max_leaves=3,
)
TIME = st.one_of(
    LITERAL_TIMES,
    st.sampled_from(["started", "finished"]),
    joined("timestamp({})", PAYLOAD),
    joined("(started + {})", LITERAL_DURATIONS),
    joined("(finished - {})", LITERAL_DURATIONS),
    joined("(payload.at - {})", LITERAL_DURATIONS),
)
INT = st.recursive(
    st.one_of(
        LITERAL_INTS,
        joined("size({})", TEXT),
        joined("size({})", PAYLOAD),
        joined("int({})", PAYLOAD),
        joined("int({})", TEXT),
        joined("int({})", TIME),
        st.sampled_from(["size(tags.team)", "attempt"]),
        joined(
            "timestamp({}).{}()",
            TIME,
            st.sampled_from(
                [
                    "getFullYear",
                    "getMonth",
                    "getDate",
                    "getDayOfMonth",
                    "getDayOfWeek",
                    "getDayOfYear",
                    "getHours",
                    "getMinutes",
                    "getSeconds",
                    "getMilliseconds",
                ]
            ),
        ),
        joined(
            "timestamp({}).getHours({})", TIME, st.sampled_from(['"Europe/Berlin"', '"-05:00"'])
        ),
    ),
    lambda inner: joined("({} {} {})", inner, st.sampled_from(["+", "-", "*", "/", "%"]), inner),
    max_leaves=3,
)
FLOAT = st.one_of(
    FLOATS,
    st.sampled_from(["metrics.k", "metrics.k2"]),
    joined("double({})", PAYLOAD),
    joined("double({})", TEXT),
    joined("double({})", INT),
    joined("(metrics.k {} {})", st.sampled_from(["+", "-", "*", "/"]), FLOATS),
    joined("(payload.n {} payload.o.n)", st.sampled_from(["*", "/"])),
)
DURATION = st.one_of(
    LITERAL_DURATIONS,
    st.just("duration"),
    joined("({} - {})", st.sampled_from(["started", "finished"]), TIME),
    st.just("(payload.at - started)"),
)
COMPARE = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
CONDITIONS = st.one_of(
    joined("{} {} {}", TEXT, COMPARE, TEXT),
    joined("{} {} {}", PAYLOAD, COMPARE, TEXT),
    joined("{} {} {}", PAYLOAD, COMPARE, PAYLOAD),
    joined("{} {} {}", PAYLOAD, COMPARE, TIME),
    joined("{} {} {}", PAYLOAD, COMPARE, FLOAT),
    joined("{} {} {}", INT, COMPARE, PAYLOAD),
    joined("{} {} {}", INT, COMPARE, INT),
    joined("{} {} {}", FLOAT, COMPARE, FLOAT),
    joined("{} {} {}", TIME, COMPARE, TIME),
    joined("{} {} {}", DURATION, COMPARE, DURATION),
    joined("(payload.at - payload.t) {} {}", COMPARE, DURATION),
    joined("(payload.t + payload.o.k) {} {}", COMPARE, TEXT),
    joined(
        "{}.{}({})", TEXT | PAYLOAD, st.sampled_from(["contains", "startsWith", "endsWith"]), TEXT
    ),
    joined("{}.matches({})", TEXT | PAYLOAD | st.just("tags.team"), PATTERNS),
    joined("{} in [{}, {}]", TEXT | PAYLOAD | st.just("tags.team"), LITERAL_TEXTS, LITERAL_TEXTS),
    joined("{} in [{}, {}]", INT, INT, LITERAL_INTS),
    joined("{} in {}", TEXT, PAYLOAD),
    joined(
        "{} {} null",
        PAYLOAD | st.sampled_from(["started", "duration"]),
        st.sampled_from(["==", "!="]),
    ),
    joined("has({})", PAYLOAD.filter(lambda path: not path.endswith("]"))),
    st.sampled_from(["has(tags.team)", "has(metrics.k)", "has(links.log)", '"team" in tags']),
    joined("tags.team {} {}", COMPARE, TEXT),
    joined('tags["it\'s"].{}({})', st.sampled_from(["contains", "startsWith", "endsWith"]), TEXT),
    joined("links.log {} {}", COMPARE, TEXT),
    joined("{} in tags.team", TEXT),
    PAYLOAD,
    joined("{} == {}", PAYLOAD, st.sampled_from(["true", "false"])),
    joined("(name == {} ? payload.t : payload.o.k) {} {}", LITERAL_TEXTS, COMPARE, TEXT),
    st.sampled_from(["true", "false"]),
)
FILTERS = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        joined("({} && {})", inner, inner),
        joined("({} || {})", inner, inner),
        joined("!({})", inner),
        joined("({} ? {} : {})", inner, inner, inner),
    ),
    max_leaves=4,
)
