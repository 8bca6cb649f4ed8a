"""The log's lines and the exposition of our own metrics."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwell import observe
from runwell.observe import LEVELS, METRICS, Counters, Log, render

SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
ESCAPES = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}


def parse(text: str) -> list[tuple[str, tuple[tuple[str, str], ...], float]]:
    """The exposition format back to samples, by its specification."""
    samples = []
    for line in text.split("\n"):
        if line and not line.startswith("#"):
            found = SAMPLE.fullmatch(line)
            assert found, line
            labels = tuple(
                (key, re.sub(r"\\.", lambda escape: ESCAPES[escape[0]], value))
                for key, value in LABEL.findall(found[2] or "")
            )
            samples.append((found[1], labels, float(found[3])))
    return samples


@pytest.mark.parametrize("least", list(LEVELS))
def test_lines_below_the_least_level_are_not_written(
    least: str, capsys: pytest.CaptureFixture[str]
):
    log = Log()
    log.least = LEVELS[least]
    log.info("a", n=1)
    log.warning("b", text="x\ny")
    log.error("c", path=Path("p"))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    at_least = [name for name in ("info", "warning", "error") if LEVELS[name] >= LEVELS[least]]
    assert [line["level"] for line in lines] == at_least
    assert {line["event"]: line for line in lines}["c"]["path"] == "p"


def test_the_log_starts_at_info():
    assert observe.log.least == LEVELS["info"]


def test_counters_are_kept_by_name_and_labels():
    counters = Counters()
    counters.add("runwell_requests_total", protocol="a", status="200")
    counters.add("runwell_requests_total", protocol="a", status="200")
    counters.add("runwell_requests_total", 0.5, protocol="b", status="200")
    assert counters.samples() == [
        ("runwell_requests_total", (("protocol", "a"), ("status", "200")), 2),
        ("runwell_requests_total", (("protocol", "b"), ("status", "200")), 0.5),
    ]


def test_no_addition_is_lost_between_threads():
    counters = Counters()

    def add() -> None:
        for _ in range(2000):
            counters.add("runwell_commits_total")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counters.samples() == [("runwell_commits_total", (), 8000)]


NAMES = st.sampled_from(list(METRICS))
LABELS = st.dictionaries(st.sampled_from(["a", "b"]), st.text('x"\\\n{},= é')).map(
    lambda labels: tuple(labels.items())
)
SAMPLES = st.dictionaries(st.tuples(NAMES, LABELS), st.floats(allow_nan=False), max_size=6).map(
    lambda values: [(name, labels, value) for (name, labels), value in values.items()]
)


@given(SAMPLES)
def test_the_exposition_says_what_was_counted(samples: list):
    text = render(samples)
    assert sorted(parse(text)) == sorted(samples)
    assert text.endswith("\n")


def test_each_metric_comes_once_with_its_help_and_type():
    text = render([(name, (("a", str(n)),), 1.0) for n in range(2) for name in METRICS])
    for name, (kind, words) in METRICS.items():
        lines = [line for line in text.splitlines() if line.split("{")[0].split()[-1:] == [name]]
        assert len(lines) == 2, name
        assert text.count(f"# HELP {name} {words}\n# TYPE {name} {kind}\n{name}{{") == 1


def test_a_name_that_is_not_listed_is_not_shown():
    assert render([("other_total", (), 1.0)]) == "\n"
    assert all(name.startswith("runwell_") for name in METRICS)
    assert {name for name, (kind, _) in METRICS.items() if kind == "counter"} == {
        name for name in METRICS if name.endswith("_total")
    }
