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
Member = dict[str, Any]  # canonical fields by name, those of NEEDED among them
NEEDED = ("source", "scope", "id", "attempt", "parent", "chain", "time")


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

    async def find(self, id_: str, attempt: int | None = None) -> Member | None:
        """This attempt of an id, or its newest one."""
        same: Filter = Compare(Field("id"), "==", id_)
        if attempt is not None:
            same = And((same, Compare(Field("attempt"), "==", attempt)))
        newest = (Order(Field("attempt"), descending=True),)
        found = await self._list(same, newest, limit=1)
        return found[0] if found else None

    async def ancestors(self, id_: str, steps_max: int = DEPTH_MAX) -> list[Member]:
        """The event, its parent, and so on; ends at what is not there or was seen before."""
        found: dict[str, Member] = {}
        while id_ and id_ not in found and len(found) < steps_max:
            member = await self.find(id_)
            if member is None:
                break
            found[id_] = member
            id_ = member["parent"]
        return list(found.values())

    async def root(self, id_: str) -> Member | None:
        """The top of the family: the last ancestor, or the root of its chain if that is there.

        If the root of a chain never came, the event of the chain that came first stands for it.
        """
        seen: dict[str, Member] = {}
        while id_ not in seen and len(seen) < DEPTH_MAX:
            ancestors = await self.ancestors(id_, DEPTH_MAX - len(seen))
            if not ancestors:
                break
            seen |= {member["id"]: member for member in ancestors}
            id_ = ancestors[-1]["chain"]
        if not seen:
            return None
        top = list(seen.values())[-1]
        if not top["chain"] or top["chain"] in seen:
            return top
        first = await self._list(Compare(Field("chain"), "==", top["chain"]), (), 1)
        return (await self.ancestors(first[0]["id"]))[-1]

    async def children(self, id_: str, limit: int, offset: int = 0) -> list[Member]:
        """Whose parent it is, in the order of arrival."""
        return await self._list(Compare(Field("parent"), "==", id_), (), limit, offset)

    async def tree(self, root: Member, asked: Member | None = None) -> tuple[Tree, bool]:
        """Everything below an event and in its chain, and whether the bounds cut nothing off.

        Where the root ran several times it is the tree of the attempt that `asked` belongs to.
        """
        members = {_key(root): root}
        if root["chain"]:
            in_chain = Compare(Field("chain"), "==", root["chain"])
            members |= _by_key(await self._list(in_chain, (), self.members_max + 1))
        done: set[str] = set()
        for _ in range(DEPTH_MAX + 1):
            level = {member["id"] for member in members.values()} - done - {""}
            if not level or len(members) > self.members_max:
                break
            done |= level
            below = OneOf(Field("parent"), tuple(level))
            members |= _by_key(await self._list(below, (), self.members_max + 1))
        tops = plant(root["id"], list(members.values())[: self.members_max])
        tree = _holding(tops, asked or root)
        is_whole = cut(tree) and len(members) <= self.members_max
        return tree, is_whole and not await self._is_cut_above(root, done)

    async def _is_cut_above(self, root: Member, shown: set[str]) -> bool:
        """Is there a parent that is not shown, because the way up to it was too long?"""
        parent = root["parent"]
        return bool(parent) and parent not in shown and await self.find(parent) is not None

    async def _list(
        self, where: Filter, order: tuple[Order, ...], limit: int, offset: int = 0
    ) -> list[Member]:
        same = [Compare(Field(name), "==", getattr(self, name)) for name in ("source", "scope")]
        names = tuple(dict.fromkeys((*NEEDED, *self.fields)))
        select = Select(
            tuple(map(Field, names)), And((*same, where)), order, limit=limit, offset=offset
        )
        return (await self.run(select)).dicts()


def plant(root_id: str, members: Sequence[Member]) -> list[Tree]:
    """A tree for each attempt of the root: each member below its parent, or below the root.

    A child of an id with several attempts belongs to the newest that had started by then. Of a
    circle of parents the member that comes first here hangs below the root.
    """
    trees = [Tree(member) for member in members]
    by_id: dict[str, list[Tree]] = {}
    for tree in sorted(trees, key=lambda tree: int(tree.event["attempt"])):
        by_id.setdefault(tree.event["id"], []).append(tree)
    tops = by_id[root_id]
    reaching = {id(top) for top in tops}
    trees = [tree for tree in trees if id(tree) not in reaching]
    above = {id(tree): _at(by_id.get(tree.event["parent"], tops), tree) for tree in trees}
    for tree in trees:
        if circle := _circle(tree, above, reaching):
            first = next(other for other in trees if id(other) in circle)
            above[id(first)] = _at(tops, first)
    for tree in trees:
        above[id(tree)].children.append(tree)
    return tops


def _at(attempts: Sequence[Tree], child: Tree) -> Tree:
    """The attempt that a child belongs to, by the time of both."""
    started = [tree for tree in attempts if tree.event["time"] <= child.event["time"]]
    return started[-1] if started else attempts[0]


def _holding(tops: Sequence[Tree], member: Member) -> Tree:
    """The tree that a member is in; the newest if it is in none."""
    for top in tops:
        level = [top]
        while level:
            if any(_key(tree.event) == _key(member) for tree in level):
                return top
            level = [child for tree in level for child in tree.children]
    return tops[-1]


def _circle(tree: Tree, above: dict[int, Tree], reaching: set[int]) -> set[int]:
    """The circle that the way up runs into, if it does; all of the way is then `reaching`."""
    way: list[int] = []
    seen: set[int] = set()
    while id(tree) not in reaching and id(tree) not in seen:
        seen.add(id(tree))
        way.append(id(tree))
        tree = above[id(tree)]
    reaching |= seen
    return set(way[way.index(id(tree)) :]) if id(tree) in seen else set()


def cut(top: Tree) -> bool:
    """Take away what lies deeper than DEPTH_MAX; whether there was nothing to take."""
    level = [top]
    for _ in range(DEPTH_MAX):
        level = [child for tree in level for child in tree.children]
    is_whole = not any(tree.children for tree in level)
    for tree in level:
        tree.children.clear()
    return is_whole


def _by_key(members: Sequence[Member]) -> dict[tuple[str, int], Member]:
    return {_key(member): member for member in members}


def _key(member: Member) -> tuple[str, int]:
    return member["id"], member["attempt"]
