"""kill -9 under load by the hundred: `make torture ROUNDS=1000`, and 30 rounds in `make test`.

Every tenth round ends with SIGTERM instead, and every tenth start is killed before it is ready.

    python -m tests.crash.torture --rounds 1000 [--seed 1]

After every round what was acknowledged in it must be there, once and with its content, and what
was under way must be there whole or not at all; then the clients send again what they were unsure
of. Every hundred rounds everything is looked at together, and a fresh directory is begun.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.messages import RESULT, RESULTS
from tests.crash.senders import Rows, Sender, connect, run_senders, send, stored
from tests.serving import Server, run_cli, unmeasured

ROUNDS_PER_DIRECTORY = 100
FALSE_START_EVERY = 10  # so often the next start is killed too
STOP_EVERY = 10  # so often it is SIGTERM
EXIT_SECONDS_MAX = 10
REPEATED_BY_EACH = 2
SHOWN_SECONDS = 5
WRONG_SHOWN = 20
ANSWERS = (
    "/api/v1/metrics/?per_page=500&page=2",
    "/api/v1/metrics/count",
    "/-/api/summary?group_by=kind",
    "/-/api/events?limit=200",
)


@dataclass
class Figures:
    """What came of the rounds."""

    rounds: int = 0
    stops: int = 0
    sent: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    ready_seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        slowest = max(self.ready_seconds, default=0)
        return (
            f"kill -9: {self.rounds} rounds, {self.stops} of them SIGTERM, {self.sent} requests sent, "
            f"{self.acknowledged} acknowledged, {self.lost} events lost, {self.doubled} doubled, "
            f"{len(self.wrong)} things wrong; slowest ready after {slowest:.2f} s"
        )


class Torture:
    """Rounds of one seed, each in its turn: load, kill, start, look, send again, look."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.figures = Figures()
        self._folder = folder
        self._chance = random.Random(seed)
        self._server = Server(folder / "none")
        self._expected: dict[str, Rows] = {}

    def run(self, rounds: int) -> Iterator[Figures]:
        """The figures after every round; ends early once something is lost or wrong."""
        try:
            for round_ in range(rounds):
                if round_ % ROUNDS_PER_DIRECTORY == 0:
                    self._begin(self._folder / f"data-{round_}")
                self._play(f"crash-{round_:06d}-")
                is_last = (round_ + 1) % ROUNDS_PER_DIRECTORY == 0 or round_ + 1 == rounds
                if is_last and not self.figures.wrong:
                    self._end()
                yield self.figures
                if self.figures.wrong:
                    return
        finally:
            if self._server.process.poll() is None:
                self._server.kill()

    def _begin(self, data: Path) -> None:
        # a coverage that is killed writes nothing
        self._server = Server(data, environment=unmeasured()).start()
        self._expected = {}
        assert self._server.ask("POST", RESULTS, RESULT).status == 200

    def _play(self, prefix: str) -> None:
        server, chance, figures = self._server, self._chance, self.figures
        senders = run_senders(server, prefix)
        threading.Event().wait(chance.uniform(0.05, 0.6))
        if figures.rounds % STOP_EVERY == 0:
            self._stop_under_load()
        else:
            server.kill()
        for sender in senders:
            sender.join()
        if figures.rounds % FALSE_START_EVERY == FALSE_START_EVERY - 1:
            false_start(server, chance.uniform(0.1, 0.6))
        server.start()
        self._look(senders, stored(server, prefix), is_sure=False)
        self._send_again(senders)
        self._look(senders, stored(server, prefix), is_sure=True)
        self._expected |= {sender.label: sender.rows(with_unsure=True) for sender in senders}
        figures.rounds += 1
        figures.sent += sum(sender.sent for sender in senders)
        figures.acknowledged += sum(len(sender.acknowledged) for sender in senders)
        figures.ready_seconds.append(server.ready_seconds[-1])

    def _look(self, senders: list[Sender], found: dict[str, Rows], *, is_sure: bool) -> None:
        for sender in senders:
            for message, reply in sender.surprises:
                self._note(f"{message.method} {message.path} was answered {reply}")
            if any("retry-after" not in reply.headers for reply in sender.refused):
                self._note(f"{sender.label} was refused without Retry-After")
            rows = found.get(sender.label, Rows())
            if is_sure or rows != sender.rows(with_unsure=False):
                self._compare(sender.label, rows, sender.rows(with_unsure=True))

    def _compare(self, label: str, found: Rows, wanted: Rows) -> None:
        lost, doubled = wanted - found, found - wanted
        self.figures.lost += lost.total()
        self.figures.doubled += doubled.total()
        if lost or doubled:
            self._note(
                f"{label}: lost {list(lost)[:2]}, doubled or half stored {list(doubled)[:2]}"
            )

    def _note(self, what: str) -> None:
        self.figures.wrong.append(what)

    def _send_again(self, senders: list[Sender]) -> None:
        """What a client is unsure of it sends again, and some of what it need not."""
        connection = connect(self._server)
        for sender in senders:
            told = sender.repeatable()
            again = self._chance.sample(told, min(REPEATED_BY_EACH, len(told)))
            for message in [sender.unsure, *again] if sender.unsure else again:
                reply = send(connection, message, sender.label)
                if reply.status not in message.done | message.again:
                    self._note(f"again: {message.method} {message.path} was answered {reply}")
        connection.close()

    def _end(self) -> None:
        """Everything that was ever acknowledged in this directory; the ledger; the columns."""
        server = self._server
        server.until_ready()
        for prefix in sorted({label[:-2] for label in self._expected}):
            found = stored(server, prefix)
            for label in {name for name in [*found, *self._expected] if name.startswith(prefix)}:
                self._compare(label, found.get(label, Rows()), self._expected.get(label, Rows()))
        before = [server.ask("GET", path).body for path in ANSWERS]
        self._stop()
        examined = run_cli("doctor", "--data", str(server.data))
        if examined.returncode:
            self._note(examined.stdout)
        for file in server.data.glob("columns*"):
            file.unlink()
        server.start()
        server.until_ready()
        if [server.ask("GET", path).body for path in ANSWERS] != before:
            self._note("new columns answer otherwise")
        self._stop()
        if not self.figures.wrong:
            shutil.rmtree(server.data)

    def _stop_under_load(self) -> None:
        self.figures.stops += 1
        began = time.monotonic()
        self._stop()
        if time.monotonic() - began > EXIT_SECONDS_MAX:
            self._note(f"it took {time.monotonic() - began:.1f} s to end after SIGTERM")

    def _stop(self) -> None:
        if self._server.stop():
            self._note(self._server.stderr())


def false_start(server: Server, seconds: float) -> None:
    """A start that is killed too, maybe before it is done with what the last kill left."""
    command = [sys.executable, "-m", "runwell", "serve", "--port", "0", "--data", str(server.data)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=unmeasured()
    ) as process:
        threading.Event().wait(seconds)
        process.kill()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    torture = Torture(folder, asked.seed)
    shown = time.monotonic()
    for figures in torture.run(asked.rounds):
        if time.monotonic() - shown > SHOWN_SECONDS:
            shown = time.monotonic()
            print(figures, flush=True)
    print(torture.figures)
    if not torture.figures.wrong:
        shutil.rmtree(folder)
        return 0
    print(*torture.figures.wrong[:WRONG_SHOWN], f"what is left is in {folder}", sep="\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
