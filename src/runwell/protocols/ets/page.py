"""The family of an event as a page: left to right, every value escaped, no script."""

from __future__ import annotations

from importlib import resources

import jinja2
import msgspec

from runwell.http import Answer
from runwell.protocols.ets import wire

HTML = "text/html; charset=utf-8"
SECURITY = (
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
)
FAILED = ("fail", "failed", "failure", "error")
GOOD = ("success", "succeeded")

_environment = jinja2.Environment(
    autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def tree_page(tree: wire.ImpactAnswer, id_: str, *, is_whole: bool) -> Answer:
    """The page of a family; the event that was asked for stands out."""
    text = TEMPLATE.render(tree=tree, asked=id_, is_whole=is_whole)
    return Answer(200, text.encode(), HTML, SECURITY)


def first(event: wire.EventAnswer, name: str) -> str:
    """The first value of a tag."""
    return next(iter(event.tags.get(name, [])), "")


def state(event: wire.EventAnswer) -> str:
    """A word for the colour: by the last value of the tag `status`."""
    last = next(iter(reversed(event.tags.get("status", []))), "").lower()
    if last in FAILED:
        return "bad"
    return "good" if last in GOOD else "other"


def address(text: str) -> str:
    """Where a value leads: the web, a mailbox, or nowhere."""
    if text.startswith(("http://", "https://")):
        return text
    return f"mailto:{text}" if "@" in text and " " not in text else ""


def fields(event: wire.EventAnswer) -> list[tuple[str, list[str]]]:
    """Every field that says something, tags and urls each by their names."""
    plain = msgspec.structs.asdict(event)
    shown = [(name, [value]) for name, value in plain.items() if isinstance(value, str) and value]
    return [
        *shown,
        *((name, [url]) for name, url in event.detail_urls.items()),
        *event.tags.items(),
    ]


_environment.globals.update(first=first, state=state, address=address, fields=fields)
TEMPLATE = _environment.from_string((resources.files(__package__) / "tree.html").read_text("utf-8"))
