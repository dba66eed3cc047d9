"""The service's own objects, opened with it: the rules in force, the channels to receivers, the dispatcher, metrics."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from alerts.active_rules import ActiveRules
from alerts.delivery.channels.channel import Channel
from alerts.delivery.channels.registry import open_channels
from alerts.delivery.dispatcher import Dispatcher
from alerts.metrics import AlertMetrics
from alerts.settings import Settings
from common.runtime import Runtime
from common.wakeup import WakeUp


@dataclass(frozen=True, slots=True)
class Engine:
    """What the use-cases and workers work with.

    Notes
    -----
    `channels` has a channel for each kind of receiver; `notifier_wake_up` wakes the worker that tells receivers of
    alerts.
    """

    runtime: Runtime
    settings: Settings
    metrics: AlertMetrics
    active_rules: ActiveRules
    channels: Mapping[str, Channel]
    dispatcher: Dispatcher
    notifier_wake_up: WakeUp


@asynccontextmanager
async def open_engine(runtime: Runtime) -> AsyncIterator[Engine]:
    """Yield the engine, with its channels open."""
    settings = runtime.settings_as(Settings)
    metrics = AlertMetrics(runtime.registry)
    async with open_channels(runtime) as channels:
        yield Engine(
            runtime=runtime,
            settings=settings,
            metrics=metrics,
            active_rules=ActiveRules(metrics),
            channels=channels,
            dispatcher=Dispatcher(runtime, metrics, channels),
            notifier_wake_up=WakeUp(),
        )
