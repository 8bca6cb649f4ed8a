"""Which events the paths of this API mean, as filters. No request and no answer here."""

from __future__ import annotations

from itertools import zip_longest

from runwell.errors import BadParameter
from runwell.filter import Among, And, Compare, Contains, Field, Filter, Not, Or, StartsWith, Tag
from runwell.model import Kind
from runwell.protocols.pytest_monitor.translate import SOURCE

NO_TEXT = ""


def _of(kind: Kind, *more: Filter) -> Filter:
    mine = (
        Compare(Field("source"), "==", SOURCE),
        Compare(Field("kind"), "==", str(kind)),
    )
    return And((*mine, *more))


def contexts(prefix: str = "") -> Filter:
    """Contexts whose hash begins with `prefix`."""
    return _of(Kind.CONTEXT, *_prefix("chain", prefix))


def sessions(prefix: str = "", *more: Filter) -> Filter:
    """Sessions whose hash begins with `prefix`."""
    return _of(Kind.SESSION, *_prefix("chain", prefix), *more)


def tests(*more: Filter) -> Filter:
    """Metrics."""
    return _of(Kind.TEST, *more)


def _prefix(field: str, prefix: str) -> tuple[Filter, ...]:
    return (StartsWith(Field(field), prefix),) if prefix else ()


def field(name: str, value: str) -> Filter:
    """A canonical field is exactly this text."""
    return Compare(Field(name), "==", value)


def tag(name: str, value: str) -> Filter:
    """A tag is exactly this text."""
    return Compare(Tag(name), "==", value)


def like_item(part: str) -> Filter:
    """The item's name holds this text."""
    return Contains(Tag("item"), part)


def like_variant(part: str) -> Filter:
    """The variant's name holds this text."""
    return Contains(Field("name"), part)


def component_prefix(prefix: str) -> tuple[Filter, ...]:
    """The component begins so."""
    return _prefix("component", prefix)


def has_tag(name: str) -> Filter:
    """The tag is there: every text holds the empty one."""
    return Contains(Tag(name), NO_TEXT)


def has_text(name: str) -> Filter:
    """The tag is there and not empty."""
    return Compare(Tag(name), "!=", NO_TEXT)


def scm(prefix: str) -> Filter:
    """Sessions of a commit."""
    return sessions("", StartsWith(Field("sha"), prefix))


def of_sessions(where: Filter) -> Filter:
    """Metrics that belong to such sessions."""
    return Among(Field("scope"), Field("chain"), where)


def with_pipeline(*more: Filter) -> Filter:
    """Sessions that say which pipeline they ran in."""
    return sessions("", Not(field("pipeline", NO_TEXT)), *more)


def of_component(component: str) -> Filter:
    """Sessions that have metrics of this component."""
    return Among(Field("chain"), Field("scope"), tests(field("component", component)))


def flags(names: str, restrictions: str, method: str) -> tuple[Filter, ...]:
    """Sessions by tag names and, position by position, their values where they are given."""
    asked = names.split(",")
    pairs = zip_longest(asked, restrictions.split(",")[: len(asked)], fillvalue=NO_TEXT)
    wanted = tuple(tag(name, value) if value else has_tag(name) for name, value in pairs if name)
    if not wanted:
        return ()
    match method:
        case "" | "match_any":
            return (Or(wanted),)
        case "match_all":
            return (And(wanted),)
    raise BadParameter("method", f"match_any or match_all, not {method[:40]!r}")
