"""A kind of receiver is one class: its configuration is checked, its secrets are sealed, and notices go through it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated, Literal, get_args

import pytest
from pydantic import Field, StrictBool, TypeAdapter, ValidationError

from alerts.delivery.channels.channel import Channel, Config, Message, ReceiverDefinition, Secret
from alerts.delivery.channels.configuration import opened_config
from alerts.delivery.channels.log import LogCreate
from alerts.delivery.channels.registry import CHANNELS, ReceiverCreate, ReceiverKind
from alerts.delivery.retry_schedule import SendResult
from alerts.models import RECEIVER, SEALED
from alerts.receivers.management import create_receiver, replace_receiver, shown_config
from common.errors import Conflict
from common.runtime import Runtime
from tests.builders.impacts import impact
from tests.conftest import StartService
from tests.integration.alerts.conftest import AlertsUnderTest, deliver_due, running


class PagerCreate(ReceiverDefinition):
    """A receiver that is paged."""

    name: str
    kind: Literal["pager"] = "pager"
    number: Annotated[str, Field(pattern=r"^\+[0-9]{6,15}$")]
    code: Annotated[str, Secret()]
    enabled: StrictBool = True


class PagerChannel(Channel):
    """Keeps what was paged."""

    kind = "pager"
    definition = PagerCreate

    def __init__(self) -> None:
        self.paged: list[Message] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, runtime: Runtime) -> AsyncIterator[Channel]:
        yield cls()

    async def check(self, config: Config) -> None:
        if config["number"] == "+000000":
            raise Conflict("Nobody has this number.")

    def shown(self, config: Config) -> dict[str, str]:
        return {"code": f"{str(config['code'])[:1]}***"}

    async def send(self, message: Message) -> SendResult:
        self.paged.append(message)
        return SendResult(is_taken=True)


PAGER = PagerCreate(name="night shift", number="+41443210000", code="letmein")


async def test_a_channel_that_one_class_adds_is_delivered_through(alerts: AlertsUnderTest) -> None:
    await alerts.runtime.stop_workers()
    pager = PagerChannel()
    engine = replace(alerts.engine, channels={**alerts.engine.channels, "pager": pager})
    async with alerts.service.database.transaction() as connection:
        row, secret = await create_receiver(engine, connection, PAGER)
    await alerts.rule(receivers=["night shift"])

    await alerts.signals(impact())
    await deliver_due(alerts.dispatcher(pager=pager))

    (message,) = pager.paged
    assert message.config == {"number": "+41443210000", "code": "letmein"}
    assert (message.event_type, message.receiver_name, message.secrets) == ("alert.firing", "night shift", ())
    assert (row.config, row.url, secret) == ({"number": "+41443210000"}, None, None)
    assert shown_config(engine, row) == {"number": "+41443210000", "code": "l***"}
    deliveries = (await alerts.get("/deliveries"))["data"]
    assert [(each["receiver_name"], each["state"]) for each in deliveries] == [("night shift", "delivered")]


async def test_its_secrets_are_sealed_and_stay_when_they_are_given_as_shown(start_service: StartService) -> None:
    async with running(start_service, secrets_key="a key of thirty-two characters or more") as alerts:
        engine = replace(alerts.engine, channels={**alerts.engine.channels, "pager": PagerChannel()})
        async with alerts.service.database.transaction() as connection:
            row, _ = await create_receiver(engine, connection, PAGER)
            moved = PAGER.model_copy(update={"number": "+41443219999", "code": "l***"})
            changed = await replace_receiver(engine, connection, row, moved)

        box = alerts.runtime.secret_box
        assert row.config_secrets is not None
        assert "letmein" not in row.config_secrets
        assert opened_config(changed, box) == {"number": "+41443219999", "code": "letmein"}
        assert RECEIVER.c.config_secrets in SEALED


async def test_a_configuration_that_its_channel_refuses_is_not_stored(alerts: AlertsUnderTest) -> None:
    engine = replace(alerts.engine, channels={**alerts.engine.channels, "pager": PagerChannel()})
    nobody = PAGER.model_copy(update={"number": "+000000"})

    async with alerts.service.database.transaction() as connection:
        with pytest.raises(Conflict, match="Nobody has this number"):
            await create_receiver(engine, connection, nobody)

    assert (await alerts.get("/receivers"))["data"] == []


def test_every_kind_of_receiver_is_read_by_its_own_definition() -> None:
    wire = TypeAdapter(ReceiverCreate)

    assert {channel.kind for channel in CHANNELS} == set(get_args(ReceiverKind))
    assert isinstance(wire.validate_python({"name": "log", "kind": "log"}), LogCreate)
    with pytest.raises(ValidationError, match="url"):
        wire.validate_python({"name": "log", "kind": "log", "url": "https://desk.example/"})
