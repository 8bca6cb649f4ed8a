"""`runwell load`: files of events into a running server, and on from where it was stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from runwell.client.loading.files import STDIN, open_source
from runwell.client.loading.items import START, Bad, Item, LoadFailed, Position, Source, Tally
from runwell.client.loading.resume import Memory, cache_folder
from runwell.client.loading.sending import Poster, Refused, Sender

BATCH_ITEMS = 2_000
BATCH_BYTES = 4 * 1024 * 1024
REFUSALS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Choices:
    """How to load."""

    url: str
    token: str = ""
    skip_bad: bool = False
    restart: bool = False


def run(names: Sequence[str], choices: Choices) -> bool:
    """Load every file in its turn and print what came of it; True if nothing was refused.

    Raises:
        LoadFailed: it cannot go on; what was acknowledged is remembered.
    """
    console, said = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False)
    whole = Tally()
    with closing(Poster(choices.url, choices.token)) as poster:
        poster.check()
        for name in names:
            file, began = _File(name, choices, said), time.monotonic()
            try:
                file.load(poster)
            except Refused as error:
                said.print(f"{escape(name)}: {escape(str(error))}", soft_wrap=True)
                said.print("nothing behind it was sent; --skip-bad leaves such lines out")
                whole.add(file.tally)
                break
            except LoadFailed as error:
                raise LoadFailed(f"{name}: {error}") from error
            finally:
                console.print(file.summary(time.monotonic() - began))
            whole.add(file.tally)
    return not whole.refused


def _told(tally: Tally) -> str:
    counts = {word: count for word, count in vars(tally).items() if word != "accepted"}
    if tally.accepted:  # an API that does not tell new ones from repeats
        counts = {"accepted": tally.accepted, "refused": tally.refused}
    return ", ".join(f"{count:,} {word}" for word, count in counts.items())


class _File:
    """One file on its way."""

    def __init__(self, name: str, choices: Choices, said: Console) -> None:
        self.tally = Tally()
        self._name = name
        self._choices = choices
        self._earlier = 0  # events that an earlier run had sent
        self._said = said
        self._memory: Memory | None = None
        self._word = "line"
        self._shown = 0

    def summary(self, seconds: float) -> Text:
        """What came of it, and how fast it was."""
        speed = (self.tally.total - self._earlier) / seconds if seconds else 0
        return Text(f"{self._name}: {_told(self.tally)} in {seconds:.1f} s ({speed:,.0f} events/s)")

    def load(self, poster: Poster) -> None:
        """Send what was not acknowledged yet."""
        with closing(open_source(self._name)) as source:
            after = self._begin()
            self._word = source.word
            sender = Sender(poster, self._acknowledge, self._refuse)
            with self._bar(source) as bar:
                task = bar.add_task(Path(self._name).name, total=source.total or None, events=0)
                for batch in _batches(source.items(after)):
                    if isinstance(batch, Bad):
                        self._refuse(batch.at, batch.problem)
                    else:
                        sender.send(batch)
                    bar.update(
                        task, completed=source.done(), events=self.tally.total - self._earlier
                    )
        if self._memory:
            self._memory.forget()

    def _begin(self) -> Position:
        if self._name == STDIN or not Path(self._name).is_file():
            return START
        self._memory = Memory(cache_folder(), self._choices.url, Path(self._name))
        found = None if self._choices.restart else self._memory.read()
        if found is None:
            return START
        after, tally = found
        self.tally.add(tally)
        self._earlier = tally.total
        self._said.print(
            f"{escape(self._name)}: going on behind {after.place:,}, which was the last that was "
            "acknowledged; --restart begins anew",
            soft_wrap=True,
        )
        return after

    def _bar(self, source: Source) -> Progress:
        columns: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn(), _Events()]
        if source.total:
            columns.append(TimeRemainingColumn())
        return Progress(*columns, console=self._said, disable=not self._said.is_terminal)

    def _acknowledge(self, at: Position, tally: Tally) -> None:
        self.tally.add(tally)
        if self._memory is None:
            return
        try:
            self._memory.write(at, self.tally)
        except OSError as error:
            self._memory = None
            self._said.print(f"an interrupted load will begin anew: {error}", soft_wrap=True)

    def _refuse(self, at: Position, problem: str) -> None:
        self.tally.refused += 1
        told = f"{self._word} {at.place}: {problem}"
        if not self._choices.skip_bad:
            raise Refused(at, told)
        self._acknowledge(at, Tally())
        self._shown += 1
        if self._shown <= REFUSALS_SHOWN:
            self._said.print(f"{escape(self._name)}: {escape(told)}", soft_wrap=True)
        if self._shown == REFUSALS_SHOWN:
            self._said.print("more refusals are counted and not shown")


class _Events(ProgressColumn):
    """How many events have passed, and how many in a second."""

    def render(self, task: Task) -> Text:
        events = task.fields["events"]
        seconds = task.elapsed or 0
        return Text(f"{events:,} events, {events / seconds if seconds else 0:,.0f} events/s")


def _batches(items: Iterator[Item | Bad]) -> Iterator[list[Item] | Bad]:
    """Items that go together, within the bounds; a bad one stands for itself, in its order."""
    batch: list[Item] = []
    size = 0
    for item in items:
        if isinstance(item, Bad):
            if batch:
                yield batch
            batch, size = [], 0
            yield item
            continue
        if batch and (len(batch) == BATCH_ITEMS or size + len(item.body) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.body)
    if batch:
        yield batch
