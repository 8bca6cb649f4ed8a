"""The routes. A path is answered as `event` and as `events`, with and without its last slash."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import msgspec

from runwell.family import DEPTH_MAX, Family
from runwell.filter import And, Field
from runwell.http import Answer, Call, Endpoint, Parameter
from runwell.model import Event, Outcome, Write
from runwell.model.times import now_us
from runwell.protocols.base import Services
from runwell.protocols.ets import lists, wire
from runwell.protocols.ets.decode import JSON, YAML, Given, read_body, read_post, read_put
from runwell.protocols.ets.errors import NoDiagram, NoSuchEvent
from runwell.protocols.ets.formats import EXPORTED, answer, export, wants_yaml
from runwell.protocols.ets.merge import create, delete, merge, posted, update
from runwell.protocols.ets.page import HTML, tree_page
from runwell.protocols.ets.swagger import swagger
from runwell.protocols.ets.times import DateOrder
from runwell.protocols.ets.translate import FIELDS, SCOPE, SOURCE, to_answer, to_event, to_wire
from runwell.protocols.ets.tree import to_impact
from runwell.query import Select, count_events

BASE = "/api/v1/event"
YAML_EVENTS_MAX = 1_000
PAGE_EVENTS_MAX = 1_000  # what a person still looks at
PAGES = (
    Parameter("count", "events on a page; as many as there may be if not given", lists.Count),
    Parameter("page", "which page, from 1; the header `Link` names the next", lists.PageNumber),
)


def endpoints(services: Services) -> list[Endpoint]:
    """The routes of this protocol."""
    return [*_writing(services), *_listing(services), *_relatives(services), *_pages(services)]


def _writing(services: Services) -> list[Endpoint]:
    order = cast("DateOrder", services.config.ets_date_order)

    async def put_event(call: Call) -> Answer:
        given = read_put(_value(call, services), order)
        event = _incoming(given, call)
        (written,) = await services.accept([Write(event, create)])
        return answer(to_wire(written.event), call.headers)

    async def post_event(call: Call) -> Answer:
        given, operation, insert = read_post(_value(call, services), order)
        event = _incoming(given, call)
        join = merge if operation == "merge" else update(given)
        is_new_stored = services.config.ets_insert_default if insert is None else insert
        rule = posted(join, insert=is_new_stored, tags_max=services.config.tags_per_event_max)
        (written,) = await services.accept([Write(event, rule)])
        found = answer(to_wire(written.event), call.headers)
        if written.outcome is Outcome.ABSENT:
            return Answer(
                found.status, found.body, found.content_type, (("x-ets-stored", "false"),)
            )
        return found

    async def delete_event(call: Call) -> Answer:
        id_ = call.params["id"]
        await services.accept([Write(Event(source=SOURCE, scope=SCOPE, id=id_), delete)])
        return answer(wire.Deleted(f"Event: {id_} deleted successfully"), call.headers)

    one = partial(
        Endpoint,
        scope="write",
        answers={200: wire.EventAnswer},
        is_json_only=False,
        media=YAML,
        body_media=(JSON, *YAML),
    )
    gone = partial(Endpoint, scope="write", answers={200: wire.Deleted}, media=YAML)
    return [
        _route(one, "PUT", "/", put_event, "Create an event.", body=wire.Put),
        _route(one, "POST", "/", post_event, "Merge into an event, or update it.", body=wire.Post),
        _route(gone, "DELETE", "/{id}", delete_event, "Delete an event."),
        _route(gone, "DELETE", "/{id}/delete", delete_event, "Delete an event."),
    ]


def _incoming(given: Given, call: Call) -> Event:
    """The event that was sent; without an id it gets a UUID."""
    id_ = given.id or str(uuid.uuid4())
    payload = call.body.decode() if _is_json(call) else ""
    return to_event(given, id_, now_us(datetime.now(UTC)), payload, call.client)


def _is_json(call: Call) -> bool:
    return call.headers.get("content-type", "").strip().lower().startswith("application/json")


def _value(call: Call, services: Services) -> Any:
    content_type = call.headers.get("content-type", "")
    return read_body(content_type, call.body, services.config.depth_max)


def _listing(services: Services) -> list[Endpoint]:
    order = cast("DateOrder", services.config.ets_date_order)

    async def list_events(call: Call) -> Answer:
        by_update = lists.read_by_update(call.query)
        where = lists.read_condition(call.query, order, by_update=by_update)
        most = _most(services, call)
        is_export = bool(call.query.get("format"))
        count = lists.read_count(call.query, most if is_export else lists.COUNT_DEFAULT, most)
        cursor = lists.read_cursor(call.query, by_update=by_update)
        offset = 0 if cursor else lists.read_offset(call.query, count)
        shown = And((*where.parts, lists.after(cursor))) if cursor else where
        by = "received" if by_update else "finished"
        select = Select(
            tuple(map(Field, dict.fromkeys((*FIELDS, by, "arrival")))),
            shown,
            lists.newest_first(by_update=by_update),
            limit=count + 1,
            offset=offset,
        )
        rows = (await services.run(select)).dicts()
        events = [to_answer(row) for row in rows[:count]]
        following = None
        if len(rows) > count:
            last = rows[count - 1]
            following = lists.write_cursor(lists.Cursor(by_update, last[by], last["arrival"]))
        if is_export:
            return export(events, call, following)
        total = (await services.run(count_events(where))).scalar()
        return answer(wire.ListAnswer(len(events), events, total, following), call.headers)

    async def get_event(call: Call) -> Answer:
        event = await _family(services).find(call.params["id"])
        if event is None:
            raise NoSuchEvent
        return answer(to_answer(event), call.headers)

    listed = partial(
        Endpoint,
        scope="read",
        answers={200: wire.ListAnswer},
        media=(*YAML, *EXPORTED),
        query=lists.PARAMETERS,
    )
    one = partial(
        Endpoint,
        scope="read",
        answers={200: wire.EventAnswer},
        refuses=(NoSuchEvent(),),
        media=YAML,
    )
    return [
        _route(listed, "GET", "/", list_events, "List events by tags and time, newest first."),
        _route(one, "GET", "/{id}", get_event, "Read an event."),
    ]


def _family(services: Services, members_max: int = 1) -> Family:
    return Family(services.run, SOURCE, SCOPE, FIELDS, members_max)


def _most(services: Services, call: Call) -> int:
    """How many events one answer may hold; YAML takes its time to write."""
    most = services.config.page_max
    return min(most, YAML_EVENTS_MAX) if wants_yaml(call.headers) else most


def _relatives(services: Services) -> list[Endpoint]:
    async def list_children(call: Call) -> Answer:
        most = _most(services, call)
        count = lists.read_count(call.query, most, most)
        offset = lists.read_offset(call.query, count)
        found = await _family(services).children(call.params["id"], count + 1, offset)
        children = answer([to_answer(child) for child in found[:count]], call.headers)
        if len(found) <= count:
            return children
        page = offset // count + 2
        link = f'<{call.path}?count={count}&page={page}>; rel="next"'
        return Answer(200, children.body, children.content_type, (("link", link),))

    async def trace(call: Call) -> Answer:
        ancestors = await _family(services).ancestors(call.params["id"])
        return answer([to_answer(event) for event in ancestors], call.headers)

    async def impact(call: Call) -> Answer:
        family = _family(services, _most(services, call))
        event = await family.find(call.params["id"])
        if event is None:
            raise NoSuchEvent
        tree, is_whole = await family.tree(event)
        found = answer(to_impact(tree), call.headers)
        extra = () if is_whole else (("x-ets-truncated", "true"),)
        return Answer(found.status, found.body, found.content_type, extra)

    several = partial(Endpoint, scope="read", answers={200: list[wire.EventAnswer]}, media=YAML)
    tree = partial(
        Endpoint,
        scope="read",
        answers={200: wire.ImpactAnswer},
        refuses=(NoSuchEvent(),),
        media=YAML,
    )
    up = f"The event, its parent, and so on to the root; at most {DEPTH_MAX}."
    return [
        _route(
            several, "GET", "/{id}/children", list_children, "Its children, in pages.", query=PAGES
        ),
        _route(several, "GET", "/{id}/trace", trace, up),
        _route(tree, "GET", "/{id}/impact", impact, "The tree of what an event caused."),
    ]


def _route(
    make: Callable[..., Endpoint], method: str, path: str, handle: Any, summary: str, **more: Any
) -> Endpoint:
    """The original's spelling first, then the others."""
    others = {f"{base}{path}" for base in (BASE, f"{BASE}s")}
    others |= {f"{other.rstrip('/')}{end}" for other in others for end in ("", "/")}
    first = f"{BASE}{path}"
    aliases = tuple(sorted(others - {first}))
    return make(method=method, path=first, aliases=aliases, handle=handle, summary=summary, **more)


