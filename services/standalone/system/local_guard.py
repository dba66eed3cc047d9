"""Blocks web pages from calling a server that requires no credential: such a server trusts everyone on its machine.

A browser on the machine runs strangers' scripts. A page may let its own name point to 127.0.0.1 (DNS rebinding), and
its requests are then of the same origin to the browser; `Host` still carries the page's name. Or it sends requests to
another origin that need no permission, such as a POST without a body; the browser then says where they come from.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from common.api.middleware import RequestMiddleware
from common.api.problem_responses import problem_response
from common.errors import Unavailable
from common.settings import ServiceSettings
from standalone.system.server import is_loopback

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class LocalGuard:
    """Passes on to `app` what was asked of this machine's own names, and not by a page of another origin.

    Parameters
    ----------
    names : host names besides the loopback addresses and `localhost`.
    asks_for_credentials : whether every service asks its callers for one by now; a page of a stranger has none.
    """

    def __init__(
        self, app: ASGIApp, names: Iterable[str] = (), asks_for_credentials: Callable[[], Awaitable[bool]] | None = None
    ) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)
        self._asks_for_credentials = asks_for_credentials

    @classmethod
    def of(cls, app: ASGIApp, settings: Iterable[ServiceSettings], services: Sequence[FastAPI]) -> "LocalGuard":
        """Return the guard of `app`, in which `services` are.

        Notes
        -----
        The names are those that any of `settings` allows, and the gateway's. A key that is made while the services run
        makes them ask for credentials.
        """
        each = list(settings)
        gateways = {urlsplit(own.gateway_url).hostname or "" for own in each}

        async def all_ask() -> bool:
            try:
                return all([await service.state.runtime.authenticator.is_required() for service in services])
            except Unavailable:
                return False

        return cls(app, gateways.union(*(own.allowed_hosts for own in each)), all_ask)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] == "http":
            refusal = self._refusal(scope["method"], Headers(scope=scope))
            if refusal is not None and not (self._asks_for_credentials and await self._asks_for_credentials()):
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, method: str, headers: Headers) -> ASGIApp | None:
        """Return the answer to a request that a page of a stranger may have sent, or None."""
        if not self._is_ours(headers.get("host")):
            text = f"Host is {headers['host'][:200]!r}, which is not a name of this server; ALLOWED_HOSTS adds names."
            return _refusing(421, "misdirected_request", text)
        if _is_of_another_origin(method, headers):
            text = "The request comes from a page of another origin, and this server requires no credential."
            return _refusing(403, "cross_origin", text)
        return None

    def _is_ours(self, host: str | None) -> bool:
        # No browser leaves it out.
        if host is None:
            return True
        name = _without_port(host).rstrip(".").lower()
        return is_loopback(name.strip("[]")) or name in self._names


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isascii() and port.isdigit() else host


def _is_of_another_origin(method: str, headers: Headers) -> bool:
    """Tell whether a browser says that a page of another origin asks for more than to be followed here."""
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != headers.get("host"):
        return True
    if headers.get("sec-fetch-site", "none") in {"none", "same-origin"}:
        return False
    return method not in _READS or headers.get("sec-fetch-mode") != "navigate"


def _refusing(status: int, code: str, detail: str) -> ASGIApp:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await problem_response(status, code, detail, scope["path"])(scope, receive, send)

    return RequestMiddleware(refuse, tracing=None, max_body_bytes=0)
