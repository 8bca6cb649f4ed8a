"""Hostile bodies at every endpoint that takes one: refused, with nothing changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.hostile import corpus, places
from tests.hostile.corpus import Sent, Token
from tests.hostile.places import BODIES, Place
from tests.hostile.refusals import check_refusal, nothing_stored
from tests.hostile.walking import paths, put, with_other, without
from tests.hostile.world import Said, World

from runwell.store.ledger.base import decode_event

COUNTER = iter(range(10_000, 10**9))


def by_name(item: Any) -> str:
    return item.name.replace(" ", "-")


def test_every_endpoint_that_takes_a_body_is_among_the_places(world: World):
    known = {(place.method, place.path) for place in BODIES}
    reached = set()
    for mounted in world.app.mounted:
        for method, path in known:
            if world.app.asgi._find(path) is mounted:
                reached.add(id(mounted.router.find(method, path)[0]))
        for endpoint in mounted.endpoints:
            assert endpoint.body is None or id(endpoint) in reached, endpoint


@pytest.mark.parametrize("place", BODIES, ids=by_name)
@pytest.mark.parametrize("sent", [*corpus.BOMBS, *corpus.ENCODINGS], ids=by_name)
def test_a_body_in_a_hostile_encoding_is_refused(world: World, place: Place, sent: Sent):
    valid = place.wrap(json.dumps(place.make(next(COUNTER))).encode())
    with nothing_stored(world):
        said = world.say(place, sent.make(valid), **sent.headers)
        check_refusal(place.protocol, said)
        assert said.status in sent.statuses


# What the place takes all the same, and why: an empty message is a message to a gateway of protobuf;
# YAML has single quotes, a comma at the end, and a byte order mark.
EMPTY = {"nothing", "64 KiB of nothing", "an empty object"}
LEGAL_SHAPES = {
    "result patch": EMPTY,
    "record patch": EMPTY,
    "record value": EMPTY,
    "ets yaml": {"a comma too many", "a byte order mark", "single quotes"},
}


@pytest.mark.parametrize("place", BODIES, ids=by_name)
def test_a_body_that_is_no_message_is_refused(world: World, place: Place):
    legal = LEGAL_SHAPES.get(place.name, set())
    for sent in corpus.SHAPES:
        if sent.name in legal:
            continue
        valid = place.wrap(json.dumps(place.make(next(COUNTER))).encode())
        with nothing_stored(world):
            check_refusal(place.protocol, world.say(place, sent.make(valid), **sent.headers))


# Where JSON of any kind may stand: in what is not known, or in what is the sender's own.
ANYWHERE: dict[str, tuple[str | int, ...]] = {
    "trunk": ("events", 0, "x_hostile"),
    "ets put": ("event", "x_hostile"),
    "ets post": ("event", "x_hostile"),
    "events": ("events", 0, "payload"),
    "sql": ("params", 0),
    "result": ("annotations", "x_hostile"),
    "result patch": ("annotations", "x_hostile"),
    "record": ("data", "type"),
    "record patch": ("data", "type"),
}
NUMBERS_OF_ANY_SIZE = ("record value",)  # an object of Kubernetes is kept as it is
NO_JSON = ("ets yaml",)


@pytest.mark.parametrize("place", BODIES, ids=by_name)
def test_what_is_no_json_or_past_every_bound_is_refused_wherever_it_stands(
    world: World, place: Place
):
    if place.name in NO_JSON:
        return
    for token in corpus.REFUSED_TOKENS:
        value = place.make(next(COUNTER))
        put(value, ANYWHERE.get(place.name, ("x_hostile",)), corpus.MARKER)
        body = place.wrap(corpus.splice(value, token.text))
        if is_whole_number(token) and place.name in NUMBERS_OF_ANY_SIZE:
            assert world.say(place, body).status == 200, token
            continue
        with nothing_stored(world):
            told = check_refusal(place.protocol, world.say(place, body))
        assert names_a_place(told), (token, told)


def is_whole_number(token: Token) -> bool:
    digits = token.text.lstrip(b"-")
    return digits.isdigit() and digits[:1] != b"0" and len(digits) < 1_000


def names_a_place(told: str) -> bool:
    """A field, a byte, a depth, or both a line and a column."""
    words = (
        "x_hostile",
        "byte ",
        "nests deeper",
        "column",
        "params",
        "payload",
        "data.",
        "end of",
        "lists",
    )
    return any(word in told for word in words)


HEAVY = ("1 MB", "a name of 1 MB")  # in some of the places: they take their time


SPARSE = {
    "report": 4,
    "record value": 2,
}  # one of so many: each refusal asks the columns, or is taken


def walk(place: Place) -> list[tuple[str, tuple[str | int, ...], Any]]:
    """Every other value in every place, and every place left out."""
    valid = place.make(0)
    cases = []
    for number, path in enumerate(paths(valid)):
        for name, value in corpus.VALUES.items():
            if name in HEAVY and number % 5:
                continue
            cases.append((name, path, with_other(place.make(next(COUNTER)), path, value)))
        if path:
            cases.append(("left out", path, without(place.make(next(COUNTER)), path)))
    return cases[:: SPARSE.get(place.name, 1)]


@pytest.mark.parametrize("place", BODIES, ids=by_name)
def test_any_value_in_any_place_is_taken_whole_or_refused_with_its_name(world: World, place: Place):
    print_before = world.print()
    for name, path, value in walk(place):
        body = place.wrap(json.dumps(value).encode())
        before = world.newest
        said = world.say(place, body)
        if said.status < 400:
            check_taken(world, place, said, body, before)
            continue
        assert world.newest == before, (name, path)
        told = check_refusal(place.protocol, said)
        told += said.headers.get("x-ets-field", "")
        assert names(told, path) or any(words in told for words in OWN_WORDS), (name, path, told)
    assert world.errors() == []
    after = world.print()
    assert {path: after[path] for path in places.WATCHED} == {
        path: print_before[path] for path in places.WATCHED
    }


@pytest.mark.parametrize("place", BODIES, ids=by_name)
def test_a_body_whose_every_name_comes_twice_is_taken_whole_or_refused(world: World, place: Place):
    body = place.wrap(doubled(place.make(next(COUNTER))).encode())
    before = world.newest
    said = world.say(place, body)
    if said.status < 400:
        check_taken(world, place, said, body, before)
    else:
        check_refusal(place.protocol, said)
        assert world.newest == before
    assert world.errors() == []


def doubled(value: Any) -> str:
    """As JSON, with another value of the same type in front of each of an object's."""
    if isinstance(value, list):
        return f"[{', '.join(map(doubled, value))}]"
    if not isinstance(value, dict):
        return json.dumps(value)
    pairs = []
    for name, item in value.items():
        other = "another" if isinstance(item, str) else type(item)() if item is not None else None
        pairs += [f"{json.dumps(name)}: {json.dumps(other)}"]
        pairs += [f"{json.dumps(name)}: {doubled(item)}"]
    return f"{{{', '.join(pairs)}}}"


# What an original says of a place in words of its own, which are kept.
OWN_WORDS = (
    "record and type fields required",
    "unexpected end of JSON input",
    "tags",
    "a YAML body of",
    "Values were not provided for the following parameters",
    "Parameter argument/count mismatch",
)


def names(told: str, path: tuple[str | int, ...]) -> bool:
    """Some name on the way to the place, in any of its spellings."""
    spelled = [str(step) for step in path if isinstance(step, str)]
    return not spelled or any(name in told or camel(name) in told for name in spelled)


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


MADE_HERE = ('{"build-e2e":64}',)  # the builds of a report that only has their sum


def check_taken(world: World, place: Place, said: Said, body: bytes, before: int) -> None:
    """What is stored of it is a piece of what was sent, byte for byte."""
    assert said.status in (200, 201, 208), said
    sent = body.decode()
    for change in world.app.store.ledger.changes(before, 1_000):
        event = decode_event(change.document)
        is_own = place.protocol == "tekton" or event.kind == "sequence"
        assert is_own or event.payload in (*MADE_HERE, sent) or event.payload in sent, said
