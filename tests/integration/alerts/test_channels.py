"""A kind of receiver is one class: its configuration is checked, its secrets are sealed, and notices go through it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated, Literal, get_args

import pytest
from pydantic import Field, JsonValue, SecretStr, StrictBool, TypeAdapter, ValidationError
from sqlalchemy import select, text

from alerts.delivery.channels.channel import Channel, Config, Message, ReceiverDefinition, Secret
from alerts.delivery.channels.configuration import opened_config, sealed_config
from alerts.delivery.channels.log import LogCreate
from alerts.delivery.channels.registry import CHANNELS, ReceiverCreate, ReceiverKind
from alerts.delivery.retry_schedule import SendResult
from alerts.engine import Engine
from alerts.lifecycle.notifier import flush_due
from alerts.models import RECEIVER, SEALED
from alerts.receivers.management import (
    create_receiver,
    delete_receiver,
    read_receiver,
    replace_receiver,
    rotate_secret,
    shown_config,
)
from alerts.retention import prune_shown_secrets
from common.contracts.json import JSONObject
from common.errors import Conflict
from common.postgres.database import within
from common.runtime import Runtime
from common.secrets.secret_box import SecretBox
from tests.builders.impacts import impact
from tests.conftest import StartService
from tests.integration.alerts.conftest import AlertsUnderTest, deliver_due, running
from tests.integration.alerts.test_secrets import everything


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
        row, secret = await create_receiver(engine, within(connection), PAGER)
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
            row, _ = await create_receiver(engine, within(connection), PAGER)
            moved = PAGER.model_copy(update={"number": "+41443219999", "code": "l***"})
            changed = await replace_receiver(engine, within(connection), row.receiver_id, moved)

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
            await create_receiver(engine, within(connection), nobody)

    assert (await alerts.get("/receivers"))["data"] == []


class SafeCreate(ReceiverDefinition):
    """A receiver with secrets of several forms, one of them called as the address of a webhook is."""

    name: str
    kind: Literal["safe"] = "safe"
    place: str
    user: Annotated[str, Secret()]
    pin: Annotated[str | None, Field(pattern=r"^([0-9]{4}|\*\*\*)$"), Secret()] = None
    url: Annotated[str | None, Secret()] = None
    enabled: StrictBool = True


class SafeChannel(PagerChannel):
    """Shows a part of one of its secrets."""

    kind = "safe"
    definition = SafeCreate

    async def check(self, config: Config) -> None:
        return

    def shown(self, config: Config) -> dict[str, str]:
        return {"user": f"{str(config['user'])[:1]}***"}


@asynccontextmanager
async def safe_receivers(start_service: StartService) -> AsyncIterator[tuple[AlertsUnderTest, Engine]]:
    async with running(start_service, secrets_key="a key of thirty-two characters or more") as alerts:
        await alerts.runtime.stop_workers()
        yield alerts, replace(alerts.engine, channels={**alerts.engine.channels, "safe": SafeChannel()})


@pytest.mark.parametrize(
    "secrets",
    [
        {"user": "alice", "pin": "1234", "url": "https://safe.example/key"},
        {"user": "alice", "pin": "1234"},
        {"user": "alice"},
        {"user": "", "url": ""},
    ],
)
async def test_a_configuration_is_read_changed_in_one_field_and_put_back_with_its_secrets(
    start_service: StartService, secrets: dict[str, str]
) -> None:
    async with safe_receivers(start_service) as (alerts, engine):
        created = SafeCreate(name="safe", place="Bern", **secrets)
        async with alerts.service.database.transaction() as connection:
            row, _ = await create_receiver(engine, within(connection), created)
            read = read_receiver(engine, row)
            back = SafeCreate(name=read.name, enabled=read.enabled, **{**read.config, "place": "Basel"})
            changed = await replace_receiver(engine, within(connection), row.receiver_id, back)
            new_pin = back.model_copy(update={"pin": "5678"})
            renewed = await replace_receiver(engine, within(connection), changed.receiver_id, new_pin)

        box = alerts.runtime.secret_box
        assert opened_config(row, box) == created.config()
        assert opened_config(changed, box) == {**created.config(), "place": "Basel"}
        assert opened_config(renewed, box) == {**created.config(), "place": "Basel", "pin": "5678"}
        assert not [value for value in secrets.values() if value and value in read.model_dump_json()]
        assert row.config == {"place": "Bern"}


@pytest.mark.parametrize("url", ["https://safe.example/key", "", None, 7, ["a"], {"a": None}, False])
def test_a_secret_that_is_called_url_comes_back_as_it_was(url: JsonValue) -> None:
    config: JSONObject = {"url": url, "place": "Bern", "code": None}
    box = SecretBox(SecretStr("a key of thirty-two characters or more"))

    stored = sealed_config(config, {"url", "code"}, box)

    assert opened_config(stored, box) == config
    assert stored.config == {"place": "Bern"}


async def test_a_deleted_receiver_keeps_no_secret_whoever_deleted_it(start_service: StartService) -> None:
    async with safe_receivers(start_service) as (alerts, engine):
        async with alerts.service.database.transaction() as connection:
            given = SafeCreate(name="safe", place="Bern", user="alice", url="https://safe.example/key")
            row, _ = await create_receiver(engine, within(connection), given)
            await delete_receiver(engine, connection, row)
        assert await secrets_of_deleted(alerts) == [(None, None, None, None)]

        kept = "UPDATE receiver SET url = 'u', config_secrets = 'c', secret = 's', previous_secret = 'p'"
        async with alerts.service.database.transaction() as connection:
            await connection.execute(text(kept))
        await prune_shown_secrets(engine)
        assert await secrets_of_deleted(alerts) == [(None, None, None, None)]


async def secrets_of_deleted(alerts: AlertsUnderTest) -> list[tuple[str | None, ...]]:
    async with alerts.service.database.reading() as connection:
        statement = select(*SEALED).where(RECEIVER.c.deleted_at.is_not(None))
        return [tuple(row) for row in await connection.execute(statement)]


async def test_a_kind_without_signatures_has_no_signing_secret_to_rotate(start_service: StartService) -> None:
    async with safe_receivers(start_service) as (alerts, engine):
        given = SafeCreate(name="safe", place="Bern", user="alice")
        async with alerts.service.database.transaction() as connection:
            row, _ = await create_receiver(engine, within(connection), given)
            with pytest.raises(Conflict, match="A safe receiver has no signing secret"):
                await rotate_secret(engine, connection, row)


@pytest.mark.parametrize("is_raised", [True, False])
async def test_an_error_of_a_channel_is_on_record_without_the_secrets(
    start_service: StartService, capsys: pytest.CaptureFixture[str], is_raised: bool
) -> None:
    class Talkative(SafeChannel):
        async def send(self, message: Message) -> SendResult:
            told = f"Illegal header value {str(message.config['user']).encode()!r}\0"
            if is_raised:
                raise ValueError(told)
            return SendResult(200, told)

    async with safe_receivers(start_service) as (alerts, engine):
        async with alerts.service.database.transaction() as connection:
            await create_receiver(
                engine, within(connection), SafeCreate(name="safe", place="Bern", user="tk_letmein\n")
            )
        await alerts.rule(receivers=["safe"])
        await alerts.signals(impact())
        await flush_due(engine)
        await deliver_due(alerts.dispatcher(safe=Talkative()))
        (delivery,) = (await alerts.get("/deliveries"))["data"]
        held = await everything(alerts.service.database)

    assert (delivery["state"], delivery["n_attempts"]) == ("pending", 1)
    assert delivery["last_error"].removeprefix("ValueError: ") == "Illegal header value b'***'"
    assert "letmein" not in held
    assert "letmein" not in "".join(capsys.readouterr())


async def test_a_check_that_fails_is_a_refusal_without_the_secrets(start_service: StartService) -> None:
    class Unchecked(SafeChannel):
        async def check(self, config: Config) -> None:
            raise ValueError(f"no answer to Bearer {config['user']}")

    async with safe_receivers(start_service) as (alerts, engine):
        unchecked = replace(engine, channels={"safe": Unchecked()})
        given = SafeCreate(name="safe", place="Bern", user="tk_letmein")
        async with alerts.service.database.transaction() as connection:
            with pytest.raises(Conflict, match=r"checked: ValueError: no answer to Bearer \*\*\*$") as found:
                await create_receiver(unchecked, within(connection), given)

    assert found.value.__suppress_context__


async def test_an_attempt_that_outlasts_the_time_limit_is_a_failed_one_of_any_kind(start_service: StartService) -> None:
    class Endless(PagerChannel):
        async def send(self, message: Message) -> SendResult:
            await asyncio.Event().wait()
            return SendResult(is_taken=True)

    async with running(start_service, webhook_timeout_seconds=0.05) as alerts:
        await alerts.runtime.stop_workers()
        engine = replace(alerts.engine, channels={**alerts.engine.channels, "pager": PagerChannel()})
        async with alerts.service.database.transaction() as connection:
            await create_receiver(engine, within(connection), PAGER)
        await alerts.rule(receivers=["night shift"])
        await alerts.signals(impact())
        await flush_due(engine)
        dispatcher = alerts.dispatcher(pager=Endless())
        await dispatcher.start_due()
        await alerts.until(lambda: is_tried(alerts))
        (delivery,) = (await alerts.get("/deliveries"))["data"]

    assert (delivery["state"], delivery["last_error"]) == ("pending", "TimeoutError")


async def is_tried(alerts: AlertsUnderTest) -> bool:
    return (await alerts.get("/deliveries"))["data"][0]["n_attempts"] == 1


def test_every_kind_of_receiver_is_read_by_its_own_definition() -> None:
    wire = TypeAdapter(ReceiverCreate)

    assert {channel.kind for channel in CHANNELS} == set(get_args(ReceiverKind))
    assert isinstance(wire.validate_python({"name": "log", "kind": "log"}), LogCreate)
    with pytest.raises(ValidationError, match="url"):
        wire.validate_python({"name": "log", "kind": "log", "url": "https://desk.example/"})
