"""The sockets around the app: uvicorn in this process, one worker, a clean end on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from typing import cast

import uvicorn
import uvloop

from runwell import __version__
from runwell.app import App, build
from runwell.config import BadSetting, Config, changed, is_loopback
from runwell.http.connection import EXTRA, Connection
from runwell.observe import log, told
from runwell.tokens import Tokens

SWITCH_SECONDS = (
    0.0005  # how soon a commit that is done gets the interpreter back from the event loop
)
DOORS = 32
FILES_BESIDE = 200  # of the store, and connections that are about to be refused
DISK_FAILED = os.EX_IOERR  # 74
FAILED_SECONDS_MAX = 5.0
BROKEN_OFF = "ASGI callable returned without completing response."
GC_THRESHOLDS = (50_000, 20, 50)


def run(config: Config) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        SystemExit: with 74 (EX_IOERR), once the ledger's disk has failed.
        LedgerDamaged: it must not be served.
        BadSetting: the address is not to be had, or is open to others without a token.
    """
    log.begin(config.log_level, config.log_format)
    logging.basicConfig(handlers=[LibraryLines()])
    check_exposure(config)
    listener = listen(config)
    check_exposure(config, listener.getsockname()[0])  # a name may lead anywhere
    pg_listener = listen(config, config.pg_port) if config.pg_port >= 0 else None
    app = build(config)
    log.info("started", version=__version__, settings=changed(config), **app.told())
    allow_files(config)
    _tune()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(app, listener, pg_listener))
    finally:
        gc.unfreeze()
    if app.failed.is_set():
        raise SystemExit(DISK_FAILED)


class LibraryLines(logging.Handler):
    """Warnings and errors of uvicorn and asyncio, as lines like all others."""

    def emit(self, record: logging.LogRecord) -> None:
        """But for an answer that was broken off: that has a line, `stream_broken`."""
        said = record.getMessage()
        if said == BROKEN_OFF:
            return
        say = log.error if record.levelno >= logging.ERROR else log.warning
        error = record.exc_info[1] if record.exc_info else None
        say("library", library=record.name, said=said, **(told(error) if error else {}))


def check_exposure(config: Config, bound: str = "") -> None:
    """Refuse to listen beyond loopback while everybody may do everything.

    Raises:
        BadSetting: with what to do.
        BadTokens: there may be tokens, but they cannot be read.
    """
    host = bound or config.host
    is_open = Tokens(config.data_dir).is_open()
    if config.open or is_loopback(host) or not is_open:
        return
    raise BadSetting(
        f"{host} is reachable by others and there is no token: make one with "
        f"`runwell token create NAME --data {config.data}`, or pass --open to let everybody in"
    )


def listen(config: Config, port: int | None = None) -> socket.socket:
    """A listening socket on the configured address, or on another port of it."""
    port = config.port if port is None else port
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # Named as TCP, so that asyncio too sends small answers at once (TCP_NODELAY).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # A peer that vanished without a word gives its place back; connections inherit this.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.host, port))
    except OSError as error:
        listener.close()
        is_taken = error.errno == errno.EADDRINUSE
        flag = "--port" if port == config.port else "--pg-port"
        advice = f"{flag} 0 picks a free port" if is_taken else f"check --host and {flag}"
        raise BadSetting(
            f"cannot listen on {config.host}:{port}: {error.strerror}; {advice}"
        ) from error
    listener.listen(2048)
    return listener


def allow_files(config: Config) -> None:
    """A file for each connection that there may be, as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = config.connections_max + EXTRA + config.pg_connections_max + FILES_BESIDE
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < wanted:
        log.warning("few_files", allowed=most, wanted=wanted, advice="raise `ulimit -n`")


def _tune() -> None:
    """What is there now stays: keep the collector from walking it on every request."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def _serve(app: App, listener: socket.socket, pg_listener: socket.socket | None) -> None:
    ready = [f"runwell ready http://{_address(listener)}"]
    app.start()
    if app.pg and pg_listener:
        await app.pg.start(pg_listener)
        ready.append(f"runwell pg ready {_address(pg_listener)}")
    server = _Server(app, ready)
    watching = asyncio.create_task(_end_when_failed(app, server))
    try:
        await server.serve(sockets=_doors(listener))
    finally:
        watching.cancel()
        await _close(app)
    log.info("stopped")


async def _close(app: App) -> None:
    try:
        await app.close()
    except Exception as error:
        if not app.failed.is_set():
            raise
        # what a failed disk does not let us close must not hide why the process ends
        log.error("close_failed", error=repr(error))


async def _end_when_failed(app: App, server: uvicorn.Server) -> None:
    """With a failed disk: accept nothing more, and end soon, whatever the disk does."""
    await app.failed.wait()
    ending = threading.Timer(FAILED_SECONDS_MAX, os._exit, (DISK_FAILED,))
    ending.daemon = True
    ending.start()
    server.config.timeout_graceful_shutdown = 1
    server.should_exit = True


def _doors(listener: socket.socket) -> list[socket.socket]:
    """The same socket several times: the loop lets in one client by each of them at every turn."""
    return [listener, *(listener.dup() for _ in range(DOORS - 1))]


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _uvicorn_config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app.asgi,
        loop="uvloop",
        # any callable will do; the type knows classes only
        http=cast(type[asyncio.Protocol], partial(Connection, app.connections)),
        ws="none",
        lifespan="off",
        proxy_headers=False,  # nothing here asks who the peer is
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=app.config.keep_alive_seconds,
        timeout_graceful_shutdown=app.config.drain_seconds_max,
    )


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready and ends without an error on a signal."""

    def __init__(self, app: App, ready: Sequence[str]) -> None:
        super().__init__(_uvicorn_config(app))
        self._connections = app.connections
        self._streams = app.streams
        self._pg = app.pg
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept, then print the lines that scripts wait for."""
        await super().startup(sockets=sockets)
        self._connections.start()
        sys.stdout.write("".join(f"{line}\n" for line in self._ready))
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for what is under way, but for streams: some of them never end by themselves."""
        self._streams.stop()
        pg_ends = [self._pg.close()] if self._pg else []
        await asyncio.gather(super().shutdown(sockets=sockets), *pg_ends)
        self._connections.stop()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Drain on the first signal, stop waiting on the second; never re-raise it at the end."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.handle_exit, name, None)
        try:
            yield
        finally:
            for name in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(name)
