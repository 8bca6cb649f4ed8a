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
    "{0}",
    "$1",
    "a\nb",
    "a\n",
    "\t",
    "true",
    "null",
]
# What only an event may have: no literal is as long, and a NUL is refused at the door.
LONG_TEXTS = ["a" * 70_000, "é" * 5_000 + "b", "a\x00b"]
TIMES = [
    "2026-01-31T12:00:00Z",
    "2026-01-31T12:00:00.123456789+02:00",
    "2026-01-31T12:00:00.999999999-14:59",
    "2026-02-28",
    "2026-03-01 00:00:00",
    "1970-01-01T00:00:00Z",
    "1970-01-01T00:00:00+14:00",
    "2199-12-31T23:59:59Z",
    "2199-12-31T23:59:59-14:00",
    "2026-12-31T23:59:59.5",
    "2024-02-29T12:00",
    "2026-10-25T01:30:00+0200",
    "2026-10-25T02:30:00+02",
    "2026-02-30T00:00:00Z",
    "2026-01-31t12:00:00z",
    "2026-01-31T24:00:00Z",
    "2026-01-31T12:00:00+15:00",
    "2026-01-31T12:00:00.1234567891Z",
    "9999-01-01T00:00:00Z",
    " 2026-01-31T12:00:00Z",
    "infinity",
    "",
]
LITERAL_TIMES_MAX = 13  # so many of them are times
NUMERALS = [
    "0",
    "-0",
    "1",
    "-1",
    "3",
    "3.0",
    "0.5",
    "-2.25",
    "1.50",
    "1e2",
    "-0.0",
    "1e22",
    "1e-7",
    "1e400",
    "-1e400",
    "1e-400",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551616",
    "12345678901234567890123",
    "9" * 400,
]
KEYS = ["k", "n", "it's", "a/b~c", "~1", "", "0", "é", '"', "{x}", "t"]
PATHS = [
    "t",
    "n",
    "l",
    "o",
    "o.k",
    "o.n",
    'o["it\'s"]',
    'o["a/b~c"]',
    'o["~1"]',
    'o[""]',
    'o["0"]',
    'o["\\""]',
    'o["{x}"]',
    "o.k.k",
    "l[0]",
    "l[7]",
    "l[0].k",
    'l["0"]',
    "t[0]",
    "at",
    "b",
    "nil",
    "gone",
]
METRICS = ["k", "k2"]
TAGS = ["team", "it's"]


def _json_texts(text: str) -> st.SearchStrategy[str]:
    """A text in JSON: as it is, or all of it in escapes."""
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in text if ord(letter) < 0x10000)
    return st.sampled_from([json.dumps(text, ensure_ascii=False), json.dumps(text), f'"{escaped}"'])


LEAVES = st.one_of(
    st.sampled_from(TEXTS + TIMES).flatmap(_json_texts),
    st.sampled_from(TEXTS).flatmap(_json_texts),
    st.sampled_from(LONG_TEXTS).map(json.dumps),
    st.sampled_from(NUMERALS),
    st.sampled_from(["true", "false", "null"]),
)


def _listed(items: list[str]) -> str:
    return f"[{', '.join(items)}]"


def _joined_members(members: list[tuple[str, str]]) -> str:
    """An object as it was written: a key may come twice."""
    return f"{{{', '.join(f'{json.dumps(key)}:{value}' for key, value in members)}}}"


VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(_listed),
        st.lists(st.tuples(st.sampled_from(KEYS), inner), max_size=4).map(_joined_members),
    ),
    max_leaves=5,
)
OBJECTS = st.lists(st.tuples(st.sampled_from(KEYS), VALUES), max_size=4).map(_joined_members)
LISTS = st.lists(LEAVES | OBJECTS, max_size=3).map(_listed)
TIME_LEAVES = st.sampled_from(TIMES).map(json.dumps)
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "t": LEAVES,
        "n": st.sampled_from(NUMERALS) | LEAVES,
        "b": st.sampled_from(["true", "false"]) | LEAVES,
        "at": TIME_LEAVES,
        "nil": st.just("null"),
        "l": LISTS | LEAVES,
        "o": OBJECTS | LEAVES,
    },
).map(lambda members: list(members.items()))
PAYLOADS = st.one_of(
    st.sampled_from(["", "{", "no JSON"]),
    VALUES,
    MEMBERS.map(_joined_members),
    MEMBERS.map(_joined_members),
    MEMBERS.map(_joined_members),
    st.tuples(MEMBERS, MEMBERS).map(lambda pair: _joined_members(pair[0] + pair[1])),
)
DAY_US = 86_400_000_000
INSTANTS = st.none() | st.sampled_from(
    [0, 999_999, NOON_US, NOON_US + 1_500_000, NOON_US + DAY_US, 7_258_118_399_999_999]
)
EVENTS = st.builds(
    Event,
    source=st.just("test"),
    scope=st.just("s"),
    id=st.uuids().map(str),
    name=st.sampled_from(TEXTS + LONG_TEXTS),
    pipeline=st.sampled_from(TEXTS),
    status=st.sampled_from(list(Status)),
    queued=INSTANTS,
    started=INSTANTS,
    finished=INSTANTS,
    duration=st.none()
    | st.sampled_from([0, 1, 1_500_000, 90_000_000, -5_000_000, 2**62, 2**63 - 1, -(2**63)]),
    metrics=st.dictionaries(
        st.sampled_from(METRICS),
        st.sampled_from([0.0, -0.0, 1.5, -1.0, 1e300, -1e300, 5e-324, 2.0**63]),
        max_size=2,
    ),
    tags=st.dictionaries(
        st.sampled_from(TAGS), st.lists(st.sampled_from(TEXTS), max_size=3), max_size=2
    ),
    links=st.dictionaries(st.just("log"), st.sampled_from(TEXTS), max_size=1),
    payload=PAYLOADS,
)


CONTROLS = {code: f"\\x{code:02x}" for code in range(32)}


def quoted(text: str) -> str:
    """A text as CEL writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.translate(CONTROLS) + '"'


def joined(template: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Fill the places of a template."""
    pieces = template.split("{}")
    return st.tuples(*parts).map(
        lambda values: pieces[0] + "".join(map("".join, zip(values, pieces[1:], strict=True)))
    )


