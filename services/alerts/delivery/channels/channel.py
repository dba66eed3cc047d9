"""The interface of a kind of receiver: its configuration, and how a message is sent to it.

A kind is one module of this package: its `Channel` and the `ReceiverDefinition` that users create it by, which
`registry` lists. A definition's own fields are the configuration. It is stored as JSON, apart from the fields marked
`Secret()`, which are sealed.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from pydantic import JsonValue

from alerts.delivery.retry_schedule import SendResult
from common.contracts.bounds import ClosedModel
from common.contracts.json import JSONObject
from common.runtime import Runtime

# The configuration of one receiver, its secrets opened.
Config = Mapping[str, JsonValue]


# What stands in the place of a secret of which its channel shows nothing.
_HIDDEN = "***"


class Secret:
    """Marks a field of a definition that is sealed at rest: a text, or none; `registry` refuses any other."""


class ReceiverDefinition(ClosedModel):
    """What a person creates or changes a receiver by: its name, its kind, whether it is on, and its configuration."""

    if TYPE_CHECKING:
        # Each kind declares them itself, in the order in which the API shows them.
        name: str
        kind: str
        enabled: bool

    def config(self) -> JSONObject:
        """Return the fields that only this kind has."""
        config: JSONObject = self.model_dump(mode="json", exclude={"name", "kind", "enabled"})
        return config

    @classmethod
    def secret_fields(cls) -> frozenset[str]:
        """Return the names of the fields that are secrets."""
        return frozenset(
            name for name, each in cls.model_fields.items() if any(isinstance(mark, Secret) for mark in each.metadata)
        )


@dataclass(frozen=True, slots=True)
class Message:
    """One notification on its way to one receiver; `secrets` sign it, the current one first."""

    webhook_id: str
    event_type: str
    body: str
    receiver_name: str
    config: Config = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


class Channel(ABC):
    """A kind of receiver, opened with the service.

    Notes
    -----
    `is_signed` says that receivers get a secret which signs their messages, and `is_local` that any number of messages
    may be sent at the same time.
    """

    kind: ClassVar[str]
    definition: ClassVar[type[ReceiverDefinition]]
    is_signed: ClassVar[bool] = False
    is_local: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def open(cls, runtime: Runtime) -> "AbstractAsyncContextManager[Channel]":
        """Return a context in which the channel can send."""

    @abstractmethod
    async def send(self, message: Message) -> SendResult:
        """Send `message` once; a failure is a result, and whatever is raised instead counts as one.

        Notes
        -----
        One attempt may take as long as the setting `webhook_timeout_seconds`, whatever its kind.
        """

    async def check(self, config: Config) -> None:  # noqa: ARG002 - any will do unless a kind says otherwise
        """Raise an error that a caller understands when no message could be sent with `config`."""
        return

    def shown(self, config: Config) -> dict[str, str]:  # noqa: ARG002 - nothing is unless a kind says otherwise
        """Return what may be read back of secret fields, each in a form that the field itself takes.

        A field given like this keeps its value. A secret that is not among them is shown as `***`.
        """
        return {}

    def masks(self, config: Config) -> dict[str, str]:
        """Return the form in which each secret of `config` is shown."""
        held = (name for name in sorted(self.definition.secret_fields()) if config.get(name) is not None)
        return {**dict.fromkeys(held, _HIDDEN), **self.shown(config)}
