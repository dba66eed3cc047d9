"""One process on one port: the four apps behind a dispatcher that routes by the first path segment, like a gateway."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Scope, Send

from common.gateway import SERVICES, Service
from common.settings import ServiceSettings
from standalone.system.front_page import front_app


def import_services() -> None:
    """Import the four services, which takes seconds; they need not wait for each other's resources."""
    for service in SERVICES:
        import_module(f"{service.name}.app")


def load_app(service: Service, settings: ServiceSettings, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """Return the app of one service; only that service's package is imported."""
    app: FastAPI = import_module(f"{service.name}.app").create_app(settings, transport=transport)
    return app


def load_settings(service: Service, **overrides: object) -> ServiceSettings:
    """Return the settings of one service from the environment; `overrides` win."""
    settings: ServiceSettings = import_module(f"{service.name}.settings").Settings(**overrides)
    return settings


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Sends each request to the app whose prefix the path begins with, the path unchanged."""

    apps: dict[str, FastAPI]
    front: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan of all the apps."""
        if scope["type"] == "lifespan":
            await self.front(scope, receive, send)
            return
        # A path need not start with a slash: `OPTIONS *` asks the server as a whole.
        prefix = "/" + scope["path"].removeprefix("/").partition("/")[0]
        await self.apps.get(prefix, self.front)(scope, receive, send)


def compose(settings: Sequence[ServiceSettings], registry: CollectorRegistry) -> Dispatcher:
    """Return the four services as one ASGI app, whose `/metrics` shows what is in `registry`, too.

    Notes
    -----
    Calls between services go through the dispatcher in memory: the same requests as over a socket, without the
    socket. Starlette does not run the lifespans of apps inside an app, so the front's lifespan enters each of them,
    downstream first, and leaves them in reverse: nobody hands on to a neighbour that has gone.
    """
    apps: dict[str, FastAPI] = {}
    # The transport is made before the apps that use it; it finds them in the dispatcher when it is called.
    late = _LateTransport()
    for own in settings:
        apps[own.service.prefix] = load_app(own.service, own, late)

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for service in reversed(SERVICES):
                app = apps[service.prefix]
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield

    dispatcher = Dispatcher(apps, front_app(list(apps.values()), lifespan, registry, settings[0].max_body_bytes))
    late.inner = httpx.ASGITransport(dispatcher, raise_app_exceptions=False)
    return dispatcher


class _LateTransport(httpx.AsyncBaseTransport):
    inner: httpx.ASGITransport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.inner.handle_async_request(request)
