"""Assembles the alerts service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from alerts import models
from alerts.default_rules import seed
from alerts.delivery.retention import forget_old_deliveries
from alerts.engine import Engine, open_engine
from alerts.lifecycle import notifier
from alerts.receivers.management import forget_shown_secrets
from alerts.repository import counts
from alerts.routes import ROUTERS
from alerts.settings import Settings
from common.application import ServiceDefinition, create_service
from common.clock import SYSTEM_CLOCK, Clock
from common.gateway import ALERTS
from common.runtime import Runtime

DESCRIPTION = """
Rules over impacts, grouped into alerts, delivered to receivers with every attempt on record.

A rule, a group (values of the grouping labels) and a time window make **one** alert, on however many replicas. Its
receivers are notified of it after `group_wait_seconds`, of further impacts every `group_interval_seconds`, and of
corrections at once. Webhooks are signed and keep one `webhook-id` for all attempts (Standard Webhooks 1.0).
"""
EVENTS = ("alert.firing", "alert.amended", "alert.resolved", "delivery.failed")


@asynccontextmanager
async def lifespan(runtime: Runtime) -> AsyncIterator[Engine]:
    """Open the engine, seed a new database, and start the workers."""
    async with open_engine(runtime) as engine:
        await seed(engine)
        runtime.start_worker("notifier", lambda: notifier.run(engine))
        runtime.start_worker("dispatcher", engine.dispatcher.run)
        runtime.start_worker("forget-old-deliveries", lambda: forget_old_deliveries(runtime), every_seconds=3_600.0)
        runtime.start_worker("forget-shown-secrets", lambda: forget_shown_secrets(runtime), every_seconds=600.0)
        yield engine
        # Before the client closes: what is being sent is finished and recorded.
        engine.notifier.stop()
        engine.dispatcher.stop()
        await runtime.stop_workers()


def create_app(
    settings: Settings | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> FastAPI:
    """Return the alerts service, ready to be served; nothing is connected until its lifespan starts."""
    definition = ServiceDefinition(
        service=ALERTS,
        tables=models.TABLES,
        routers=ROUTERS,
        description=DESCRIPTION,
        counts=counts,
        events=EVENTS,
        lifespan=lifespan,
        sealed=models.SEALED,
    )
    return create_service(definition, settings or Settings(), transport=transport, clock=clock)
