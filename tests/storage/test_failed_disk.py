"""A disk that fails under load: nothing is claimed any more, the process ends, a restart recovers."""

from __future__ import annotations

import http.client
import os
import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.crash.messages import RESULT, RESULTS, messages
from tests.crash.senders import Sender, connect, send, stored
from tests.serving import Reply, Server, exchange

ROUNDS = int(os.environ.get("RUNWELL_FAILED_DISK_ROUNDS", "10"))
FAULTS = ("sync-once", "write", "sync")
EXIT_SECONDS_MAX = 20  # on a slow machine; five are promised
READS = ("/-/healthz", "/-/readyz", "/-/api/events", "/api/v1/metrics/", f"{RESULTS}/all")


class Witness(Sender):
    """Sends on after it was refused, until nobody answers; knows when each request began."""

    def run(self) -> None:
        self.answered: list[tuple[float, Reply]] = []
        self.refused_first = None
        connection = connect(self.server)
        for number, message in enumerate(messages(self.label)):
            began = time.monotonic()
            try:
                reply = send(connection, message, self.label)
                self.answered.append((began, reply))
                if self.unsure:
                    path = READS[number % len(READS)]
                    self.answered.append((time.monotonic(), exchange(connection, "GET", path)))
            except (OSError, http.client.HTTPException):
                self.unsure = self.unsure or message
                break
            if reply.status == 503:
                self.unsure = self.unsure or message
            elif not self.unsure:
                self.acknowledged.append(message)
        connection.close()


def fail_under_load(server: Server, fault: str, prefix: str, seconds: float) -> list[Witness]:
    witnesses = [Witness(server, f"{prefix}{number:02d}") for number in range(8)]
    for witness in witnesses:
        witness.start()
    threading.Event().wait(seconds)
    Path(f"{server.data}.fault").write_text(fault)
    deadline = time.monotonic() + EXIT_SECONDS_MAX
    for witness in witnesses:
        witness.join(max(0, deadline - time.monotonic()))
    assert not any(witness.is_alive() for witness in witnesses), "the server goes on"
    return witnesses


@pytest.fixture
def server(tmp_path: Path):
    running = Server(tmp_path / "data", module="tests.storage.failing")
    yield running
    if running.process.poll() is None:
        running.kill()


def test_after_the_first_io_error_nothing_is_acknowledged_and_a_restart_has_what_was(
    server: Server, capsys
):
    chance = random.Random(6)
    figures: Counter[str] = Counter()
    server.start()
    assert server.ask("POST", RESULTS, RESULT).status == 200
    for round_ in range(ROUNDS):
        prefix = f"eio-{round_:03d}-"
        fault = FAULTS[round_ % len(FAULTS)]
        witnesses = fail_under_load(server, fault, prefix, chance.uniform(0.05, 0.5))
        failed = Path(f"{server.data}.failed")
        moment = float(failed.read_text())
        server.process.wait(EXIT_SECONDS_MAX)
        assert server.kill() == os.EX_IOERR, server.stderr()
        assert '"ledger_failed"' in server.stderr()
        for witness in witnesses:
            late = [reply for began, reply in witness.answered if began > moment]
            assert {reply.status for reply in late} <= {503}, (fault, late)
            assert all("retry-after" in reply.headers for reply in late)
            figures["refused"] += len(late)
            figures["acknowledged"] += len(witness.acknowledged)
        failed.unlink()
        Path(f"{server.data}.fault").unlink(missing_ok=True)
        Path(f"{server.data}.stderr").unlink()

        server.start()
        found = stored(server, prefix)
        for witness in witnesses:
            rows = found.get(witness.label, Counter())
            assert rows in (witness.rows(with_unsure=False), witness.rows(with_unsure=True))
            connection = connect(server)
            if witness.unsure:
                message = witness.unsure
                reply = send(connection, message, witness.label)
                assert reply.status in message.done | message.again
            connection.close()
        found = stored(server, prefix)
        assert {witness.label: witness.rows(with_unsure=True) for witness in witnesses} == found
    assert server.stop() == 0
    assert figures["acknowledged"] > ROUNDS
    assert figures["refused"] > 0
    with capsys.disabled():
        print(f"\nfailed disk: {ROUNDS} rounds, {dict(figures)}, 0 lost, 0 doubled")
