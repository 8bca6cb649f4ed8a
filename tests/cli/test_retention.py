"""`runwell retention`: what would go, and disk space given back; a running server is left alone."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest
from tests.builders import NOON_US, a_write
from tests.cli.invoking import invoke

from runwell.datadir import DataLock
from runwell.model import Kind
from runwell.store.ledger import compact as compacting
from runwell.store.ledger import open_ledger

YEARS_LATER_US = 2**52  # 2112


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A stopped server's directory with old events, and one that is young for a long time."""
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    ledger.commit(
        [
            [
                *(
                    a_write(str(n), kind=Kind.JOB, started=n, payload="x" * 9_000)
                    for n in range(50)
                ),
                a_write("test", kind=Kind.TEST, started=1),
                a_write("young", started=YEARS_LATER_US),
            ]
        ],
        NOON_US,
    )
    ledger.close()
    return tmp_path


def test_what_would_go_is_shown_and_stays(data: Path):
    rules = "test/job=1d, test/test=30d drop, */*=1y"
    for _ in range(2):
        found = invoke("retention", "--data", str(data), "--retention", rules)
        assert found.exit_code == 0
        lines = [line.strip("│ ").split("│") for line in found.output.splitlines() if "│" in line]
        assert [[cell.strip() for cell in line] for line in lines] == [
            ["test", "job", "50", "rolled up"],
            ["test", "test", "1", "dropped"],
        ]
    found = invoke("retention", "--data", str(data), "--retention", "*/*=200y")
    assert found.output == "nothing is at the end of its time\n"


def test_a_compacted_ledger_is_smaller_and_whole(data: Path):
    file = data / "ledger.sqlite"
    with apsw.Connection(str(file)) as connection:
        connection.execute("DELETE FROM event WHERE seq < 40")
    before = file.stat().st_size
    found = invoke("retention", "--data", str(data), "--compact")
    assert found.exit_code == 0
    assert (
        found.output
        == f"the ledger had {before / 2**20:.1f} MiB, now {file.stat().st_size / 2**20:.1f}\n"
    )
    assert file.stat().st_size < before / 2
    ledger = open_ledger(f"sqlite:///{file}")
    assert (ledger.check(), ledger.count(), ledger.last_seq()) == ([], 13, 52)
    ledger.close()


def test_without_room_for_a_copy_a_ledger_stays_as_it_is(data: Path, monkeypatch):
    class Full:
        def execute(self, _sql):
            raise apsw.FullError("database or disk is full")

        def close(self):
            pass

    monkeypatch.setattr(compacting, "connect", lambda _file: Full())
    found = invoke("retention", "--data", str(data), "--compact")
    assert found.exit_code == 1
    assert "stays as it is: database or disk is full" in found.output


@pytest.mark.parametrize("words", [[], ["--compact"]])
def test_a_directory_in_use_and_one_without_a_ledger_are_left_alone(data: Path, words: list[str]):
    lock = DataLock(data)
    found = invoke("retention", "--data", str(data), *words)
    lock.release()
    assert found.exit_code == 1
    assert "is in use by another runwell" in found.output
    found = invoke("retention", "--data", str(data / "other"), *words)
    assert found.exit_code == 1
    assert "holds no ledger" in found.output
    assert not (data / "other").exists()


def test_a_rule_that_is_none_is_named(data: Path):
    found = invoke("retention", "--data", str(data), "--retention", "test=1d")
    assert found.exit_code == 1
    assert "retention: 'test=1d' is no rule" in found.output