def _pages(services: Services) -> list[Endpoint]:
    async def show_tree(call: Call) -> Answer:
        family = _family(services, min(services.config.page_max, PAGE_EVENTS_MAX))
        asked = await family.find(call.params["id"])
        if asked is None:
            raise NoDiagram(call.params["id"])
        top = await family.root(asked)
        tree, is_whole = await family.tree(top.event)
        is_whole = is_whole and not top.is_cut
        return tree_page(to_impact(tree), call.params["id"], is_whole=is_whole)

    async def ping(call: Call) -> Answer:
        return answer({}, call.headers)

    async def document(_: Call) -> Answer:
        return Answer(200, msgspec.json.encode(swagger(described)))

    described = [*_writing(services), *_listing(services), *_relatives(services)]
    return [
        Endpoint(
            method="GET",
            path="/event/{id}/",
            aliases=("/event/{id}",),
            handle=show_tree,
            scope="read",
            summary="The whole family of an event as a page.",
            answers={200: None},
            refuses=(NoDiagram("..."),),
            media=(HTML,),
        ),
        Endpoint(
            method="GET",
            path="/monitor/ping",
            handle=ping,
            scope=None,
            summary="An empty object as long as the server answers.",
            answers={200: dict[str, Any]},
            media=YAML,
        ),
        Endpoint(
            method="GET",
            path="/api/swagger.json",
            handle=document,
            scope="read",
            summary="These routes as a Swagger 2.0 document.",
            answers={200: dict[str, Any]},
        ),
    ]
