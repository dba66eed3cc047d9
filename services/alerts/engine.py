"""The service's own objects, opened with it: the rules in force, the dispatcher, the guard of addresses, metrics."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from alerts.delivery.channels.channel import Sender
from alerts.delivery.channels.log import LogSender
from alerts.delivery.channels.webhook import WebhookSender
from alerts.delivery.dispatcher import Dispatcher
from alerts.metrics import AlertMetrics
from alerts.rules.active_rules import ActiveRules
from alerts.settings import Settings
from common.outgoing.address_guard import AddressGuard, guarded_client
from common.runtime import Runtime
from common.wakeup import WakeUp

# Of a receiver's answer only the status counts.
_MAX_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Engine:
    """What the use-cases and workers work with; `notifier` wakes the worker that tells receivers of alerts."""

    runtime: Runtime
    settings: Settings
    metrics: AlertMetrics
    active_rules: ActiveRules
    guard: AddressGuard
    dispatcher: Dispatcher
    notifier: WakeUp


@asynccontextmanager
async def open_engine(runtime: Runtime) -> AsyncIterator[Engine]:
    """Yield the engine, with the client for webhooks open."""
    settings = runtime.settings_as(Settings)
    metrics = AlertMetrics(runtime.registry)
    guard = AddressGuard(allow_private=settings.allow_private_addresses)
    async with guarded_client(
        guard,
        timeout_seconds=settings.webhook_timeout_seconds,
        max_bytes=_MAX_ANSWER_BYTES,
        headers={"User-Agent": "market-impact-analysis-system"},
    ) as client:
        senders: dict[str, Sender] = {"webhook": WebhookSender(client, runtime.clock), "log": LogSender(runtime.logger)}
        yield Engine(
            runtime=runtime,
            settings=settings,
            metrics=metrics,
            active_rules=ActiveRules(metrics),
            guard=guard,
            dispatcher=Dispatcher(runtime, metrics, senders),
            notifier=WakeUp(),
        )
