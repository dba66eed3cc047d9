"""Receivers that are called over HTTP."""

import httpx

from alerts.delivery.channels.channel import Message
from alerts.delivery.retry_schedule import Answer
from alerts.delivery.signatures import signed_headers
from common.clock import Clock
from common.errors import describe
from common.outgoing.address_guard import ForbiddenAddress
from common.outgoing.header_values import retry_after_seconds


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
