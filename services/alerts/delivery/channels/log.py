"""Receivers that are the service's own log."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from pydantic import Field, StrictBool
from structlog.typing import FilteringBoundLogger

from alerts.delivery.channels.channel import Channel, Message, ReceiverDefinition
from alerts.delivery.retry_schedule import SendResult
from common.contracts.text import Name
from common.runtime import Runtime


class LogCreate(ReceiverDefinition):
    """A receiver that writes one structured log line for each notice."""

    name: Name = Field(description="Name of the receiver, 1 to 200 characters; unique.")
    kind: Literal["log"] = Field(description="Kind of receiver, `log`.")
    enabled: StrictBool = Field(default=True, description="Whether messages are sent to it.")


class LogChannel(Channel):
    """Writes one structured log line; it cannot fail."""

    kind = "log"
    definition = LogCreate
    is_local = True

    def __init__(self, logger: FilteringBoundLogger) -> None:
        self._logger = logger

    @classmethod
    @asynccontextmanager
    async def open(cls, runtime: Runtime) -> AsyncIterator[Channel]:
        """Yield the channel to the log of the service."""
        yield cls(runtime.logger)

    async def send(self, message: Message) -> SendResult:
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
        return SendResult(is_taken=True)
