"""A family as the original answers it: an event with its children, and so on. Pure."""

from __future__ import annotations

from runwell.family import Tree
from runwell.protocols.ets import wire
from runwell.protocols.ets.translate import to_answer


def to_impact(tree: Tree) -> wire.ImpactAnswer:
    """The tree with its events as they are answered."""
    return wire.ImpactAnswer(to_answer(tree.event), [to_impact(child) for child in tree.children])
