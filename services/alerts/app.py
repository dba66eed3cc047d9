"""Assembles the alerts service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from alerts import models, repository
from alerts.default_rules import seed
from alerts.engine import Engine, open_engine
from alerts.lifecycle import notifier
from alerts.retention import prune_deliveries, prune_shown_secrets
from alerts.routes import ROUTERS
from alerts.settings import Settings
from common.application import ServiceDefinition
from common.gateway import ALERTS
from common.runtime import Runtime

EVENTS = ("alert.firing", "alert.amended", "alert.resolved", "delivery.failed")
_DESCRIPTION = """
Rules over impacts, grouped into alerts, delivered to receivers with every attempt on record.

A rule, a group (values of the grouping labels) and a time window make **one** alert, on however many replicas. Its
receivers are notified of it after `group_wait_seconds`, of further impacts every `group_interval_seconds`, and of
corrections at once. Webhooks are signed and keep one `webhook-id` for all attempts (Standard Webhooks 1.0).
"""


@asynccontextmanager
async def lifespan(runtime: Runtime) -> AsyncIterator[Engine]:
    """Open the engine, seed a new database, and start the workers."""
    async with open_engine(runtime) as engine:
        await seed(engine)
        runtime.start_worker("notifier", lambda: notifier.run(engine))
        runtime.start_worker("dispatcher", engine.dispatcher.run)
        runtime.start_worker("prune-deliveries", lambda: prune_deliveries(engine), every_seconds=3_600.0)
        runtime.start_worker("prune-shown-secrets", lambda: prune_shown_secrets(engine), every_seconds=600.0)
        yield engine
        # Before the client closes: what is being sent is finished and recorded.
        engine.notifier_wake_up.stop()
        engine.dispatcher.stop()
        await runtime.stop_workers()


create_app = ServiceDefinition(
    service=ALERTS,
    settings=Settings,
    tables=models.TABLES,
    routers=ROUTERS,
    description=_DESCRIPTION,
    counts=repository.find_counts,
    events=EVENTS,
    lifespan=lifespan,
    sealed=models.SEALED,
).create_app
