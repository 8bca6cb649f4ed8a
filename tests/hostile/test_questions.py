"""Hostile texts in every path and every parameter that is read: an answer, or a mistake of who asks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from urllib.parse import quote

import pytest
from tests.hostile import corpus
from tests.hostile.refusals import ANSWER_BYTES_MAX, SHAPES, nothing_stored
from tests.hostile.world import Said, World

from runwell.http.router import PARAMETER

TURN = count()
EACH = 3  # texts for each parameter of each endpoint; all of them have their turn
# As they stand in an address: encoded once, twice, badly, or not at all.
RAW = [
    *(
        "../../../etc/passwd",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%2f..%2f",
        "%252e%252e%252f",
        ".",
        "..",
    ),
    *(
        "%00",
        "a%00b",
        "%0d%0ax-injected:%201",
        "%0a",
        "%ff",
        "%c0%ae",
        "%ed%a0%80",
        "%",
        "%zz",
        "%2",
    ),
    *(
        "%e2%80%ae",
        "%F0%9F%98%80",
        "a;b",
        "a+b",
        "-",
        "{x}",
        "x" * 4_000,
        "%27" * 500,
        "\u00e9",
        "a\tb",
    ),
]
LANGUAGE = [
    *(
        "(",
        ")",
        "((((((",
        "[" * 500,
        "(" * 2_000,
        "!" * 4_000,
        "-" * 2_000 + "1",
        "a" + ".b" * 1_000,
    ),
    *("'", '"', '"""', "'''", "r'", "b'\\xff'", "'\\", "'\\u0000'", "'\\ud800'", "\0", "\ud83d"),
    *(
        "1" * 400,
        "1e999",
        "0x" + "f" * 40,
        "-9223372036854775809",
        "18446744073709551616u",
        "1.e",
        "..",
    ),
    *("name == '" + "a" * 4_200 + "'", " || ".join(["true"] * 400), "name.matches('(a+)+$')"),
    *(
        "name.matches('((a{100}){100}){100}')",
        "name.matches('(?<x')",
        "name.matches('" + "(" * 500 + "')",
    ),
    *("[1,2,3].all(x, [1,2,3].all(y, x == y))", "{'a': 1}['a'] == 1", "size(1)", "int('x') == 1"),
    *(
        "duration('1')",
        "timestamp('0000-01-01T00:00:00Z') < started",
        "timestamp(99999999999999) < started",
    ),
    *(
        "total",
        "total desc desc",
        "avg(avg(duration))",
        "p100(duration)",
        "p50()",
        "count(",
        "a(b(c(d(",
    ),
    *("total > ", "total > NaN", "total > 1e999", "name, name, name", ",,,,", "id" + ",id" * 2_000),
    *(
        "name == \u2018x\u2019",
        "ｎａｍｅ",
        "name\u00a0==\u00a01",
        "\u202ename",
        "name\r\n== 1",
        "# x",
        "// x",
    ),
]
TOKENS = [
    "e30",
    "bnVsbA",
    "W10",
    "WyJhIl0",
    "/w",
    "====",
    "A" * 4_000,
    "W1tbW1tb",
    "gKCg",
    "3////////w",
]
STRANGE = [*corpus.TEXTS, *corpus.TIMES, *LANGUAGE, *TOKENS]


def reading(world: World) -> Iterator[tuple[str, str, list[str], list[str]]]:
    """Protocol, path, its parameters, and those of its query, of everything that answers GET."""
    for mounted in world.app.mounted:
        for endpoint in mounted.endpoints:
            if endpoint.method == "GET":
                inside = [name for name, _ in PARAMETER.findall(endpoint.path)]
                asked = [parameter.name for parameter in endpoint.query]
                yield mounted.protocol.name, endpoint.path, inside, asked


def ask(world: World, protocol: str, path: str) -> Said:
    """HEAD where an answer has no end."""
    said = world.ask("HEAD" if "/tail" in path else "GET", path, headers={})
    assert said.status < 500, (path, said)
    for name, text in said.headers.items():
        assert "\r" not in text, (path, name)
        assert "\n" not in text, (path, name)
    if said.status >= 400 and said.body:
        assert len(said.body) <= ANSWER_BYTES_MAX, (path, len(said.body))
        if said.headers["content-type"].startswith("text/plain"):
            assert protocol == "ets", path  # what is not there is told as text there
        else:
            assert SHAPES[protocol](said.json), (path, said)
    return said


