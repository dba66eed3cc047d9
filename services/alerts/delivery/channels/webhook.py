"""Receivers that are called over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

import httpx
from pydantic import Field, StrictBool

from alerts.delivery.channels.channel import Channel, Config, Message, ReceiverDefinition, Secret
from alerts.delivery.retry_schedule import SendResult
from alerts.delivery.signatures import signed_headers
from alerts.settings import Settings
from common.clock import Clock
from common.contracts.text import Name
from common.errors import describe
from common.outgoing.address_guard import AddressGuard, ForbiddenAddress, guarded_client
from common.outgoing.header_values import retry_after_seconds
from common.runtime import Runtime
from common.secrets.masking import masked_webhook

WebhookURL = Annotated[str, Field(min_length=8, max_length=2_048, pattern=r"^https?://[^\s\x00-\x1f\x7f]+$")]
# Of a receiver's answer only the status counts.
_MAX_ANSWER_BYTES = 64 * 1024


class WebhookCreate(ReceiverDefinition):
    """A receiver of signed requests."""

    name: Name = Field(description="Name of the receiver, 1 to 200 characters; unique.")
    kind: Literal["webhook"] = Field(description="Kind of receiver, `webhook`.")
    # Whoever knows the address of a webhook can post to it.
    url: Annotated[WebhookURL, Secret()] = Field(description="URL that the requests are sent to; only http and https.")
    enabled: StrictBool = Field(default=True, description="Whether messages are sent to it.")


class WebhookChannel(Channel):
    """Posts signed JSON (Standard Webhooks 1.0); redirects are not followed."""

    kind = "webhook"
    definition = WebhookCreate
    is_signed = True

    def __init__(self, client: httpx.AsyncClient, guard: AddressGuard, clock: Clock) -> None:
        self._client = client
        self._guard = guard
        self._clock = clock

    @classmethod
    @asynccontextmanager
    async def open(cls, runtime: Runtime) -> AsyncIterator[Channel]:
        """Yield the channel with its client, which reaches no private address unless the settings allow it."""
        settings = runtime.settings_as(Settings)
        guard = AddressGuard(allow_private=settings.allow_private_addresses)
        async with guarded_client(
            guard,
            timeout_seconds=settings.webhook_timeout_seconds,
            max_bytes=_MAX_ANSWER_BYTES,
            headers={"User-Agent": "market-impact-analysis-system"},
        ) as client:
            yield cls(client, guard, runtime.clock)

    async def check(self, config: Config) -> None:
        """Refuse an address that no delivery could reach."""
        await self._guard.require(str(config["url"]))

    def shown(self, config: Config) -> dict[str, str]:
        """Return the address with its path hidden, which is the secret of most webhooks."""
        return {"url": masked_webhook(str(config["url"]))}

    async def send(self, message: Message) -> SendResult:
        """Return what the receiver answered; only the status counts, the body is not read."""
        content = message.body.encode()
        headers = signed_headers(message.secrets, message.webhook_id, self._clock.now(), content)
        url = str(message.config["url"])
        try:
            async with self._client.stream("POST", url, content=content, headers=headers) as response:
                retry_after = retry_after_seconds(response.headers.get("Retry-After"), self._clock.now())
                error = None if response.is_success else f"HTTP {response.status_code}"
                return SendResult(response.status_code, error, retry_after)
        except (httpx.HTTPError, httpx.InvalidURL, ForbiddenAddress) as error:
            return SendResult(error=describe(error))