LITERAL_TEXTS = st.sampled_from(TEXTS).map(quoted)
PAYLOAD = st.sampled_from([f"payload.{path}" for path in PATHS])
MAYBE_TIME = st.sampled_from(["payload.at", "payload.t", "payload.o.k", "payload.n"])
# Only what RE2 and Python read alike.
PATTERNS = st.sampled_from(
    [
        "a",
        "^a",
        "b$",
        "^a$",
        "[a-b]+",
        "[$^]",
        "a|_",
        "%",
        "^$",
        "é",
        "(?i)a",
        "(?s)a.b",
        "a.b",
        "\\d",
        "\\w{2}",
        "^\\W",
        "\\bb",
        "\\s",
        "\\$1",
        "^.$",
        "(a)(?:b)?",
        "a{2,3}",
        "[^a]",
        "\\{0\\}",
    ]
).map(quoted)
LITERAL_TIMES = st.sampled_from(TIMES[:LITERAL_TIMES_MAX]).map(lambda text: f'timestamp("{text}")')
LITERAL_DURATIONS = st.sampled_from(
    [
        f'duration("{text}")'
        for text in ["0", "1s", "1m30s", "-5s", "24h", "1.5s", "100us", "1ns", "-2562047h"]
    ]
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
        joined("string({} < {})", LITERAL_INTS, LITERAL_INTS),
        joined("string(size({}))", inner),
        st.sampled_from(["string(started)", "string(duration)", "string(timestamp(payload.at))"]),
    ),
    max_leaves=3,
)
TIME = st.recursive(
    st.one_of(
        LITERAL_TIMES,
        st.sampled_from(["started", "finished"]),
        joined("timestamp({})", PAYLOAD),
        joined("timestamp({})", LITERAL_INTS),
        joined("(payload.at - {})", LITERAL_DURATIONS),
    ),
    lambda inner: st.one_of(
        joined("({} + {})", inner, LITERAL_DURATIONS),
        joined("({} - {})", inner, LITERAL_DURATIONS),
        joined("({} + duration)", inner),
    ),
    max_leaves=4,
)
PARTS = [
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
ZONES = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "UTC", "-05:00", "+14:00"]
).map(quoted)
INT = st.recursive(
    st.one_of(
        LITERAL_INTS,
        joined("size({})", TEXT),
        joined("size({})", PAYLOAD),
        joined("int({})", PAYLOAD),
        joined("int({})", TEXT),
        joined("int({})", TIME),
        st.sampled_from(["size(tags.team)", "attempt", "int(metrics.k)"]),
        joined("timestamp({}).{}()", TIME, st.sampled_from(PARTS)),
        joined("timestamp({}).{}({})", TIME, st.sampled_from(PARTS), ZONES),
        joined("duration.{}()", st.sampled_from([*PARTS[6:]])),
    ),
    lambda inner: joined("({} {} {})", inner, st.sampled_from(["+", "-", "*", "/", "%"]), inner),
    max_leaves=3,
)
FLOAT = st.one_of(
    FLOATS,
    st.sampled_from(["metrics.k", "metrics.k2", "(-metrics.k)"]),
    joined("double({})", PAYLOAD),
    joined("double({})", TEXT),
    joined("double({})", INT),
    joined("(metrics.k {} {})", st.sampled_from(["+", "-", "*", "/"]), FLOATS),
    joined("(metrics.k {} metrics.k2)", st.sampled_from(["+", "-", "*", "/"])),
    joined("(payload.n {} payload.o.n)", st.sampled_from(["*", "/"])),
)
DURATION = st.one_of(
    LITERAL_DURATIONS,
    st.sampled_from(["duration", "queue"]),
    joined("({} - {})", st.sampled_from(["started", "finished"]), TIME),
    joined("({} + {})", LITERAL_DURATIONS, st.just("duration")),
    st.sampled_from(["(payload.at - started)", "(duration - duration)", "(-duration)"]),
)
COMPARE = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
TEST = st.sampled_from(["contains", "startsWith", "endsWith"])
# Those that speak of what is there often come more often.
FREQUENT = st.one_of(
    joined("name {} {}", COMPARE, LITERAL_TEXTS),
    joined("{} {} {}", MAYBE_TIME, COMPARE, LITERAL_TEXTS),
    joined("{} {} {}", MAYBE_TIME, COMPARE, LITERAL_TIMES),
    joined("payload.n {} {}", COMPARE, FLOATS | LITERAL_INTS),
    joined("started {} {}", COMPARE, LITERAL_TIMES),
    joined("name.{}({})", TEST, LITERAL_TEXTS),
    joined("name.matches({})", PATTERNS),
    joined("has({})", st.sampled_from(["payload.t", "payload.o", "payload.l", "payload.n"])),
)
CONDITIONS = st.one_of(
    FREQUENT,
    FREQUENT,
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
    joined("(payload.n - payload.o.n) {} {}", COMPARE, FLOAT),
    joined("{}.{}({})", TEXT | PAYLOAD, TEST, TEXT),
    joined("{}.matches({})", TEXT | PAYLOAD | st.just("tags.team"), PATTERNS),
    joined("{} in [{}, {}]", TEXT | PAYLOAD | st.just("tags.team"), LITERAL_TEXTS, LITERAL_TEXTS),
    joined("{} in [{}, {}]", INT, INT, LITERAL_INTS),
    joined("{} in [{}, {}]", PAYLOAD, LITERAL_INTS, LITERAL_TEXTS),
    joined("{} in []", TEXT),
    joined("{} in {}", TEXT, PAYLOAD),
    joined(
        "{} {} null",
        PAYLOAD | st.sampled_from(["started", "duration", "tags.team", "metrics.k"]),
        st.sampled_from(["==", "!="]),
    ),
    joined("has({})", PAYLOAD.filter(lambda path: not path.endswith("]"))),
    st.sampled_from(
        [
            "has(tags.team)",
            "has(metrics.k)",
            "has(links.log)",
            '"team" in tags',
            '"k" in metrics',
            '"log" in links',
        ]
    ),
    joined("tags.team {} {}", COMPARE, TEXT),
    joined("{} {} tags.team", TEXT, COMPARE),
    joined('tags["it\'s"].{}({})', TEST, TEXT),
    joined("links.log {} {}", COMPARE, TEXT),
    joined("{} in tags.team", TEXT),
    PAYLOAD,
    joined("{} == {}", PAYLOAD, st.sampled_from(["true", "false"])),
    joined("(name == {} ? payload.t : payload.o.k) {} {}", LITERAL_TEXTS, COMPARE, TEXT),
    joined("(has(payload.t) ? started : finished) {} {}", COMPARE, TIME),
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
