"""Builds the FastAPI app of a service: everything common to the four services."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version as distribution_version

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from common.api.abandonment import AbandonmentMiddleware
from common.api.docs_page import install_docs_page
from common.api.health import health_router
from common.api.idempotency import forget_old_answers
from common.api.middleware import RequestMiddleware
from common.api.openapi import openapi_document
from common.api.problem_responses import install_problem_handlers
from common.api.routing import ServiceRouter
from common.api.service_routes import CountsFunction, common_router
from common.clock import SYSTEM_CLOCK, Clock
from common.gateway import Service
from common.handover.neighbour import Handover
from common.postgres.sealing import SealedColumn, seal_all
from common.postgres.tables import CommonTables
from common.runtime import Runtime
from common.settings import ServiceSettings
from common.telemetry.metrics import PoolCollector, install_metrics
from common.telemetry.tracing import Tracing

# Each service has an engine of its own class, which its `dependencies` ask for by type.
Lifespan = Callable[[Runtime], AbstractAsyncContextManager[object]]


@dataclass(frozen=True, slots=True)
class ServiceDefinition:
    """What makes a service itself.

    Parameters
    ----------
    settings : reads the service's settings from the environment.
    handover : where its results go, or None at the end of the line.
    events : names of the events on its stream.
    counts : returns how many items the service has received, made and refused; `mia replay` adds them up.
    lifespan : opens the service's engine, which its routes get by `engine_of`, and starts its workers.
    sealed : columns that hold secrets, of tables with one column as their key.
    """

    service: Service
    settings: Callable[[], ServiceSettings]
    tables: CommonTables
    routers: Sequence[ServiceRouter]
    description: str
    counts: CountsFunction
    lifespan: Lifespan
    handover: Handover | None = None
    events: tuple[str, ...] = ()
    sealed: Sequence[SealedColumn] = ()

    def create_app(
        self,
        settings: ServiceSettings | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> FastAPI:
        """Return the app of the service; nothing is connected or loaded until its lifespan starts.

        Parameters
        ----------
        settings : those of the environment unless given.
        transport : replaces the network for calls to other services, for one-process mode and tests.
        clock : tells the time; tests and replays set it.

        Raises
        ------
        ValueError
            The service has secrets to keep, runs in staging or production, and got no `SECRETS_KEY`.
        """
        return _create_app(self, settings or self.settings(), transport, clock)


def _create_app(
    definition: ServiceDefinition,
    settings: ServiceSettings,
    transport: httpx.AsyncBaseTransport | None,
    clock: Clock,
) -> FastAPI:
    if definition.sealed and settings.secrets_key is None and settings.environment != "development":
        raise ValueError(f"{definition.service.name} stores secrets: SECRETS_KEY is required in {settings.environment}")
    service, version = definition.service, distribution_version("market-impact-analysis-system")

    tracing = Tracing.configured(settings)
    app = FastAPI(
        title=f"{service.title} · Market Impact Analysis System",
        version=version,
        description=definition.description,
        openapi_url=f"{service.prefix}/openapi.json",
        docs_url=None,
        redoc_url=None,
        # A path is right or wrong: a redirect would carry the Host and the query that a stranger wrote.
        redirect_slashes=False,
        lifespan=_lifespan(definition, settings, transport, clock, tracing),
    )
    app.state.registry = CollectorRegistry()
    app.state.service = service
    install_problem_handlers(app)
    # The innermost, so that metrics and logs see the status of what was abandoned.
    app.add_middleware(AbandonmentMiddleware)
    install_metrics(app, app.state.registry)
    install_docs_page(app, service)
    common = common_router(definition.service, definition.events, definition.counts, definition.handover)
    documented = (*definition.routers, common)
    for router in (*documented, health_router(service.kubernetes_name, version)):
        # Not `include_router`: finding a route within routes took a fifth of a page's CPU, and ours add nothing.
        app.router.routes.extend(router.routes)
    app.add_middleware(RequestMiddleware, tracing=tracing, max_body_bytes=settings.max_body_bytes)
    # Once: it takes some hundred milliseconds, and the routes do not change.
    app.openapi = cache(lambda: openapi_document(app, documented))  # type: ignore[method-assign]
    return app


def _lifespan(
    definition: ServiceDefinition,
    settings: ServiceSettings,
    transport: httpx.AsyncBaseTransport | None,
    clock: Clock,
    tracing: Tracing | None,
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return what makes the runtime, opens the engine and starts the workers, and ends them in the reverse order."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        runtime = Runtime(
            settings,
            clock,
            definition.tables,
            app.state.registry,
            handover=definition.handover,
            transport=transport,
            tracing=tracing,
        )
        app.state.runtime = runtime
        app.state.registry.register(pool := PoolCollector(runtime.database))
        try:
            async with definition.lifespan(runtime) as app.state.engine:
                _start_common_workers(runtime)
                _start_sealing(runtime, definition.sealed)
                yield
                runtime.events.stop()
                await runtime.stop_workers()
        finally:
            await runtime.close()
            app.state.registry.unregister(pool)
            if tracing is not None:
                tracing.close()

    return lifespan


def _start_common_workers(runtime: Runtime) -> None:
    if runtime.outbox is not None:
        for number in range(runtime.settings.outbox_workers):
            runtime.start_worker(f"outbox-{number}", runtime.outbox.relay)
        runtime.start_worker("outbox-retries", runtime.outbox.relay_retries)
        runtime.start_worker("outbox-gauges", runtime.outbox.measure, every_seconds=5.0, on_trial=True)
    runtime.start_worker("prune-events", runtime.events.prune, every_seconds=600.0)
    runtime.start_worker("prune-idempotency-keys", lambda: forget_old_answers(runtime), every_seconds=600.0)


def _start_sealing(runtime: Runtime, columns: Sequence[SealedColumn]) -> None:
    if not columns:
        return
    if not runtime.secret_box.has_key:
        runtime.logger.warning("secrets_in_the_clear", effect="secrets are stored in the clear: set SECRETS_KEY")
        return

    async def seal() -> None:
        await asyncio.sleep(runtime.settings.seal_delay_seconds)
        await seal_all(runtime.database, runtime.secret_box, columns)

    runtime.start_worker("seal-secrets", seal)
