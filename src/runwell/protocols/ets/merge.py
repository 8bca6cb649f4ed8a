"""What happens to a stored ETS event: created once, merged, updated, deleted.

Rules: pure, and atomic because they run inside the commit's transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from runwell.errors import BadEvent
from runwell.model import Event, Rule
from runwell.protocols.ets.decode import Given
from runwell.protocols.ets.errors import AlreadyExists, CannotDelete, Clash
from runwell.protocols.ets.translate import SOURCE_ID, derived

# What merges may bring together in one event.
TAG_VALUES_MAX = 10_000
LINKS_MAX = 1_024
DESCRIPTION_CHARS_MAX = 65_536

Join = Callable[[Event, Event], Event]


def create(stored: Event | None, incoming: Event) -> Event:
    """A rule: an id is given once."""
    if stored is not None:
        raise AlreadyExists(incoming.id)
    return bounded(incoming)


def delete(stored: Event | None, incoming: Event) -> None:
    """A rule: what is deleted must be there."""
    if stored is None:
        raise CannotDelete(incoming.id)


def posted(join: Join, *, insert: bool, tags_max: int) -> Rule:
    """A rule: join with what is stored; what is unknown is stored only if `insert` says so."""

    def rule(stored: Event | None, incoming: Event) -> Event | None:
        if stored is None:
            return bounded(incoming) if insert else None
        joined = join(stored, incoming)
        after = bounded(derived(joined, joined.status))
        if len(after.tags) > tags_max:
            raise BadEvent("tags", f"{len(after.tags)} tags; {tags_max} is the most")
        return stored if _content(after) == _content(stored) else after

    return rule


def merge(stored: Event, incoming: Event) -> Event:
    """Both together: the earlier start, the later end, all tags; an empty value overwrites nothing.

    The status is the one that was told last, also if the tag held that value before.

    Raises:
        Clash: another parent or source id than the stored one.
    """
    source_id = _agreed(_source_id(stored), _source_id(incoming))
    tags = _united(stored.tags, incoming.tags)
    if source_id:
        tags[SOURCE_ID] = [source_id]
    return msgspec.structs.replace(
        stored,
        parent=_agreed(stored.parent, incoming.parent),
        started=_of_both(min, stored.started, incoming.started),
        finished=_of_both(max, stored.finished, incoming.finished),
        description=_appended(stored.description, incoming.description),
        links=stored.links | {name: url for name, url in incoming.links.items() if url},
        tags=tags,
        status=incoming.status if incoming.tags.get("status") else stored.status,
        payload=incoming.payload,
        client=incoming.client,
    )


def update(given: Given) -> Join:
    """What was given overwrites, whole tags and whole urls; what was not given stays."""

    def join(stored: Event, incoming: Event) -> Event:
        fields: dict[str, Any] = {
            "parent": given.parent_id,
            "started": given.start,
            "finished": given.end,
            "description": given.description,
            "links": given.detail_urls,
        }
        source_id = _source_id(stored) if given.source_id is None else given.source_id
        tags = stored.tags if given.tags is None else given.tags
        tags = {name: values for name, values in tags.items() if name != SOURCE_ID}
        return msgspec.structs.replace(
            stored,
            **{name: value for name, value in fields.items() if value is not None},
            tags=tags | ({SOURCE_ID: [source_id]} if source_id else {}),
            status=stored.status if given.tags is None else incoming.status,
            payload=incoming.payload,
            client=incoming.client,
        )

    return join


def bounded(event: Event) -> Event:
    """The event, if it is not beyond what one event may come to.

    Raises:
        BadEvent: names the field.
    """
    if sum(map(len, event.tags.values())) > TAG_VALUES_MAX:
        raise BadEvent("tags", f"more than {TAG_VALUES_MAX} values")
    if len(event.links) > LINKS_MAX:
        raise BadEvent("detail_urls", f"more than {LINKS_MAX} urls")
    if len(event.description) > DESCRIPTION_CHARS_MAX:
        raise BadEvent("description", f"more than {DESCRIPTION_CHARS_MAX} characters")
    return event


def _content(event: Event) -> Event:
    return msgspec.structs.replace(event, payload="", client="")


def _source_id(event: Event) -> str:
    return event.tags.get(SOURCE_ID, [""])[0]


def _agreed(stored: str, incoming: str) -> str:
    if stored and incoming and stored != incoming:
        raise Clash
    return stored or incoming


def _of_both(choose: Callable[[int, int], int], stored: int | None, incoming: int | None) -> int:
    assert stored is not None
    assert incoming is not None
    return choose(stored, incoming)


def _appended(stored: str, new: str) -> str:
    if not new.strip() or new.strip() in stored:
        return stored
    return f"{stored}\n{new}" if stored else new


def _united(stored: dict[str, list[str]], new: dict[str, list[str]]) -> dict[str, list[str]]:
    """In the order of arrival: the last value of a tag is the current one."""
    return stored | {
        name: list(dict.fromkeys([*stored.get(name, []), *values])) for name, values in new.items()
    }
