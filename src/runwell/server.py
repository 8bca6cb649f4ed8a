"""The sockets around the app: uvicorn in this process, one worker, a clean end on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import ipaddress
import signal
import socket
import sys
from collections.abc import Iterator, Sequence

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from runwell.app import App, build
from runwell.config import BadSetting, Config
from runwell.observe import LEVELS, log
from runwell.tokens import Tokens

SWITCH_SECONDS = (
    0.0005  # how soon a commit that is done gets the interpreter back from the event loop
)
GC_THRESHOLDS = (50_000, 20, 50)


def run(config: Config) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        BadSetting: the address is not to be had, or is open to others without a token.
    """
    log.least = LEVELS[config.log_level]
    check_exposure(config)
    listener = listen(config)
    pg_listener = listen(config, config.pg_port) if config.pg_port >= 0 else None
    app = build(config)
    _tune()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(app, listener, pg_listener))
    finally:
        gc.unfreeze()


def check_exposure(config: Config) -> None:
    """Refuse to listen beyond loopback while everybody may do everything."""
    if config.open or is_loopback(config.host) or not Tokens(config.data_dir).is_open():
        return
    raise BadSetting(
        f"{config.host} is reachable by others and there is no token: make one with "
        f"`runwell token create NAME --data {config.data}`, or pass --open to let everybody in"
    )


def is_loopback(host: str) -> bool:
    """Is this address only reachable from this machine?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
    try:
        await _Server(app, ready).serve(sockets=[listener])
    finally:
        await app.close()
    log.info("stopped")


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _uvicorn_config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app.asgi,
        loop="uvloop",
        http=_Connection,
        ws="none",
        lifespan="off",
        proxy_headers=False,  # nothing here asks who the peer is
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=app.config.connections_max,
        timeout_keep_alive=app.config.keep_alive_seconds,
        timeout_graceful_shutdown=app.config.drain_seconds_max,
    )


class _Connection(HttpToolsProtocol):
    """Lets a request cut off its connection: one that is only closed waits until all was taken."""

    def on_message_begin(self) -> None:
        """See `Gate._send_stream`."""
        super().on_message_begin()
        self.scope["state"]["abort"] = self.transport.abort


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready and ends without an error on a signal."""

    def __init__(self, app: App, ready: Sequence[str]) -> None:
        super().__init__(_uvicorn_config(app))
        self._streams = app.streams
        self._pg = app.pg
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept, then print the lines that scripts wait for."""
        await super().startup(sockets=sockets)
        sys.stdout.write("".join(f"{line}\n" for line in self._ready))
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for what is under way, but for streams: some of them never end by themselves."""
        self._streams.stop()
        pg_ends = [self._pg.close()] if self._pg else []
        await asyncio.gather(super().shutdown(sockets=sockets), *pg_ends)

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