def filled(path: str, values: dict[str, str]) -> str:
    """An address with these, as they are, in place of its parameters."""
    return PARAMETER.sub(lambda found: values.get(found[1], "a"), path)


def some(texts: list[str]) -> list[str]:
    return [texts[next(TURN) % len(texts)] for _ in range(EACH)]


def encoded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def test_no_text_in_a_path_breaks_an_answer(world: World):
    with nothing_stored(world):
        for protocol, path, inside, _ in reading(world):
            for name in inside:
                texts = [*some(RAW), *(encoded(text) or "a" for text in some(corpus.TEXTS))]
                for text in texts:
                    ask(world, protocol, filled(path, {name: text}))


def test_no_text_in_a_parameter_breaks_an_answer(world: World):
    with nothing_stored(world):
        for protocol, path, _, asked in reading(world):
            for name in asked:
                for text in some(STRANGE):
                    ask(world, protocol, f"{filled(path, {})}?{name}={encoded(text)}")
                for text in some(RAW):
                    ask(world, protocol, f"{filled(path, {})}?{name}={text}")
            for text in (
                "x=1",
                "&&&",
                "=",
                "a=b=c",
                "%00=%00",
                "=" * 3_000,
                "limit=1&limit=2",
                "[]=1",
            ):
                ask(world, protocol, f"{filled(path, {})}?{text}")


OURS = ("/-/api/events", "/-/api/summary", "/-/api/series", "/-/api/export")
TEKTON = "/apis/results.tekton.dev/v1alpha2/parents/shop/results"


@pytest.mark.parametrize("text", LANGUAGE, ids=lambda text: ascii(text)[:30])
def test_no_expression_breaks_an_answer(world: World, text: str):
    with nothing_stored(world):
        for path in OURS:
            for name in ("filter", "fields", "group_by", "summary", "having", "order_by"):
                ask(world, "runwell", f"{path}?{name}={encoded(text)}")
        for path in (TEKTON, f"{TEKTON}/-/records", f"{TEKTON}/-/records/summary"):
            for name in ("filter", "order_by", "group_by", "summary", "fields", "page_token"):
                ask(world, "tekton", f"{path}?{name}={encoded(text)}")


def test_an_address_that_is_too_long_is_refused_by_everyone(world: World):
    for protocol, path, _, _ in reading(world):
        said = ask(world, protocol, f"{filled(path, {})}?x={'y' * 9_000}")
        assert said.status == 414, path


def test_what_is_answered_of_a_name_with_markup_is_json_and_never_sniffed(world: World):
    markup = "<script>alert(1)</script>"
    event = {
        "source": "script",
        "scope": markup,
        "id": markup,
        "name": markup,
        "tags": {markup: markup},
    }
    body = {
        "events": [event | {"links": {"x": "javascript:alert(1)"}, "payload": {markup: markup}}]
    }
    assert world.ask("POST", "/-/api/events", dumped(body)).status == 200
    text = encoded(markup)
    for path in (
        f"/-/api/events/script/{text}/{text}",
        f"/-/api/events?filter=name==%22{text}%22&fields=name,tags,payload,links",
        f"/-/api/summary?group_by=name&filter=name==%22{text}%22",
        f"/-/api/events?filter={text}",
        f"/-/api/{text}",
        f"/api/v1/event/{text}",
        f"/save_metrics/{text}",
        f"{TEKTON}/{text}",
    ):
        said = world.ask("GET", path, headers={})
        media = said.headers["content-type"]
        assert media.partition(";")[0] in (
            "application/json",
            "application/problem+json",
            "text/plain",
        )
        assert "text/html" not in media
    page = world.ask("GET", f"/event/{text}/", headers={})
    assert markup.encode() not in page.body or page.headers["content-type"].startswith("text/plain")


def dumped(value: object) -> bytes:
    return corpus.splice(value, b"null")
