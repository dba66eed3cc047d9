"""How a notification leaves the house: one adapter for each kind of receiver."""

import json
from dataclasses import dataclass, field
from typing import Protocol

import httpx
from structlog.typing import FilteringBoundLogger

from alerts.retry_schedule import Answer
from alerts.signatures import signed_headers
from common.address_guard import ForbiddenAddress
from common.clock import Clock
from common.errors import describe
from common.header_values import retry_after_seconds


@dataclass(frozen=True, slots=True)
class Message:
    """One notification on its way to one receiver; `secrets` sign it, the current one first."""

    webhook_id: str
    event_type: str
    body: str
    receiver_name: str
    url: str | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


class Sender(Protocol):
    """What a kind of receiver needs: a way to send a message and to tell what became of it."""

    async def send(self, message: Message) -> Answer:
        """Send `message` once; a failure is an answer, and whatever is raised instead counts as one."""
        ...


class WebhookSender:
    """Posts signed JSON (Standard Webhooks 1.0); redirects are not followed."""

    def __init__(self, client: httpx.AsyncClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def send(self, message: Message) -> Answer:
        """Return the receiver's answer; only the status counts, the body is not read."""
        content = message.body.encode()
        headers = signed_headers(message.secrets, message.webhook_id, self._clock.now(), content)
        try:
            async with self._client.stream("POST", str(message.url), content=content, headers=headers) as response:
                retry_after = retry_after_seconds(response.headers.get("Retry-After"), self._clock.now())
                error = None if response.is_success else f"HTTP {response.status_code}"
                return Answer(response.status_code, error, retry_after)
        except (httpx.HTTPError, httpx.InvalidURL, ForbiddenAddress) as error:
            return Answer(error=describe(error))


class LogSender:
    """Writes one structured log line; it cannot fail."""

    def __init__(self, logger: FilteringBoundLogger) -> None:
        self._logger = logger

    async def send(self, message: Message) -> Answer:
        """Log what people need to see; the whole body stays in the ledger."""
        data = json.loads(message.body)["data"]
        named = ("alert_id", "rule_name", "severity", "state", "reason", "title", "group_labels", "n_impacts")
        self._logger.info(
            "alert_notification",
            receiver=message.receiver_name,
            webhook_id=message.webhook_id,
            type=message.event_type,
            **{name: data[name] for name in named if name in data},
        )
        return Answer(is_taken=True)
