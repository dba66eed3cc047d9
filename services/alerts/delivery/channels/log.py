"""Receivers that are the service's own log."""

import json

from structlog.typing import FilteringBoundLogger

from alerts.delivery.channels.channel import Message
from alerts.delivery.retry_schedule import Answer


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
