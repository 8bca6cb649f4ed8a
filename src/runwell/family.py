"""The family of an event: up by its parents, down by its children. Bounded, and no circle traps it.

A parent is an id in the same source and scope. In a run, `chain` is the id of the root: an event
whose parent never came still belongs to the run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, NamedTuple

from runwell.filter import And, Compare, Field, Filter, OneOf
from runwell.query import Order, Query, Rows, Select

DEPTH_MAX = 100
SEVERAL = 1_000  # attempts of one id that are looked at
Run = Callable[[Query], Awaitable[Rows]]
Member = dict[str, Any]  # canonical fields by name, those of NEEDED among them
NEEDED = ("source", "scope", "id", "attempt", "parent", "chain", "time")


@dataclass(slots=True)
class Tree:
    """One event with what is below it."""

    event: Member
    children: list[Tree] = field(default_factory=list)


class Top(NamedTuple):
    """The top of a family."""

    event: Member
    is_cut: bool  # there is more above it than may be climbed
    is_rootless: bool  # the root of its chain never came: this is what stands for it


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

    async def ancestors(self, id_: str) -> list[Member]:
        """The event, its parent, and so on; ends at what is not there or was seen before."""
        event = await self.find(id_)
        return [] if event is None else (await self._climb(event, DEPTH_MAX))[0]

    async def _climb(self, event: Member, steps_max: int) -> tuple[list[Member], bool]:
        """The event and its ancestors, and whether there was no step left for the next one."""
        way = {event["id"]: event}
        while event["parent"] and event["parent"] not in way:
            attempts = await self._list(Compare(Field("id"), "==", event["parent"]), (), SEVERAL)
            if not attempts:
                break
            if len(way) >= steps_max:
                return list(way.values()), True
            event = _at(attempts, event)
            way[event["id"]] = event
        return list(way.values()), False

    async def root(self, asked: Member) -> Top:
        """The top of the family of an event: its last ancestor, or the root of the chain above it.

        If the root of a chain never came, the event of the chain that came first stands for it.
        """
        top, seen, is_cut = asked, {asked["id"]}, False
        while not is_cut:
            way, is_cut = await self._climb(top, DEPTH_MAX - len(seen) + 1)
            top = way[-1]
            seen |= {member["id"] for member in way}
            chain = top["chain"]
            if chain in ("", top["id"]):
                break
            roots = await self._list(Compare(Field("id"), "==", chain), (), SEVERAL)
            if not roots:
                return Top(await self._first_of(chain), is_cut=is_cut, is_rootless=True)
            if chain in seen and not is_cut:
                break
            is_cut = is_cut or len(seen) >= DEPTH_MAX
            top = _at(roots, top)
            seen.add(chain)
        return Top(top, is_cut=is_cut, is_rootless=False)

    async def _first_of(self, chain: str) -> Member:
        """What came first of a chain, or the ancestor of it within the chain."""
        first = await self._list(Compare(Field("chain"), "==", chain), (), 1)
        way, _ = await self._climb(first[0], DEPTH_MAX)
        return list(takewhile(lambda member: member["chain"] == chain, way))[-1]

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
        parents = tuple({member["parent"] for member in members.values()} & done)
        others = _by_key(await self._list(OneOf(Field("id"), parents), (), self.members_max))
        strangers = [member for key, member in others.items() if key not in members]
        tops = plant(root["id"], list(members.values())[: self.members_max], strangers)
        tree = _holding(tops, asked or root)
        return tree, cut(tree) and len(members) <= self.members_max

    async def _list(
        self, where: Filter, order: tuple[Order, ...], limit: int, offset: int = 0
    ) -> list[Member]:
        same = [Compare(Field(name), "==", getattr(self, name)) for name in ("source", "scope")]
        names = tuple(dict.fromkeys((*NEEDED, *self.fields)))
        select = Select(
            tuple(map(Field, names)), And((*same, where)), order, limit=limit, offset=offset
        )
        return (await self.run(select)).dicts()


def plant(root_id: str, members: Sequence[Member], strangers: Sequence[Member] = ()) -> list[Tree]:
    """A tree for each attempt of the root: each member below its parent, or below the root.

    A child of an id with several attempts belongs to the one of its own chain, and among these to
    the newest that had started by then. What belongs to an attempt of another family, one of
    `strangers`, is left out with it. Of a circle of parents the member that comes first here hangs
    below the root.
    """
    trees = [Tree(member) for member in (*members, *strangers)]
    by_id: dict[str, list[Tree]] = {}
    for tree in sorted(trees, key=lambda tree: int(tree.event["attempt"])):
        by_id.setdefault(tree.event["id"], []).append(tree)
    reaching = {id(tree) for tree in trees[len(members) :]}
    tops = [tree for tree in by_id[root_id] if id(tree) not in reaching]
    reaching |= {id(top) for top in tops}
    trees = [tree for tree in trees if id(tree) not in reaching]
    place = {id(tree): number for number, tree in enumerate(trees)}
    above = {id(tree): _above(tree, by_id, tops) for tree in trees}
    for tree in trees:
        if circle := _circle(tree, above, reaching):
            first = trees[min(place[one] for one in circle)]
            above[id(first)] = _tree_at(tops, first)
    for tree in trees:
        above[id(tree)].children.append(tree)
    return tops


def _above(tree: Tree, by_id: dict[str, list[Tree]], tops: Sequence[Tree]) -> Tree:
    return _tree_at(by_id.get(tree.event["parent"], tops), tree)


def _tree_at(attempts: Sequence[Tree], child: Tree) -> Tree:
    return attempts[_place_at([tree.event for tree in attempts], child.event)]


def _at(attempts: Sequence[Member], child: Member) -> Member:
    return attempts[_place_at(attempts, child)]


def _place_at(attempts: Sequence[Member], child: Member) -> int:
    """Which attempt a child belongs to: one of its chain, and the newest that it came after."""
    chained = [n for n, one in enumerate(attempts) if one["chain"] == child["chain"]]
    places = chained or list(range(len(attempts)))
    started = [n for n in places if attempts[n]["time"] <= child["time"]]
    return started[-1] if started else places[0]


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
