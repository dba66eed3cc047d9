"""An alerts service without default rules, with webhooks allowed to loopback, and short words for what tests do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from alerts.delivery.channels.channel import Channel, Message
from alerts.delivery.channels.webhook import WebhookChannel
from alerts.delivery.dispatcher import Dispatcher
from alerts.delivery.retry_schedule import SendResult
from alerts.engine import Engine
from common.contracts import Impact
from tests.conftest import RunningService, StartService
from tests.emulators.webhook_receiver import WebhookReceiver, serve


class SettableClock:
    """The machine's clock, moved ahead by as much as a test asks for."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


class ScriptedWebhooks(WebhookChannel):
    """Webhooks that are sent as a test says."""

    def __init__(self, send: Callable[[Message], Awaitable[SendResult]]) -> None:
        self._send = send

    async def send(self, message: Message) -> SendResult:
        return await self._send(message)


class AlertsUnderTest:
    """A running alerts service and its API in short words."""

    def __init__(self, service: RunningService) -> None:
        self.service = service
        self.client = service.client
        self.runtime = service.runtime
        self.engine: Engine = service.engine

    async def request(self, method: str, path: str, status: int, **options: Any) -> Any:
        response = await self.client.request(method, f"/alerts/v1{path}", **options)
        assert response.status_code == status, response.text
        return response.json() if response.content else None

    async def get(self, path: str, **params: Any) -> Any:
        return await self.request("GET", path, 200, params=params)

    async def rule(self, **fields: Any) -> Any:
        body = {"name": "falls", "when": {"min_impact_score": 50}, "group_wait_seconds": 0, "receivers": [], **fields}
        return await self.request("POST", "/rules", 201, json=body)

    async def receiver(self, **fields: Any) -> Any:
        return await self.request("POST", "/receivers", 201, json={"name": "desk", "kind": "webhook", **fields})

    async def signals(self, *impacts: Impact | dict[str, Any]) -> list[str]:
        items = [item if isinstance(item, dict) else item.model_dump(mode="json") for item in impacts]
        answer = await self.request("POST", "/signals", 200, json={"impacts": items})
        return [item["status"] for item in answer["data"]]

    async def until(self, probe: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
        """Return as soon as `probe` holds; fail when it does not come to."""
        async with asyncio.timeout(seconds):
            while not await probe():
                await asyncio.sleep(0.02)

    async def state_is(self, state: str) -> None:
        """Return as soon as the newest alert is in `state`."""

        async def probe() -> bool:
            return (await self.alerts())[0]["state"] == state

        await self.until(probe)

    def dispatcher(self, **channels: Channel) -> Dispatcher:
        """Return another dispatcher on the service's database, with channels of its own when some are given."""
        return Dispatcher(self.runtime, self.engine.metrics, channels or self.engine.channels)

    async def alerts(self, **params: Any) -> list[Any]:
        return (await self.get("/alerts", **params))["data"]


async def deliver_due(dispatcher: Dispatcher) -> int:
    """Send everything that is due now, and return how many deliveries that were."""
    total = 0
    while started := await dispatcher.start_due():
        total += started
        await dispatcher.finish()
    return total


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
async def alerts(start_service: StartService, clock: SettableClock) -> AsyncIterator[AlertsUnderTest]:
    async with running(start_service, clock=clock) as service:
        yield service


@asynccontextmanager
async def running(start_service: StartService, **overrides: Any) -> AsyncIterator[AlertsUnderTest]:
    settings = {
        "seed_default_rules": False,
        "allow_private_addresses": True,
        "notification_poll_seconds": 0.02,
        "rate_limit_per_minute": 1_000_000,
        **overrides,
    }
    async with start_service("alerts", **settings) as service:
        # The tests share one Redis, and every start of a service takes a twentieth of the minute's requests.
        async with Redis.from_url(service.runtime.settings.redis_address()) as redis:
            await redis.flushdb()
        yield AlertsUnderTest(service)


@pytest.fixture
async def webhook() -> AsyncIterator[WebhookReceiver]:
    async with serve(WebhookReceiver()) as receiver:
        yield receiver
