"""The available kinds of receivers. A new one is a module beside this one, and its class in `CHANNELS`."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Final, Literal, Union

from pydantic import Field

from alerts.delivery.channels.channel import Channel, ReceiverDefinition
from alerts.delivery.channels.declared_secrets import registered
from alerts.delivery.channels.log import LogChannel
from alerts.delivery.channels.webhook import WebhookChannel
from common.runtime import Runtime

CHANNELS: Final[tuple[type[Channel], ...]] = registered(WebhookChannel, LogChannel)

if TYPE_CHECKING:
    ReceiverKind = str
    ReceiverCreate = ReceiverDefinition
else:
    ReceiverKind = Literal[tuple(channel.kind for channel in CHANNELS)]
    ReceiverCreate = Annotated[
        Union[tuple(channel.definition for channel in CHANNELS)],  # noqa: UP007 - as many as there are
        Field(discriminator="kind"),
    ]


@asynccontextmanager
async def open_channels(runtime: Runtime) -> AsyncIterator[dict[str, Channel]]:
    """Yield every channel by its kind, ready to send."""
    async with AsyncExitStack() as stack:
        yield {each.kind: await stack.enter_async_context(each.open(runtime)) for each in CHANNELS}
