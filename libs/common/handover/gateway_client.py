"""The client for calls between services: one address, a signed token, trace propagation, a time limit."""

from collections.abc import AsyncGenerator

import httpx

from common.access.auth import sign_service_token
from common.gateway import DEADLINE_HEADER
from common.outgoing.bounded_transport import BoundedTransport
from common.outgoing.no_cookies import NoCookies
from common.settings import ServiceSettings
from common.telemetry.request_context import current_context

# A neighbour answers one short line for each of at most 500 items.
_MAX_ANSWER_BYTES = 16 * 1024 * 1024


class ServiceAuth(httpx.Auth):
    """Adds the caller's token, the request id and the trace to every call."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Set the headers and send the request once."""
        context = current_context()
        request.headers["X-Request-ID"] = context.request_id
        request.headers["traceparent"] = context.traceparent()
        secret = self._settings.service_token_secret
        if secret is not None:
            caller, seconds = self._settings.service.kubernetes_name, self._settings.service_token_seconds
            request.headers["Authorization"] = f"Bearer {sign_service_token(secret, caller, seconds)}"
        yield request


def gateway_client(settings: ServiceSettings, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """Return a client whose relative paths go to the gateway; `transport` replaces the network where one is given.

    Notes
    -----
    `HTTP_TIMEOUT_SECONDS` is the limit on a whole call, the answer's last byte included.
    """
    limits = httpx.Limits(max_connections=32, max_keepalive_connections=16)
    inner = transport or httpx.AsyncHTTPTransport(limits=limits, trust_env=False)
    return httpx.AsyncClient(
        base_url=settings.gateway_url,
        auth=ServiceAuth(settings),
        timeout=httpx.Timeout(settings.http_timeout_seconds, connect=5.0),
        headers={
            "User-Agent": f"mia-{settings.service.kubernetes_name}",
            "Accept-Encoding": "identity",
            DEADLINE_HEADER: f"{settings.http_timeout_seconds:.3f}",
        },
        # A client is shared by all calls: with the cookie of a canary, each of them would go there.
        cookies=NoCookies(),
        transport=BoundedTransport(inner, total_seconds=settings.http_timeout_seconds, max_bytes=_MAX_ANSWER_BYTES),
        trust_env=False,
    )
