"""Outgoing requests to addresses that users chose: resolve once, check, and connect to exactly what was checked.

A URL that a user may set (a webhook, a feed) must not become a way into the private network. The name is resolved,
every address it has must be public, and the connection is opened to a checked address: a second look-up, which could
answer differently (DNS rebinding), never happens. The check sits where connections are opened, so a redirect passes it
like any other request.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import httpcore
import httpx

from common.bounded_transport import BoundedTransport

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

_DEFAULT_PORTS = {"http": 80, "https": 443}
# Both translate to an IPv4 address in their last 32 bits (RFC 6052; RFC 8215 is for local use only).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")


class ForbiddenAddress(ValueError):
    """The URL does not lead to a public address; `host` is what was asked for, the message says what was wrong."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"{host!r} may not be reached: {reason}.")
        self.host = host
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PinnedAddress:
    """A host whose addresses were all checked, in the resolver's order of preference."""

    host: str
    port: int
    addresses: tuple[IPAddress, ...]

    @property
    def address(self) -> IPAddress:
        """Return the preferred address."""
        return self.addresses[0]


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of `host` from the system's resolver; raise `OSError` when it has none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


def embedded_ipv4(address: IPAddress) -> IPAddress:
    """Return the IPv4 address that an IPv6 address only wraps (mapped, 6to4, NAT64), else `address` itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    wrapped = address.ipv4_mapped or address.sixtofour
    if wrapped is None and address in _NAT64:
        wrapped = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return wrapped or address


def refusal(address: IPAddress, *, allow_private: bool) -> str | None:
    """Return why `address` may not be reached, or None when it may.

    Notes
    -----
    Multicast is never a host. Everything else that is not global unicast (loopback, private, link-local, shared,
    reserved, documentation) is refused unless `allow_private`.
    """
    real = embedded_ipv4(address)
    if real.is_multicast:
        return f"{address} is a multicast address"
    if allow_private:
        return None
    kinds = (
        (real.is_loopback, "a loopback address"),
        (real.is_link_local, "a link-local address"),
        (real.is_unspecified, "the unspecified address"),
        (isinstance(real, ipaddress.IPv6Address) and real.teredo is not None, "a tunnel address"),
        (isinstance(real, ipaddress.IPv6Address) and real in _LOCAL_NAT64, "a private address"),
        (real.is_private, "a private address"),
        (not real.is_global, "not a public address"),
    )
    return next((f"{address} is {kind}" for applies, kind in kinds if applies), None)


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
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ForbiddenAddress(url[:200], "it is not a URL") from error
        if parsed.scheme not in _DEFAULT_PORTS:
            raise ForbiddenAddress(url[:200], "only http and https are spoken")
        if not parsed.host:
            raise ForbiddenAddress(url[:200], "the URL has no host")
        return await self.pin(parsed.raw_host.decode("ascii"), parsed.port or _DEFAULT_PORTS[parsed.scheme])

    async def pin(self, host: str, port: int) -> PinnedAddress:
        """Return the checked addresses of `host`; raises as `check` does."""
        try:
            found = await self._resolver(host.strip("[]"), port)
            # The scope of a link-local address (`fe80::1%eth0`) says nothing about whether it is allowed.
            addresses = tuple(dict.fromkeys(ipaddress.ip_address(text.partition("%")[0]) for text in found))
        except UnicodeError as error:
            raise ForbiddenAddress(host[:200], "it is not a host name") from error
        if not addresses:
            raise OSError(f"{host} has no address")
        for address in addresses:
            if reason := refusal(address, allow_private=self.allow_private):
                raise ForbiddenAddress(host, reason)
        return PinnedAddress(host=host, port=port, addresses=addresses)


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
    the environment are not used, for they would resolve the name again.
    """

    def __init__(self, guard: AddressGuard, *, max_connections: int = 100) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=30.0,
            network_backend=_PinningBackend(guard),
        )


def guarded_client(
    guard: AddressGuard,
    *,
    timeout_seconds: float,
    max_bytes: int | None = None,
    max_connections: int = 100,
    follow_redirects: bool = False,
    headers: dict[str, str] | None = None,
) -> httpx.AsyncClient:
    """Return a client whose every connection, redirects' included, passes `guard`.

    Parameters
    ----------
    timeout_seconds : for a whole exchange, from the wait for a connection to the last byte of the answer.
    max_bytes : of an answer's body, as sent; None where whoever reads it counts.
    """
    transport = GuardedTransport(guard, max_connections=max_connections)
    return httpx.AsyncClient(
        transport=BoundedTransport(transport, total_seconds=timeout_seconds, max_bytes=max_bytes, allows_encoding=True),
        timeout=timeout_seconds,
        follow_redirects=follow_redirects,
        headers=headers,
        trust_env=False,
    )
