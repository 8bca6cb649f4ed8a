"""Four times as much as the server can do, for a moment; `make overload` does it for a minute."""

from __future__ import annotations

from tests.load.overload import Bounds, a_server, measure

# the machine may be busy with other tests: these are no figures, they only tell a flood from order
WIDE = Bounds(accepted_p99_ms=10_000, grown_mib=512, recovery_seconds=15, health_ms=10_000)


def test_too_much_load_is_refused_with_a_word_and_leaves_the_server_well():
    with a_server() as server:
        figures = measure(server, 4, each=6)
        assert figures.broken(WIDE) == [], figures
        assert "503" in figures.load["statuses"], figures
        assert "Traceback" not in server.stderr()
        assert server.stop() == 0
