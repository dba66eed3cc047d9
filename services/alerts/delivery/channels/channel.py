"""What every kind of receiver has to be able to do: send a message and tell what became of it."""

from dataclasses import dataclass, field
from typing import Protocol

from alerts.delivery.retry_schedule import Answer


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
