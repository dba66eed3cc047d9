"""uvicorn inside our own event loop: it serves until it is told to stop, and leaves the signals to us."""

import asyncio
import contextlib
import gc
import ipaddress
import resource
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from standalone.http_protocol import RequestLimits, protocol_within

# Streams are told to end at once; what else is running may finish.
_GRACE_SECONDS = 5
# Longer than Envoy keeps a connection that it does not use: it never sends a request into one that is being closed.
KEEP_ALIVE_SECONDS = 30


# Connections to PostgreSQL, Redis, neighbours and receivers, models, logs.
_OWN_FILES = 1_024


class OpenBindingError(Exception):
    """The server would be reachable from elsewhere and no credential is configured."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def is_loopback(host: str) -> bool:
    """Tell whether `host` is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; `OSError` when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off; without, an answer may wait 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _allow_open_files(n_connections: int) -> None:
    """Let the process have as many files open as its connections and its own work need, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = n_connections + _OWN_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


@asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket, limits: RequestLimits) -> AsyncIterator[asyncio.Event]:
    """Serve `app` while the block runs; yields an event that is set when the process is asked to stop.

    Raises
    ------
    RuntimeError
        The app's lifespan failed; the log has the reason.
    """
    _allow_open_files(limits.max_connections)
    config = uvicorn.Config(
        app,
        http=protocol_within(limits),
        log_config=None,
        access_log=False,
        ws="none",
        lifespan="on",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    task.add_done_callback(lambda _task: stop.set())
    try:
        while not server.started:
            if task.done():
                raise RuntimeError("the server did not start; see the log above")
            await asyncio.sleep(0.01)
        # Models and routes live as long as the process; not looking through them again saves a tenth of the CPU.
        gc.collect()
        gc.freeze()
        yield stop
    finally:
        server.should_exit = True
        await task
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
