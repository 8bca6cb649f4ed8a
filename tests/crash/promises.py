"""What a ledger had promised at each moment of its life, and whether a copy of it keeps that."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.builders import an_event
from tests.crash.disk import Marked, Step

from runwell.model import Write
from runwell.model.writes import replace
from runwell.store.ledger import Change, Ledger, open_ledger

ALL = 1_000_000
FORGOTTEN = 0
# what stands at an arrival, which no change changes; beside it up to where removals are forgotten
State = dict[int, Change | int]
Delta = dict[int, Change | int | None]  # what a commit made of a state


@dataclass
class History:
    """A life on tape: the files at its beginning, what was done to them, what each commit was."""

    files: dict[str, bytes]
    steps: list[Step]
    identity: str
    first: State
    deltas: list[Delta] = field(default_factory=list)
    is_made: bool = False  # was there a ledger in the files already, or only what may become one?

    def state(self, commits: int) -> State:
        found = dict(self.first)
        for delta in self.deltas[:commits]:
            found = changed(found, delta)
        return found


class Broken(AssertionError):
    """A promise was not kept."""


class Lost(Broken):
    """A commit that was acknowledged is not there, or not whole."""


def state_of(ledger: Ledger) -> State:
    changes = {change.arrival: change for change in ledger.changes(0, ALL)}
    return {FORGOTTEN: ledger.forgotten, **changes}


def changed(state: State, delta: Delta) -> State:
    return {place: change for place, change in (state | delta).items() if change is not None}


def difference(before: State, after: State) -> Delta:
    gone: Delta = dict.fromkeys(before.keys() - after.keys())
    return gone | {place: change for place, change in after.items() if before.get(place) != change}


def examine(folder: Path, history: History, known: Marked) -> None:
    """Open what a power cut left, and go on with it.

    Raises:
        Broken: it does not open, is damaged, lost a commit, has half of one, or takes none.
    """
    url = f"sqlite:///{folder}/ledger.sqlite"
    with closing(open_ledger(url)) as ledger:
        if problems := ledger.check():
            raise Broken(problems)
        if (known.is_open or history.is_made) and ledger.identity != history.identity:
            raise Lost("it is another ledger")
        found = state_of(ledger)
        promised = range(known.acknowledged, known.begun + 1)
        if all(found != history.state(commits) for commits in promised):
            raise Lost(_told(found, history, known))
        after = ledger.last_seq()
        (answer,) = ledger.commit([[Write(an_event("after the cut"), replace)]], 1)
        if not isinstance(answer, list) or ledger.last_seq() != after + 1:
            raise Broken(f"it takes nothing new: {answer}")
        found = state_of(ledger)
    with closing(open_ledger(url)) as ledger:
        if ledger.check() or state_of(ledger) != found:
            raise Broken("what was committed after the cut is not there")


def _told(found: State, history: History, known: Marked) -> str:
    for commits in range(known.acknowledged):
        if found == history.state(commits):
            return f"{known.acknowledged} commits were acknowledged, it is as after {commits}"
    return f"it is as after no commit; {known}"
