"""Streams: how many there may be, what wakes those that wait, and that all of them end."""

from __future__ import annotations

import asyncio
import threading

import pytest

from runwell.config import Config
from runwell.errors import Stopping, TooManyStreams
from runwell.observe import Counters
from runwell.streams import StreamKind, Streams


def some_streams(newest: int = 0, **settings: int) -> Streams:
    return Streams(Config(**settings), Counters(), newest)


def test_there_are_as_many_of_a_kind_as_the_settings_say():
    streams = some_streams(streams_max=1, tails_max=2)
    with streams.enter(StreamKind.LIST), streams.enter(StreamKind.TAIL):
        assert (streams.under_way(StreamKind.LIST), streams.under_way(StreamKind.TAIL)) == (1, 1)
        with pytest.raises(TooManyStreams) as refused, streams.enter(StreamKind.LIST):
            pass
        assert (refused.value.status, refused.value.retry_after_seconds) == (503, 5)
        with streams.enter(StreamKind.TAIL):
            pass
    assert streams.under_way(StreamKind.LIST) == 0
    with streams.enter(StreamKind.LIST):
        pass


def test_a_stopped_server_begins_no_stream():
    async def main() -> None:
        streams = some_streams()
        streams.stop()
        assert streams.is_stopping
        with pytest.raises(Stopping), streams.enter(StreamKind.LIST):
            pass

    asyncio.run(main())


def test_whoever_waits_is_woken_by_a_change_of_another_thread():
    async def main() -> None:
        streams = some_streams(newest=5)
        await streams.wait(4, 60)  # there is one already
        waiting = asyncio.create_task(streams.wait(5, 60))
        await asyncio.sleep(0)
        threading.Thread(target=streams.announce, args=(6,)).start()
        await asyncio.wait_for(waiting, 30)
        assert streams.newest == 6
        streams.announce(3)
        assert streams.newest == 6

    asyncio.run(main())


def test_a_pause_lasts_although_there_is_news_and_ends_at_the_stop():
    async def main() -> None:
        streams = some_streams()
        waiting = asyncio.create_task(streams.pause(60))
        await asyncio.sleep(0)
        streams.announce(1)
        for _ in range(5):
            await asyncio.sleep(0)
        assert not waiting.done()
        streams.stop()
        await asyncio.wait_for(waiting, 30)
        await some_streams().pause(0.01)  # ends by itself

    asyncio.run(main())
