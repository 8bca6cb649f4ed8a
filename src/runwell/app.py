"""The composition root, the only place that knows everyone: opens all parts and joins them."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from runwell.clock import Clock
from runwell.config import Config
from runwell.http import openapi
from runwell.http.call import encode_json
from runwell.http.gate import Gate, Mounted, mount
from runwell.ingest import Ingest
from runwell.lookups import Lookups
from runwell.observe import Counters
from runwell.pgwire import PgServer, SQLAsking
from runwell.protocols.base import Protocol, Services, discover
from runwell.query import Rows
from runwell.questions import Questions
from runwell.stale import Sweeper
from runwell.store.columns import Columns, delete_columns, open_columns
from runwell.store.columns.base import Additions, SQLLimits
from runwell.store.ledger import Ledger, ledger_exists, open_ledger
from runwell.store.projector import Projector
from runwell.streams import StreamKind, Streams
from runwell.tokens import Tokens
from runwell.web import State, own_protocol
from runwell.web.operations import Readiness, Sample


class InUse(RuntimeError):
    """Another process has this data directory open."""


class DataLock:
    """Keeps a second process out of a data directory; gone with the process, however it ends."""

    def __init__(self, data: Path) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self._file = (data / "lock").open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise InUse(
                f"{data} is in use by another runwell; stop it first, or name another --data"
            ) from error

    def release(self) -> None:
        """Let the next one in."""
        self._file.close()


class Store:
    """The ledger, its columns and the projector between them, of one data directory."""

    def __init__(self, config: Config, protocols: Sequence[Protocol]) -> None:
        with ExitStack() as opened:  # closes what is open already if the next part fails
            opened.callback(DataLock(config.data_dir).release)
            self.ledger: Ledger = open_ledger(ledger_url(config))
            opened.callback(self.ledger.close)
            self.columns: Columns = open_columns(
                columns_url(config),
                self.ledger.identity,
                added=Additions(
                    [protocol.views for protocol in protocols if protocol.views],
                    [path for protocol in protocols for path in protocol.paths],
                ),
                memory_mib=config.columns_memory_mib,
                threads=config.columns_threads,
                answer_bytes_max=config.answer_bytes_max,
            )
            opened.callback(self.columns.close)
            self.projector = Projector(
                self.ledger,
                self.columns,
                rows_max=config.projector_rows_max,
                delay_seconds=config.projector_delay_ms / 1000,
            )
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close both halves, then let the directory go."""
        self._opened.close()


def holds_ledger(config: Config) -> bool:
    """Is there a data directory with a ledger, or would opening make one?"""
    return config.data_dir.is_dir() and ledger_exists(ledger_url(config))


@contextmanager
def ledger_alone(config: Config) -> Iterator[Ledger]:
    """The ledger of a stopped server, to read; it and its columns are left as they are.

    Raises:
        InUse, SchemaTooNew, BadSetting
    """
    with ExitStack() as opened:
        opened.callback(DataLock(config.data_dir).release)
        ledger = open_ledger(ledger_url(config), upgrade=False)
        opened.callback(ledger.close)
        yield ledger


def delete_derived(config: Config) -> None:
    """Remove the columns; the next start fills them from the ledger.

    Raises:
        InUse: a server uses the directory.
    """
    lock = DataLock(config.data_dir)
    delete_columns(columns_url(config))
    lock.release()


def ledger_url(config: Config) -> str:
    """Where the ledger is."""
    return config.ledger or f"sqlite:///{config.data_dir}/ledger.sqlite"


def columns_url(config: Config) -> str:
    """Where the columns are."""
    return config.columns or f"duckdb:///{config.data_dir}/columns.duckdb"


class App:
    """One running server without its sockets: an ASGI application with a beginning and an end."""

    def __init__(self, config: Config, protocols: Sequence[Protocol], store: Store) -> None:
        self.config = config
        self.counters = Counters()
        self.store = store
        self._needed = self.store.ledger.last_seq()
        self._started_at = time.time()
        self.streams = Streams(config, self.counters, self._needed)
        self.clock = Clock(self.counters, self.store.ledger.last_received())
        self.ingest = Ingest(self.store.ledger, self.clock, self.counters, config, self._announce)
        self.questions = Questions(self.store.columns, self.store.projector, self.counters, config)
        self.lookups = Lookups(self.store.ledger, self.counters, config)
        self.services = Services(
            config,
            self.ingest.accept,
            self.questions.run,
            self.lookups.find,
            self.lookups.find_each,
            self.streams,
        )
        self.sweeper = Sweeper(
            self.questions.run,
            self.ingest.accept,
            [protocol.name for protocol in protocols if protocol.goes_stale],
            self.clock,
            config,
        )
        self.mounted = self._mount(protocols)
        tokens = Tokens(config.data_dir)
        self.asgi = Gate(self.mounted[:-1], self.mounted[-1], config, tokens, self.counters)
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

    async def _ask_sql(self, text: str, params: Sequence[Any]) -> Rows:
        limits = SQLLimits(self.config.sql_rows_max, self.config.sql_bytes_max)
        return await self.questions.sql(text, params, limits)

    def _readiness(self) -> Readiness:
        applied = self.store.projector.applied
        return Readiness(
            "ready" if applied >= self._needed else "catching up", applied, self._needed
        )

    def _samples(self) -> list[Sample]:
        gauges = {
            "runwell_queue_events": self.ingest.queued_events,
            "runwell_queue_bytes": self.ingest.queued_bytes,
            "runwell_pg_connections": self.pg.connections if self.pg else 0,
            "runwell_ledger_seq": self.store.projector.committed,
            "runwell_columns_seq": self.store.projector.applied,
            "runwell_start_time_seconds": self._started_at,
        }
        return [
            *self.counters.samples(),
            *((name, (), float(value)) for name, value in gauges.items()),
            *(
                ("runwell_streams", (("kind", kind),), float(self.streams.under_way(kind)))
                for kind in StreamKind
            ),
        ]

    @lru_cache(maxsize=1)  # noqa: B019 - one App a process, and the document never changes
    def _openapi(self) -> bytes:
        return encode_json(openapi.build(self.mounted))

    def start(self) -> None:
        """Begin to bring the ledger's changes to the columns, and to look for stale runs."""
        self.store.projector.start()
        self.sweeper.start()

    async def close(self) -> None:
        """Commit what was accepted, end every thread, close the store."""
        async with AsyncExitStack() as closing:  # each step, whatever became of the one before
            closing.callback(self.store.close)
            closing.callback(self.store.projector.stop)
            closing.callback(self.lookups.close)
            if self.pg:
                closing.callback(self.pg.asking.close)
            closing.callback(self.questions.close)
            closing.push_async_callback(self.ingest.close)
            closing.push_async_callback(self.sweeper.stop)


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
