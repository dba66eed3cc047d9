"""Puts the alerts service together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from alerts import models
from alerts.delivery.channels.channel import Sender
from alerts.delivery.channels.log import LogSender
from alerts.delivery.channels.webhook import WebhookSender
from alerts.delivery.dispatcher import Dispatcher
from alerts.delivery.receiver_management import forget_shown_secrets
from alerts.delivery.retention import forget_old_deliveries
from alerts.metrics import AlertMetrics
from alerts.notification.notifier import Notifier
from alerts.repository import counts
from alerts.routes import ROUTERS
from alerts.rules.active_rules import RuleBook
from alerts.rules.default_rules import seed
from alerts.settings import Settings
from common.application import ServiceDefinition, create_service
from common.clock import SYSTEM_CLOCK, Clock
from common.gateway import ALERTS
from common.outgoing.address_guard import AddressGuard, guarded_client
from common.runtime import Runtime

DESCRIPTION = """
Rules over impacts, grouped into alerts, delivered to receivers with every attempt on record.

A rule, a group (values of the grouping labels) and a window of time make **one** alert, on however many replicas. Its
receivers hear of it after `group_wait_seconds`, of further impacts every `group_interval_seconds`, of corrections at
once. Webhooks are signed and keep one `webhook-id` over all attempts (Standard Webhooks 1.0).
"""
# Of a receiver's answer only the status counts.
_MAX_ANSWER_BYTES = 64 * 1024
EVENTS = ("alert.firing", "alert.amended", "alert.resolved", "delivery.failed")


@asynccontextmanager
async def lifespan(runtime: Runtime) -> AsyncIterator[None]:
    """Open the client for webhooks, seed a new database, and start the two workers."""
    settings = runtime.settings_as(Settings)
    state = runtime.state
    state.metrics = AlertMetrics(runtime.registry)
    state.rule_book = RuleBook(state.metrics)
    state.guard = AddressGuard(allow_private=settings.allow_private_addresses)
    async with guarded_client(
        state.guard,
        timeout_seconds=settings.webhook_timeout_seconds,
        max_bytes=_MAX_ANSWER_BYTES,
        headers={"User-Agent": "market-impact-analysis-system"},
    ) as client:
        senders: dict[str, Sender] = {"webhook": WebhookSender(client, runtime.clock), "log": LogSender(runtime.logger)}
        state.dispatcher = Dispatcher(runtime, senders)
        state.notifier = Notifier(runtime)
        await seed(runtime, with_rules=settings.seed_default_rules)
        runtime.start_worker("notifier", state.notifier.run)
        runtime.start_worker("dispatcher", state.dispatcher.run)
        runtime.start_worker("forget-old-deliveries", lambda: forget_old_deliveries(runtime), every_seconds=3_600.0)
        runtime.start_worker("forget-shown-secrets", lambda: forget_shown_secrets(runtime), every_seconds=600.0)
        yield
        # Before the client closes: what is being sent is finished and recorded.
        state.notifier.stop()
        state.dispatcher.stop()
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
