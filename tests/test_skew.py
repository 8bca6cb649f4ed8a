"""Senders' clocks that are wrong by hours or days: their events are kept as sent, and counted."""

from __future__ import annotations

from pathlib import Path

from tests.apps import play
from tests.builders import HOUR_US, a_write

DAY_US = 24 * HOUR_US


def test_what_begins_more_than_a_day_after_it_came_is_counted_by_source(tmp_path: Path):
    async def scenario(app, client):
        now = app.clock.now()
        await app.ingest.accept(
            [
                a_write("far ahead", source="trunk", started=now + 2 * DAY_US),
                a_write("made far ahead", source="ets", created=now + 2 * DAY_US),
                a_write("ahead", source="trunk", started=now + 23 * HOUR_US),
                a_write("long ago", source="trunk", started=now - 48 * HOUR_US),
                a_write("without a time", source="trunk"),
            ]
        )
        text = (await client.get("/-/metrics")).text
        assert 'runwell_future_events_total{source="trunk"} 1\n' in text
        assert 'runwell_future_events_total{source="ets"} 1\n' in text

        wrong = "time > received + duration('24h')"
        found = (await client.get("/-/api/events", params={"filter": wrong})).json()["events"]
        assert {event["id"] for event in found} == {"far ahead", "made far ahead"}
        (ahead,) = [event for event in found if event["id"] == "far ahead"]
        assert ahead["started"] == ahead["time"]  # as it was sent

    play(tmp_path, scenario)


def test_a_wrong_clock_of_a_sender_changes_no_place_in_the_order_of_arrival(tmp_path: Path):
    async def scenario(app, client):
        now = app.clock.now()
        skews = [0, 48 * HOUR_US, -48 * HOUR_US, HOUR_US, -365 * DAY_US]
        for number, skew in enumerate(skews):
            await app.ingest.accept([a_write(str(number), started=now + skew)])
        for order in ("", "arrival desc"):
            found = (await client.get("/-/api/events", params={"order_by": order})).json()
            assert [event["id"] for event in found["events"]] == ["4", "3", "2", "1", "0"]

    play(tmp_path, scenario)
