"""kill -9 under load, again and again: what was acknowledged is there, once, with its content."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest
from tests.crash.messages import Row, messages
from tests.crash.senders import Rows, rows_of
from tests.crash.torture import Torture

ROUNDS = 30
READY_SECONDS_MAX = 10  # a tenth of that on a machine that does nothing else


def test_kill_9_under_load_loses_nothing_acknowledged_and_doubles_nothing(tmp_path: Path, capsys):
    torture = Torture(tmp_path, seed=20261121)
    for _ in torture.run(ROUNDS):
        pass
    figures = torture.figures
    with capsys.disabled():
        print(f"\n{figures}")
    assert figures.wrong == []
    assert (figures.rounds, figures.lost, figures.doubled) == (ROUNDS, 0, 0)
    assert figures.stops
    assert figures.acknowledged > ROUNDS * 16
    assert median(figures.ready_seconds) <= READY_SECONDS_MAX


def test_the_senders_use_every_protocol_and_make_change_and_remove():
    sent = messages("7")
    some = [next(sent) for _ in range(60)]
    rows = rows_of(some)
    sources = {row.source for row in rows}
    assert sources == {"pytest_monitor", "pipeline_metrics", "trunk", "ets", "tekton", "crash"}
    assert {message.method for message in some} == {"POST", "PUT", "PATCH", "DELETE"}
    assert {row.attempt for row in rows} == {1, 2}
    assert any("Content-Encoding" in message.headers for message in some)
    assert any(not message.done & {200, 201} for message in some)  # refusals
    assert any(None in message.makes.values() for message in some)


@pytest.mark.parametrize(
    ("found", "lost", "doubled"),
    [
        ([Row("a", 1, "x"), Row("a", 1, "y")], 0, 0),
        ([Row("a", 1, "x")], 1, 0),
        ([Row("a", 1, "x"), Row("a", 1, "y"), Row("a", 1, "y")], 0, 1),
        ([Row("a", 1, "x"), Row("a", 1, "other")], 1, 1),
    ],
)
def test_what_is_lost_doubled_or_different_is_counted(tmp_path: Path, found, lost, doubled):
    torture = Torture(tmp_path, seed=1)
    torture._compare("label", Rows(found), Rows([Row("a", 1, "x"), Row("a", 1, "y")]))
    assert (torture.figures.lost, torture.figures.doubled) == (lost, doubled)
    assert bool(torture.figures.wrong) == bool(lost or doubled)
