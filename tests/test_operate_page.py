"""What docs/operate.md says in shell runs, and what it says of numbers and names is so."""

from __future__ import annotations

import re
from pathlib import Path

from tests.pages import blocks, read
from tests.sending import pipeline_of
from tests.serving import Server
from tests.test_sources import run

from runwell.config import SETTINGS
from runwell.observe import BUCKET, METRICS

ELSEWHERE = {"request_failed", "slow_question", "proxy_pass"}  # events of the log, and nginx


def test_the_commands_of_the_page_run_in_their_order(tmp_path: Path):
    scripts = [block.text for block in blocks(read("docs/operate.md"), "sh")]
    with Server(tmp_path / "data") as server:
        assert server.ask("POST", *pipeline_of("7")).status == 200
        saved, kept, checked, watched = run(server, tmp_path, scripts)
    assert "backups/before-upgrade: 3 events" in saved
    assert re.search(r"nightly/runwell-\d{8}T\d{6}Z: 3 events", kept)
    assert "is sound" in checked
    assert "is restored in elsewhere" in checked
    assert "runwell_requests_total" in watched
    with Server(tmp_path / "elsewhere") as server:
        server.until_ready()
        names = [event["id"] for event in server.get("/-/api/events?fields=id")["events"]]
        assert "7" in names


def test_what_the_page_names_is_there():
    text = read("docs/operate.md")
    for name in re.findall(r"\brunwell_[a-z_]+", text):
        assert name in METRICS or name.removesuffix(BUCKET) in METRICS, name
    named = re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text)
    known = {*SETTINGS, *METRICS, *ELSEWHERE}
    assert [name for name in named if name.removesuffix(BUCKET) not in known] == []
