"""The family of an event: up by its parents, down by its children. Bounded, and no circle traps it.

A parent is an id in the same source and scope. In a run, `chain` is the id of the root: an event
whose parent never came still belongs to the run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from runwell.filter import And, Compare, Field, Filter, OneOf
from runwell.query import Order, Query, Rows, Select

DEPTH_MAX = 100
Run = Callable[[Query], Awaitable[Rows]]
Member = dict[str, Any]  # canonical fields by name; id, attempt, parent and chain among them
NEEDED = ("source", "scope", "id", "attempt", "parent", "chain")


@dataclass(slots=True)
class Tree:
    """One event with what is below it."""

    event: Member
    children: list[Tree] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Family:
    """Asks for the events of one scope, with some of their fields."""

    run: Run
    source: str
    scope: str
    fields: tuple[str, ...]
    members_max: int

    async def find(self, id_: str) -> Member | None:
        """The newest attempt of this id."""
        newest = (Order(Field("attempt"), descending=True),)
        found = await self._list(Compare(Field("id"), "==", id_), newest, limit=1)
        return found[0] if found else None

    async def ancestors(self, id_: str) -> list[Member]:
        """The event, its parent, and so on; ends at what is not there or was seen before."""
        found: dict[str, Member] = {}
        while id_ and id_ not in found and len(found) < DEPTH_MAX:
            member = await self.find(id_)
            if member is None:
                break
            found[id_] = member
            id_ = member["parent"]
        return list(found.values())

    async def root(self, id_: str) -> Member | None:
        """The top of the family: the last ancestor, or the root of its chain if that is there."""
        seen: set[str] = set()
        top: Member | None = None
        while id_ and id_ not in seen:
            ancestors = await self.ancestors(id_)
            if not ancestors:
                break
            seen |= {member["id"] for member in ancestors}
            top = ancestors[-1]
            id_ = top["chain"]
        return top

    async def children(self, id_: str, limit: int, offset: int = 0) -> list[Member]:
        """Whose parent it is, in the order of arrival."""
        return await self._list(Compare(Field("parent"), "==", id_), (), limit, offset)

    async def tree(self, root: Member) -> tuple[Tree, bool]:
        """Everything below an event, and whether the bounds cut something off."""
        members = [root]
        if root["chain"] == root["id"]:
            in_chain = Compare(Field("chain"), "==", root["id"])
            members += await self._list(in_chain, (), self.members_max + 1)
        level = {member["id"] for member in members}
        seen = set(level)
        for _ in range(DEPTH_MAX):
            below = OneOf(Field("parent"), tuple(filter(None, level)))
            found = await self._list(below, (), self.members_max + 1)
            members += found
            level = {member["id"] for member in found} - seen
            seen |= level
            if not level or len(members) > self.members_max:
                break
        unique = list({_key(member): member for member in members}.values())
        tree = plant(root, unique[: self.members_max])
        return tree, cut(tree) and len(unique) <= self.members_max

    async def _list(
        self, where: Filter, order: tuple[Order, ...], limit: int, offset: int = 0
    ) -> list[Member]:
        same = [Compare(Field(name), "==", getattr(self, name)) for name in ("source", "scope")]
        names = tuple(dict.fromkeys((*NEEDED, *self.fields)))
        select = Select(
            tuple(map(Field, names)), And((*same, where)), order, limit=limit, offset=offset
        )
        return (await self.run(select)).dicts()


def plant(root: Member, members: Sequence[Member]) -> Tree:
    """One tree of all members: each below its parent, or below the root if that is not there.

    An event that is its own ancestor hangs below the root, too. The children of an id with several
    attempts belong to its newest one; earlier attempts of the root stand below it.
    """
    top = Tree(root)
    trees = [Tree(member) for member in members if _key(member) != _key(root)]
    by_id: dict[str, Tree] = {}
    for tree in sorted(trees, key=lambda tree: int(tree.event["attempt"])):
        by_id[tree.event["id"]] = tree
    by_id[root["id"]] = top
    above = {id(tree): by_id.get(tree.event["parent"], top) for tree in trees}
    reaching = {id(top)}
    for tree in trees:
        if not _reaches(tree, above, reaching):
            above[id(tree)] = top
            reaching.add(id(tree))
        above[id(tree)].children.append(tree)
    return top


def _reaches(tree: Tree, above: dict[int, Tree], reaching: set[int]) -> bool:
    """Does the way up end at the top? What does is remembered in `reaching`."""
    way: set[int] = set()
    while id(tree) not in reaching:
        if id(tree) in way:
            return False
        way.add(id(tree))
        tree = above[id(tree)]
    reaching |= way
    return True


def cut(top: Tree) -> bool:
    """Take away what lies deeper than DEPTH_MAX; whether there was nothing to take."""
    level = [top]
    for _ in range(DEPTH_MAX):
        level = [child for tree in level for child in tree.children]
    for tree in level:
        tree.children.clear()
    return not level


def _key(member: Member) -> tuple[str, int]:
    return member["id"], member["attempt"]
