"""The composition root, the only place that knows everyone: opens all parts and joins them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import lru_cache
from typing import Any

from runwell import vitals
from runwell.access import Guard, caller, check_whole
from runwell.clock import Clock
from runwell.config import Config
from runwell.datadir import CHECKED_AT_ONCE_BYTES, Store, columns_url, ledger_url
from runwell.errors import StorageFailed
from runwell.http import openapi
from runwell.http.call import encode_json
from runwell.http.connection import Connections
from runwell.http.gate import Gate, Mounted, mount
from runwell.ingest import Ingest
from runwell.lookups import Lookups
from runwell.observe import Counters, Sample, begin_counting, log
from runwell.pgwire import PgServer, SQLAsking
from runwell.protocols.base import Protocol, Services, discover
from runwell.query import Rows
from runwell.questions import Questions
from runwell.retention import Manner, Retention
from runwell.retention import Store as RetentionStore
from runwell.room import Room
from runwell.stale import Sweeper
from runwell.store.checker import Checker
from runwell.store.columns.base import SQLLimits
from runwell.store.columns.open import columns_bytes
from runwell.store.ledger.open import ledger_file
from runwell.streams import StreamKind, Streams
from runwell.tokens import Tokens
from runwell.web import State, own_protocol
from runwell.web.operations import Readiness

FAILED_ADVICE = (
    "the server ends; look at the disk and the system's log, then start it again: "
    "what was acknowledged is there, and `runwell doctor` looks at the files"
)
VISIBLE_SECONDS_MAX = 60.0  # who works in the background has time


class App:
    """One running server without its sockets: an ASGI application with a beginning and an end."""

    def __init__(self, config: Config, protocols: Sequence[Protocol], store: Store) -> None:
        self.config = config
        self.counters = Counters()
        self.store = store
        self._needed = self.store.ledger.last_seq()
        self._started_at = time.time()
        self._build = vitals.build()
        begin_counting(self.counters, [protocol.name for protocol in protocols])
        self.streams = Streams(config, self.counters, self._needed)
        self.clock = Clock(self.counters, self.store.ledger.last_received())
        self.failed = asyncio.Event()  # the ledger's disk has failed: the process must end
        self.room = Room(ledger_file(ledger_url(config)).parent, config.free_bytes_min)
        self.ingest = Ingest(
            self.store.ledger, self.clock, self.counters, config, self._announce, self.room
        )
        self.questions = Questions(self.store.columns, self.store.projector, self.counters, config)
        self.lookups = Lookups(self.store.ledger, self.counters, config)
        guard = Guard(
            self.ingest.accept, self.questions.run, self.lookups.find, self.lookups.find_each
        )
        self.services = Services(
            config, guard.accept, guard.run, guard.find, guard.find_each, self.streams
        )
        self.sweeper = Sweeper(
            self.questions.run,
            self.ingest.accept,
            [protocol.name for protocol in protocols if protocol.goes_stale],
            self.clock,
            config,
        )
        self.retention = Retention(
            RetentionStore(
                self.questions.run,
                self.ingest.accept,
                self.lookups.find,
                self._forget,
                self._until_visible,
            ),
            manners_of(protocols),
            self.clock,
            self.counters,
            config,
        )
        self.mounted = self._mount(protocols)
        tokens = Tokens(config.data_dir, demanded=config.demands_token)
        self.asgi = Gate(self.mounted[:-1], self.mounted[-1], config, tokens, self.counters)
        self.ingest.on_failure = self._fail
        self._checker = Checker(self.store.ledger, self._tell_damage)
        self.connections = Connections(
            config, self.asgi.load, self.counters, self.asgi.refuse_early
        )
        self.pg: PgServer | None = None
        if config.pg_port >= 0:
            asking = SQLAsking(self.questions, self.store.columns, config)
            self.pg = PgServer(asking, tokens, config, self.counters)

    def _mount(self, protocols: Sequence[Protocol]) -> list[Mounted]:
        own = own_protocol(
            State(
                self._ask_sql,
                self._readiness,
                self._samples,
                self._openapi,
                self.store.columns.relations().values,
                protocols,
            )
        )
        return [
            mount(protocol, protocol.endpoints(self.services)) for protocol in [*protocols, own]
        ]

    def _announce(self, seq: int) -> None:
        self.store.projector.announce(seq)
        self.streams.announce(seq)

    async def _forget(self, before: int, limit: int) -> int:
        return await self.ingest.forget(before, self.store.columns.applied(), limit)

    async def _until_visible(self) -> None:
        projector = self.store.projector
        await asyncio.to_thread(projector.wait, projector.committed, VISIBLE_SECONDS_MAX)

    def _tell_damage(self, problems: list[str]) -> None:
        """Called by the thread that looks at the pages."""
        failure = StorageFailed(f"the ledger is damaged: {problems[0]}")
        self._loop.call_soon_threadsafe(self.ingest.fail, failure)

    def _fail(self, failure: StorageFailed) -> None:
        if not self.failed.is_set():
            log.error("ledger_failed", error=failure.message, advice=FAILED_ADVICE)
        self.asgi.refuse_all(StorageFailed())
        self.failed.set()

    async def _ask_sql(self, text: str, params: Sequence[Any]) -> Rows:
        check_whole(caller(), "SQL is")
        limits = SQLLimits(self.config.sql_rows_max, self.config.sql_bytes_max)
        return await self.questions.sql(text, params, limits)

    def _readiness(self) -> Readiness:
        applied = self.store.projector.applied
        return Readiness(
            "ready" if applied >= self._needed else "catching up", applied, self._needed
        )

    def _samples(self) -> list[Sample]:
        check_whole(caller(), "these counts are")
        gauges = {
            "runwell_queue_events": self.ingest.queued_events,
            "runwell_queue_bytes": self.ingest.queued_bytes,
            "runwell_connections": len(self.connections),
            "runwell_pg_connections": self.pg.connections if self.pg else 0,
            "runwell_ledger_seq": self.store.projector.committed,
            "runwell_columns_seq": self.store.projector.applied,
            "runwell_columns_mended_total": self.store.columns.times_mended,
            "runwell_columns_lag_seconds": self.store.projector.lag_seconds,
            "runwell_columns_bytes": columns_bytes(columns_url(self.config)),
            "runwell_questions_under_way": self.questions.under_way,
            "runwell_start_time_seconds": self._started_at,
        }
        return [
            *self.counters.samples(),
            *((name, (), float(value)) for name, value in gauges.items()),
            *(
                ("runwell_streams", (("kind", kind),), float(self.streams.under_way(kind)))
                for kind in StreamKind
            ),
            *vitals.files(ledger_file(ledger_url(self.config)), self.config.data_dir),
            *vitals.process(),
            self._build,
        ]

    @lru_cache(maxsize=1)  # noqa: B019 - one App a process, and the document never changes
    def _openapi(self) -> bytes:
        return encode_json(openapi.build(self.mounted, self.config))

    def told(self) -> dict[str, Any]:
        """What the log says of a start."""
        return {
            "data": str(self.config.data_dir.absolute()),
            "changes": self._needed,
            "behind": self._needed - self.store.projector.applied,
        }

    def start(self) -> None:
        """Begin to bring the ledger's changes to the columns, and to look for stale runs."""
        self.store.projector.start()
        self._loop = asyncio.get_running_loop()
        if self.store.ledger.size() > CHECKED_AT_ONCE_BYTES:
            self._checker.start()
        self.sweeper.start()
        self.retention.start()

    async def close(self) -> None:
        """Commit what was accepted, end every thread, close the store."""
        async with AsyncExitStack() as closing:  # each step, whatever became of the one before
            closing.callback(self.store.close)
            closing.callback(self._checker.stop)
            closing.callback(self.store.projector.stop)
            closing.callback(self.lookups.close)
            if self.pg:
                closing.callback(self.pg.asking.close)
            closing.callback(self.questions.close)
            closing.push_async_callback(self.ingest.close)
            closing.push_async_callback(self.sweeper.stop)
            closing.push_async_callback(self.retention.stop)


def manners_of(protocols: Sequence[Protocol]) -> dict[str, Manner]:
    """What protocols say of the retention of their events."""
    return {
        protocol.name: Manner(protocol.keeps, protocol.needed, protocol.goes_stale)
        for protocol in protocols
    }


def build(config: Config, protocols: Sequence[Protocol] | None = None) -> App:
    """Open the store, find the protocols and join everything.

    Raises:
        InUse, SchemaTooNew, BadSetting, ProtocolClash, RouteClash
    """
    found = discover() if protocols is None else protocols
    store = Store(config, found)
    try:
        return App(config, found, store)
    except BaseException:
        store.close()
        raise
