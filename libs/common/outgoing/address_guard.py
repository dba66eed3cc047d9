"""Outgoing requests to addresses that users chose: resolve once, check, and connect to exactly what was checked.

A URL that a user may set (a webhook, a feed) must not become a way into the private network. The name is resolved,
every address it has must be public, and the connection is opened to a checked address: a second look-up, which could
answer differently (DNS rebinding), never happens. The check sits where connections are opened, so a redirect passes it
like any other request.
"""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import httpcore
import httpx

from common.errors import Conflict
from common.outgoing.bounded_transport import BoundedTransport
from common.outgoing.name_resolution import resolve
from common.outgoing.no_cookies import NoCookies
from common.outgoing.public_addresses import IPAddress, embedded_ipv4, why_not_public
from common.outgoing.web_address import InvalidWebAddress, origin, read_web_address

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

_RESOLVE_SECONDS = 5.0
# Connections that are kept open for the next request; how many are in use at once is bounded by whoever sends.
_MAX_KEPT_CONNECTIONS = 100
# All addresses of a name are checked; a name with hundreds keeps nobody waiting for as many connections.
_MAX_TRIED_ADDRESSES = 8


class ForbiddenAddress(ValueError):
    """The URL does not lead to a public address; the message says what was wrong.

    Notes
    -----
    `host` is what was asked for; it is empty where none can be read, and then nothing of the URL is repeated: any part
    of it may be a key.
    """

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"{repr(host) if host else 'The address'} may not be reached: {reason}.")
        self.host = host
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PinnedAddress:
    """A host whose addresses were all checked, and the first few of them in the resolver's order of preference."""

    host: str
    port: int
    addresses: tuple[IPAddress, ...]

    @property
    def address(self) -> IPAddress:
        """Return the preferred address."""
        return self.addresses[0]


def refusal(address: IPAddress, *, allow_private: bool) -> str | None:
    """Return why `address` may not be reached, or None when it may.

    Notes
    -----
    Multicast is never a host. Everything else that is not globally reachable (loopback, private, link-local, shared,
    reserved, documentation, tunnels) is refused unless `allow_private`.
    """
    if allow_private and not embedded_ipv4(address).is_multicast:
        return None
    kind = why_not_public(address)
    return f"{address} is {kind}" if kind else None


class AddressGuard:
    """Decides which hosts may be reached.

    Parameters
    ----------
    allow_private : bool
        Whether private, loopback and link-local addresses are allowed too.
    resolver : callable
        Host and port to addresses in text form; the system's resolver unless a test brings its own.
    """

    def __init__(self, *, allow_private: bool = False, resolver: Resolver = resolve) -> None:
        self.allow_private = allow_private
        self._resolver = resolver

    async def check(self, url: str) -> PinnedAddress:
        """Return the checked addresses behind `url`.

        Raises
        ------
        ForbiddenAddress
            Not http(s), no host, or any of the host's addresses is refused: one public address beside a private
            one is how a rebinding name looks.
        OSError
            The host cannot be resolved.
        """
        try:
            _scheme, host, port = origin(read_web_address(url))
        except InvalidWebAddress as error:
            raise ForbiddenAddress("", str(error)) from error
        return await self.pin(host, port)

    async def require(self, url: str) -> None:
        """Refuse a URL that a user sets when it may never be reached; a name that nobody knows now may be known later.

        Raises
        ------
        Conflict
            `forbidden_address`; the detail says what is wrong with it.
        """
        try:
            async with asyncio.timeout(_RESOLVE_SECONDS):
                await self.check(url)
        except ForbiddenAddress as error:
            raise Conflict(str(error), code="forbidden_address") from error
        except (OSError, TimeoutError):
            return

    async def pin(self, host: str, port: int) -> PinnedAddress:
        """Return the checked addresses of `host`; raises as `check` does."""
        try:
            found = await self._resolver(host.strip("[]"), port)
            # The scope of a link-local address (`fe80::1%eth0`) says nothing about whether it is allowed.
            addresses = tuple(dict.fromkeys(ipaddress.ip_address(text.partition("%")[0]) for text in found))
        except ValueError as error:
            # UnicodeError for a label that IDNA cannot write, ValueError for a NUL.
            raise ForbiddenAddress(host[:200], "it is not a host name") from error
        if not addresses:
            raise OSError(f"{host} has no address")
        for address in addresses:
            if reason := refusal(address, allow_private=self.allow_private):
                raise ForbiddenAddress(host, reason)
        return PinnedAddress(host=host, port=port, addresses=addresses[:_MAX_TRIED_ADDRESSES])


class _PinningBackend(httpcore.AsyncNetworkBackend):
    """Opens TCP connections to checked addresses only; TLS still verifies the name that was asked for."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                pinned = await self._guard.pin(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"{host} was not resolved in time") from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        # A name often has an IPv6 address that this machine has no route to: the next one is tried.
        for address in pinned.addresses[:-1]:
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(str(pinned.addresses[-1]), port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class GuardedTransport(httpx.AsyncHTTPTransport):
    """HTTP over connections that `guard` allowed; raises `ForbiddenAddress` for the others.

    Notes
    -----
    Kept-alive connections are reused without another look-up: they already lead to a checked address. HTTP proxies of
    the environment are not used, for they would resolve the name again. Nobody waits for a connection: those of silent
    hosts would be the ones waited for, and a healthy host would time out for them. Whoever sends bounds the requests to
    each host.
    """

    def __init__(self, guard: AddressGuard) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=None,
            max_keepalive_connections=_MAX_KEPT_CONNECTIONS,
            keepalive_expiry=30.0,
            network_backend=_PinningBackend(guard),
        )


def guarded_client(
    guard: AddressGuard,
    *,
    timeout_seconds: float,
    max_bytes: int | None = None,
    follow_redirects: bool = False,
    headers: dict[str, str] | None = None,
) -> httpx.AsyncClient:
    """Return a client whose every connection, redirects' included, passes `guard`.

    Parameters
    ----------
    timeout_seconds : for a whole exchange, from the look-up of the name to the last byte of the answer.
    max_bytes : of an answer's body, as sent; None where whoever reads it counts.
    """
    transport = GuardedTransport(guard)
    return httpx.AsyncClient(
        transport=BoundedTransport(transport, total_seconds=timeout_seconds, max_bytes=max_bytes, allows_encoding=True),
        timeout=timeout_seconds,
        follow_redirects=follow_redirects,
        # What `response_body` reads, whichever decoders happen to be installed.
        headers={"Accept-Encoding": "gzip, deflate", **(headers or {})},
        # A stranger's would be memory of his, and go to whoever is asked next.
        cookies=NoCookies(),
        trust_env=False,
    )
