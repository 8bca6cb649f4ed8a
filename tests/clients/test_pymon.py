"""A `.pymon` file of the real plugin, loaded, is what the plugin sends to a remote server."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.clients.test_pytest_monitor import METRIC_FIELDS, PYTESTS, run, suite
from tests.clients.venvs import client_python
from tests.serving import Server, run_cli

LISTS = ["/api/v1/metrics/", "/api/v1/contexts/", "/api/v1/sessions/", "/api/v1/components/"]


@pytest.mark.parametrize("name", PYTESTS)
def test_a_real_file_is_answered_as_what_the_plugin_sent_itself(name: str, tmp_path: Path):
    folder = suite(tmp_path / "suite")
    said = ["--tag", "env=dev", "--description", "mine", "--restrict-scope-to", "function,module"]
    with Server(tmp_path / "remote") as remote, Server(tmp_path / "loaded") as loaded:
        run(client_python(name), folder, remote.url, *said)
        cache = str(tmp_path / "cache")
        words = ("load", str(folder / ".pymon"), "--url")
        done = run_cli(*words, loaded.url, XDG_CACHE_HOME=cache)
        assert done.returncode == 0, done.stderr
        for address in LISTS:
            assert loaded.get(address) == remote.get(address), address
        assert {row["kind"] for row in loaded.get(LISTS[0])["metrics"]} == {"function", "module"}
        assert METRIC_FIELDS[0] in loaded.get(LISTS[0])["metrics"][0]

        before = remote.get("/-/api/events?fields=seq,id")
        done = run_cli(*words, remote.url, XDG_CACHE_HOME=cache)
        assert done.returncode == 0, done.stderr
        assert remote.get("/-/api/events?fields=seq,id") == before
