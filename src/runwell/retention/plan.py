"""Which events of which source and kind are at the end of their time, by rules and manners."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple

from runwell.config import Config
from runwell.filter import Filter
from runwell.model import Event
from runwell.model.rollup import without_payload
from runwell.query import Count, Query, Rows, Select
from runwell.retention.aged import Ages, aged_query, pairs_query
from runwell.retention.rules import Action, RetentionRule, read_rules, rule_for

HOUR_US = 3_600_000_000


class Manner(NamedTuple):
    """What a protocol says of its events' retention."""

    keeps: Callable[[Event], Event]  # what a roll-up is to know of an event
    needed: Filter | None = None  # of its events, those that the answers of others need
    goes_stale: bool = False  # unfinished ones become stale, and are over then


ORDINARY = Manner(without_payload)  # of a source that no protocol speaks for


class Task(NamedTuple):
    """Kinds of a source that come under one rule."""

    source: str
    rule: RetentionRule
    kinds: tuple[str, ...]


class Due(NamedTuple):
    """How many events of a source and kind are at the end of their time."""

    source: str
    kind: str
    action: Action
    events: int


class Plan:
    """What the settings say, for the sources and kinds that there are."""

    def __init__(self, config: Config, manners: Mapping[str, Manner]) -> None:
        self.rules = read_rules(config.retention)
        self._manners = manners
        self._stale_us = int(config.stale_after_hours * HOUR_US)

    def manner(self, source: str) -> Manner:
        """Of this source's protocol, if it has one."""
        return self._manners.get(source, ORDINARY)

    def tasks(self, pairs: Iterable[tuple[str, str]]) -> list[Task]:
        """What is to be looked for among these sources and kinds."""
        found: dict[tuple[str, RetentionRule], list[str]] = defaultdict(list)
        for source, kind in pairs:
            if rule := rule_for(self.rules, source, kind):
                found[source, rule].append(kind)
        return [Task(source, rule, tuple(kinds)) for (source, rule), kinds in sorted(found.items())]

    def query(self, task: Task, now: int, limit: int | None = None) -> Select:
        """Asks for the oldest of what is at the end of its time."""
        manner = self.manner(task.source)
        unfinished = None
        if self._stale_us and not manner.goes_stale:
            unfinished = max(0, now - self._stale_us)
        ages = Ages(max(0, now - task.rule.age_us), unfinished)
        return aged_query(task.source, task.kinds, ages, manner.needed, limit)


async def due(
    run: Callable[[Query], Awaitable[Rows]],
    manners: Mapping[str, Manner],
    config: Config,
    now: int,
) -> list[Due]:
    """What a look at this time would find first; what it frees may go after it."""
    plan = Plan(config, manners)
    found = []
    for task in plan.tasks((await run(pairs_query())).rows):
        for kind in task.kinds:
            select = plan.query(task._replace(kinds=(kind,)), now)
            count = int((await run(Count(select))).scalar())
            found.append(Due(task.source, kind, task.rule.action, count))
    return [line for line in found if line.events]
