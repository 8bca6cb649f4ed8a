"""`/-/api/events/{source}/{scope}/{id}/tree`: the family of any event of any protocol."""

from __future__ import annotations

from typing import Any

import msgspec

from runwell.errors import NotFound
from runwell.family import Family, Member, Tree
from runwell.http import Answer, Call, Endpoint, Parameter, json_answer
from runwell.protocols.base import Services
from runwell.query import FIELDS
from runwell.web import parameters
from runwell.web.values import show_value

TREE_PARAMETERS = (
    Parameter("fields", "comma-separated canonical fields; all but the payload if not given"),
    Parameter("attempt", "which attempt; the newest if not given", parameters.Attempt),
)


class TreeAnswer(msgspec.Struct, frozen=True):
    """One event and what is below it."""

    event: dict[str, Any]
    children: list[TreeAnswer]


class FamilyAnswer(msgspec.Struct, frozen=True):
    """The whole family; `truncated` if there is more of it than may be shown.

    `root_missing` if the root of its chain never came: what came first stands for it.
    """

    root: TreeAnswer
    truncated: bool
    root_missing: bool


def endpoints(services: Services) -> list[Endpoint]:
    """The route of this file."""

    async def read_tree(call: Call) -> Answer:
        parameters.refuse_unknown(call.query, TREE_PARAMETERS)
        fields = tuple(
            field.name for field in parameters.read_fields(call.query, parameters.LISTED)
        )
        source, scope, id_ = (call.params[name] for name in ("source", "scope", "id"))
        wanted = (*fields, "arrival")
        family = Family(services.run, source, scope, wanted, services.config.page_max)
        asked = await family.find(id_, parameters.read_attempt(call.query))
        if asked is None:
            raise NotFound("there is no such event")
        top = await family.root(asked)
        tree, is_whole = await family.tree(top.event, asked)
        is_cut = top.is_cut or not is_whole
        return json_answer(FamilyAnswer(_show_tree(tree, fields), is_cut, top.is_rootless))

    return [
        Endpoint(
            method="GET",
            path="/-/api/events/{source}/{scope}/{id}/tree",
            handle=read_tree,
            scope="read",
            summary="The family of an event: all of its run, by parents and chain, from the root.",
            answers={200: FamilyAnswer},
            refuses=(NotFound(),),
            query=TREE_PARAMETERS,
        ),
    ]


def _show_tree(tree: Tree, fields: tuple[str, ...]) -> TreeAnswer:
    event = {name: show_value(FIELDS[name], tree.event[name]) for name in fields}
    children = sorted(tree.children, key=lambda child: _order(child.event))
    return TreeAnswer(event, [_show_tree(child, fields) for child in children])


def _order(event: Member) -> tuple[int, int]:
    """By time, then as they came."""
    return event["time"], event["arrival"]
