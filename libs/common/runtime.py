"""The running parts of one service, made when its lifespan starts and closed when it ends."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeVar

import httpx
import structlog
from prometheus_client import CollectorRegistry, Counter

from common.access.auth import Authenticator
from common.access.rate_limit import RateLimiter
from common.access.redis_scripts import RedisScripts
from common.clock import Clock
from common.foundation import Foundation
from common.handover.event_log import EventLog
from common.handover.gateway_client import gateway_client
from common.handover.neighbour import Handover, Neighbour
from common.handover.outbox import Outbox
from common.postgres.database import Database
from common.postgres.tables import CommonTables
from common.secrets.secret_box import SecretBox
from common.settings import ServiceSettings
from common.telemetry.tracing import Tracing

logger = structlog.get_logger(__name__)
OwnSettings = TypeVar("OwnSettings", bound=ServiceSettings)
Worker = Callable[[], Awaitable[object]]


class Runtime:
    """What routes and workers of every service use; what only one service has is in its engine.

    Parameters
    ----------
    handover : where results go, or None at the end of the line.
    transport : replaces the network for calls to other services.
    tracing : collects traces, or None where nobody does.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        clock: Clock,
        tables: CommonTables,
        registry: CollectorRegistry,
        *,
        handover: Handover | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.tables = tables
        self.registry = registry
        self.tracing = tracing
        self.logger = structlog.get_logger(settings.service.kubernetes_name)
        foundation = Foundation(settings, clock, Database(settings), tables)
        self.database = foundation.database
        self.redis = RedisScripts(settings.redis_address(), settings.service.name, registry)
        self.authenticator = Authenticator(foundation)
        self.rate_limiter = RateLimiter(self.redis, settings.rate_limit_per_minute, clock)
        self.secret_box = SecretBox(settings.secrets_key)
        self.events = EventLog(foundation)
        self.http = gateway_client(settings, transport)
        self.outbox: Outbox | None = None
        if handover is not None:
            neighbour = Neighbour(handover, self.http, settings.http_timeout_seconds, tracing)
            self.outbox = Outbox(foundation, neighbour, registry)
        self.failures = Counter(
            "worker_failures_total", "Failures of a background worker", ["worker"], registry=registry
        )
        self.failed_items = Counter(
            "items_failed_total",
            "Items of batches that were refused because working on them raised",
            ["exception"],
            registry=registry,
        )
        self._tasks: list[asyncio.Task[None]] = []

    def settings_as(self, kind: type[OwnSettings]) -> OwnSettings:
        """Return the settings, known to be of the service's own class."""
        if not isinstance(self.settings, kind):
            raise TypeError(f"settings are {type(self.settings).__name__}, not {kind.__name__}")
        return self.settings

    def handover(self) -> Outbox:
        """Return the outbox of a service that hands on."""
        if self.outbox is None:
            raise RuntimeError(f"{self.settings.service.name} hands nothing on")
        return self.outbox

    def start_worker(
        self, name: str, worker: Worker, *, every_seconds: float | None = None, on_trial: bool = False
    ) -> None:
        """Run `worker` in the background until the service stops: once, or again every so many seconds.

        Parameters
        ----------
        on_trial : whether it runs in a canary too. Only what changes nothing outside its own process may.

        Notes
        -----
        A failure is counted and logged, and the worker starts again after a wait that doubles up to 30 seconds.
        """
        if self.settings.is_on_trial and not on_trial:
            logger.info("worker_left_to_the_primary", worker=name)
            return
        self._tasks.append(asyncio.create_task(self._supervise(name, worker, every_seconds), name=name))

    async def _supervise(self, name: str, worker: Worker, every_seconds: float | None) -> None:
        wait = 0.5
        while True:
            try:
                await worker()
                if every_seconds is None:
                    return
                wait = 0.5
                await asyncio.sleep(every_seconds)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is counted and the worker goes on
                self.failures.labels(name).inc()
                logger.warning("worker_failed", worker=name, error=repr(error), retry_seconds=wait)
                await asyncio.sleep(wait)
                wait = min(30.0, wait * 2)

    async def stop_workers(self) -> None:
        """Cancel every worker and wait until each has ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def close(self) -> None:
        """Stop in the reverse order of the start."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.database.close)
            stack.push_async_callback(self.http.aclose)
            await stack.enter_async_context(self.redis)
            stack.push_async_callback(self.stop_workers)
