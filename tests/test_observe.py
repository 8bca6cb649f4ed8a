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
from runwell.observe import LEVELS, METRICS, SECONDS, Counters, Log, begin_counting, render, told
from runwell.tokens import Tokens

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


def test_a_line_for_people_has_what_there_is_to_know_and_nothing_breaks_it(
    capsys: pytest.CaptureFixture[str],
):
    log = Log()
    log.begin("info", "text")
    log.warning("stream_broken", path="/a b", request="", error="x\n\x1b[31my=é", number=3)
    (line,) = capsys.readouterr().err.splitlines()
    found = re.fullmatch(r"\d\d:\d\d:\d\d warning stream_broken (.*)", line)
    assert found[1] == r'path="/a b" error="x\n\u001b[31my=é" number=3'


def test_what_a_terminal_would_obey_is_not_in_a_line_for_people(
    capsys: pytest.CaptureFixture[str],
):
    log = Log()
    log.begin("info", "text")
    log.warning("stream_broken", path="/\x1b[2J\x9b\x7fé", error="\u202e x\ud800")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert line.endswith(r'path="/\u001b[2J\u009b\u007fé" error="\u202e x\ud800"')


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_token_of_ours_is_in_no_line(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    log = Log()
    log.begin("debug", form)
    text = Tokens(tmp_path).create("a", ["read"])
    log.error("failed", path=f"/x?token={text}&y", settings={"a": text})
    written = capsys.readouterr().err
    assert written.count("rw_...") == 2
    assert text[-20:] not in written


@pytest.mark.parametrize(("is_terminal", "form"), [(True, "text"), (False, "json")])
def test_lines_are_text_where_a_person_looks(
    is_terminal: bool, form: str, monkeypatch: pytest.MonkeyPatch
):
    log = Log()
    monkeypatch.setattr(observe.sys.stderr, "isatty", lambda: is_terminal, raising=False)
    log.begin("warning", "auto")
    assert (log.form, log.least) == (form, LEVELS["warning"])
    log.begin("info", "json")
    assert log.form == "json"


def test_a_bug_is_told_with_its_place():
    try:
        int("no")
    except ValueError as error:
        found = told(error)
    assert found["error"].startswith("ValueError(")
    assert re.fullmatch(r".*test_observe\.py:\d+ in test_a_bug_is_told_with_its_place", found["at"])
    assert "report it" in found["advice"]
    assert told(ValueError())["at"] == ""


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


def test_a_histogram_counts_what_is_not_longer_than_each_border():
    counters = Counters()
    for seconds in (0.0005, 0.001, 0.3, 60):
        counters.took("runwell_request_seconds", seconds, protocol="a")
    counters.begin("runwell_request_seconds", protocol="a")
    counters.begin("runwell_commit_seconds")
    text = render(counters.samples())
    found = {
        (name, dict(labels).get("le"), dict(labels).get("protocol")): value
        for name, labels, value in parse(text)
    }
    assert text.count("# TYPE runwell_request_seconds histogram") == 1
    below = {
        le: found["runwell_request_seconds_bucket", le, "a"] for le in (*map(str, SECONDS), "+Inf")
    }
    assert below == {str(border): 2.0 + (border >= 0.5) for border in SECONDS} | {"+Inf": 4.0}
    assert list(below.values()) == sorted(below.values())
    assert found["runwell_request_seconds_count", None, "a"] == 4
    assert found["runwell_request_seconds_sum", None, "a"] == pytest.approx(60.3015)
    assert found["runwell_commit_seconds_bucket", "+Inf", None] == 0
    borders = re.findall(r'runwell_request_seconds_bucket\{.*le="(.*)"', text)
    assert borders == [*map(str, SECONDS), "+Inf"]  # in their order


def test_what_alerts_look_at_is_there_from_the_start():
    counters = Counters()
    begin_counting(counters, ["trunk"])
    counters.add("runwell_refused_total", protocol="trunk", reason="DiskFull")
    begin_counting(counters, ["trunk"])
    values = {(name, labels): value for name, labels, value in counters.samples()}
    refused = "runwell_refused_total"
    assert values[refused, (("protocol", "trunk"), ("reason", "DiskFull"))] == 1
    assert values[refused, (("protocol", "trunk"), ("reason", "Overloaded"))] == 0
    assert values["runwell_requests_total", (("protocol", "runwell"), ("status", "200"))] == 0


def test_a_name_that_is_not_listed_is_not_shown():
    assert render([("other_total", (), 1.0)]) == "\n"
    assert all(name.startswith(("runwell_", "process_")) for name in METRICS)
    assert {name for name, (kind, _) in METRICS.items() if kind == "counter"} == {
        name for name in METRICS if name.endswith("_total")
    }
