"""uvicorn inside our own event loop: it serves until it is told to stop, and leaves signal handling to us."""

import asyncio
import contextlib
import errno
import gc
import ipaddress
import resource
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from standalone.system.http_protocol import RequestLimits, protocol_within

# Streams are told to end at once; what else is running may finish.
_GRACE_SECONDS = 5
# Longer than Envoy keeps a connection that it does not use: it never sends a request into one that is being closed.
KEEP_ALIVE_SECONDS = 30


# Connections to PostgreSQL, Redis, neighbours and receivers, models, logs.
_OWN_FILES = 1_024


class OpenBindingError(Exception):
    """The server would be reachable from elsewhere and no credential is configured."""


class NotStartedError(Exception):
    """The app could not start; the log has the reason."""


class UnusableAddressError(OSError):
    """Nothing can listen there; its text is the reason alone."""

    def __str__(self) -> str:
        """Return the reason, without the number of the error."""
        return str(self.strerror)


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
    """Return a socket that holds an address or the first one of a name; `UnusableAddressError` when it cannot be."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # Where a name has addresses of both kinds, the IPv4 one is the one that everything else here can reach.
        family, kind, _, _, address = min(found, key=lambda item: item[0] != socket.AF_INET)
        # With the protocol named, asyncio turns Nagle's algorithm off; without, an answer may wait 40 ms for an ACK.
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise _unusable(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # `::` means every address, those of IPv4 too, whatever the system's default is.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _unusable(host, port, error) from error
    return listener


def _allow_open_files(n_connections: int) -> None:
    """Let the process have as many files open as its connections and its own work need, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = n_connections + _OWN_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def bound_host(listener: socket.socket) -> str:
    """Return the IP address that a socket is bound to."""
    host: str = listener.getsockname()[0]
    return host


def address_of(listener: socket.socket) -> str:
    """Return the URL at which this machine reaches a socket; one that is bound to every address, at loopback."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _unusable(host: str, port: int, error: Exception) -> UnusableAddressError:
    number, reason = (error.errno, error.strerror) if isinstance(error, OSError) else (None, str(error))
    hint = "; choose another one with --port" if number == errno.EADDRINUSE else ""
    return UnusableAddressError(number, f"cannot listen on {host or 'an empty host'}, port {port}: {reason}{hint}")


@asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket, limits: RequestLimits) -> AsyncIterator[asyncio.Event]:
    """Serve `app` while the block runs; yields an event that is set when the process is asked to stop.

    Raises
    ------
    NotStartedError
        The app's lifespan failed; the log has the reason.
    UnusableAddressError
        Somebody else listens there since the address was taken.
    """
    try:
        listener.listen()
    except OSError as error:
        host, port = listener.getsockname()[:2]
        raise _unusable(host, port, error) from error
    _allow_open_files(limits.max_connections)
    config = uvicorn.Config(
        app,
        http=protocol_within(limits),
        log_config=None,
        access_log=False,
        ws="none",
        lifespan="on",
        server_header=False,
        # A caller is who the connection comes from, whatever its headers say.
        proxy_headers=False,
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
                raise NotStartedError("the server did not start; see the log above")
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
