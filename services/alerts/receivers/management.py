"""Creates, changes, tests and removes receivers; their secrets are shown once and never read back."""

import json
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import structlog

from alerts.delivery.channels.channel import Channel, ReceiverDefinition
from alerts.delivery.channels.configuration import opened_config, sealed_config
from alerts.delivery.signatures import new_secret
from alerts.delivery.told_errors import texts_in, told_exception
from alerts.engine import Engine
from alerts.notification.body import notice
from alerts.notification.ledger_rows import delivery_rows
from alerts.repository import deliveries, receivers, rules
from alerts.repository.deliveries import DeliveryRow
from alerts.repository.receivers import NewReceiver, ReceiverChange, ReceiverRow
from alerts.schemas.receivers import ReceiverRead, SecretRotated
from common.clock import uuid7
from common.contracts.json import JSONObject
from common.errors import Conflict, NotFound, ServiceError
from common.postgres.database import Connection, Transaction, after_commit
from common.secrets.secret_box import UnreadableSecret

logger = structlog.get_logger(__name__)


async def required_receiver(connection: Connection, receiver_id: UUID, *, for_update: bool = False) -> ReceiverRow:
    """Return a stored receiver; `NotFound` when there is none."""
    row = await receivers.find_receiver(connection, receiver_id, for_update=for_update)
    return NotFound.unless(row, "receiver", receiver_id)


async def create_receiver(
    engine: Engine, transaction: Transaction, receiver: ReceiverDefinition
) -> tuple[ReceiverRow, str | None]:
    """Store a receiver; return its row, and its secret when messages of its kind are signed.

    Notes
    -----
    Checking it may take seconds, as when a name is looked up; no connection is held meanwhile.
    """
    runtime, channel, config = engine.runtime, engine.channels[receiver.kind], receiver.config()
    await _check(engine, channel, config)
    secret = new_secret() if channel.is_signed else None
    new = NewReceiver(
        *sealed_config(config, channel.definition.secret_fields(), runtime.secret_box),
        receiver_id=uuid7(),
        name=receiver.name,
        kind=receiver.kind,
        secret=None if secret is None else runtime.secret_box.seal(secret),
        is_enabled=receiver.enabled,
        created_at=runtime.clock.now(),
    )
    async with transaction() as connection:
        return await receivers.insert_receiver(connection, new), secret


async def _check(engine: Engine, channel: Channel, config: JSONObject) -> None:
    """Raise an error that the caller understands when `channel` refuses `config`, or cannot check it."""
    try:
        await channel.check(config)
    except ServiceError:
        raise
    except Exception as error:  # noqa: BLE001 - it may hold a secret, which the log of a failed request would show
        engine.runtime.failures.labels("receiver_check").inc()
        fields = channel.definition.secret_fields()
        secrets = texts_in({name: value for name, value in config.items() if name in fields})
        told = told_exception(error, secrets)
        raise Conflict(f"The configuration could not be checked: {told}", code="configuration_not_checked") from None


def read_receiver(engine: Engine, row: ReceiverRow) -> ReceiverRead:
    """Return a receiver as the API shows it."""
    config = shown_config(engine, row)
    url = config.get("url")
    shown = {
        "enabled": row.is_enabled,
        "url": url if isinstance(url, str) else None,
        "config": config,
        "is_supported": row.kind in engine.channels,
    }
    return ReceiverRead.model_validate({**row._asdict(), **shown})


def shown_config(engine: Engine, row: ReceiverRow) -> JSONObject:
    """Return the configuration of a receiver as it may be read: its secrets are masked.

    What only another release can read, because of its kind or of what it has stored, is left out.
    """
    opened = _opened(engine, row)
    channel = engine.channels.get(row.kind)
    if opened is None or channel is None:
        return row.config
    return {**row.config, **_masks(engine, channel, opened)}


def _masks(engine: Engine, channel: Channel, opened: JSONObject) -> dict[str, str]:
    """Return the masks of a receiver's secrets; none when its channel finds them to be another release's."""
    try:
        return channel.masks(opened)
    except Exception as error:  # noqa: BLE001 - one receiver that cannot be shown in full hides no other of the list
        engine.runtime.failures.labels("receiver_masks").inc()
        logger.warning("receiver_not_shown", kind=channel.kind, error=type(error).__name__)
        return {}


def _required_channel(engine: Engine, row: ReceiverRow) -> Channel:
    """Return the channel of a receiver; `Conflict` when this release has none for its kind."""
    channel = engine.channels.get(row.kind)
    if channel is None:
        raise Conflict(
            f"This release of the service has no receivers of the kind {row.kind!r}. "
            "Only a release that has them can change this one or send to it; what is due to it waits.",
            code="kind_not_supported",
        )
    return channel


def _opened(engine: Engine, row: ReceiverRow) -> JSONObject | None:
    """Return the configuration of a receiver, None when no key that the service has opens it."""
    try:
        return opened_config(row, engine.runtime.secret_box)
    except UnreadableSecret:
        return None


async def replace_receiver(
    engine: Engine,
    transaction: Transaction,
    receiver_id: UUID,
    receiver: ReceiverDefinition,
    *,
    require: Callable[[ReceiverRow], None] = lambda _row: None,
) -> ReceiverRow:
    """Change a receiver's name, configuration or whether it is on; enabling it forgets why it was switched off.

    A secret as it is shown, with its hidden part, is no new one: the receiver keeps the one it has.

    Parameters
    ----------
    require : raises when the caller does not want this receiver changed

    Notes
    -----
    Checking a configuration may take seconds, as when a name is looked up; no connection is held meanwhile. Where
    somebody else has changed the receiver, and with it what is kept, the configuration is checked anew.
    """
    checked: JSONObject | None = None
    while True:
        async with transaction() as connection:
            current = await required_receiver(connection, receiver_id, for_update=True)
            require(current)
            channel = _required_channel(engine, current)
            if receiver.kind != current.kind:
                raise Conflict("The kind of a receiver cannot change; create another one.", code="kind_is_fixed")
            held = _opened(engine, current)
            config = _with_kept(engine, channel, receiver.config(), held)
            if config in (held, checked):
                return await _replace(engine, connection, current, receiver, config)
        await _check(engine, channel, config)
        checked = config


def _with_kept(engine: Engine, channel: Channel, config: JSONObject, held: JSONObject | None) -> JSONObject:
    """Return a configuration with those of the secrets held that are given as they are shown."""
    if held is None:
        return config
    shown = _masks(engine, channel, held)
    return config | {name: held[name] for name, mask in shown.items() if name in held and config.get(name) == mask}


async def _replace(
    engine: Engine, connection: Connection, current: ReceiverRow, receiver: ReceiverDefinition, config: JSONObject
) -> ReceiverRow:
    runtime, channel = engine.runtime, engine.channels[current.kind]
    change = ReceiverChange(
        *sealed_config(config, channel.definition.secret_fields(), runtime.secret_box),
        name=receiver.name,
        is_enabled=receiver.enabled,
        updated_at=runtime.clock.now(),
    )
    row = await receivers.update_receiver(connection, current.receiver_id, change)
    after_commit(connection, engine.dispatcher.wake)
    return row


async def delete_receiver(engine: Engine, connection: Connection, receiver: ReceiverRow) -> None:
    """Remove a receiver that no rule uses; its ledger stays.

    Raises
    ------
    Conflict
        A rule still notifies it.
    """
    in_use = await rules.find_number_of_rules(connection, receiver.receiver_id)
    if in_use:
        raise Conflict(f"{in_use} rule(s) notify this receiver; change them first.", code="receiver_in_use")
    await deliveries.update_given_up(connection, receiver.receiver_id, "the receiver was deleted")
    await receivers.delete_receiver(connection, receiver.receiver_id, engine.runtime.clock.now())


async def test_receiver(engine: Engine, connection: Connection, receiver: ReceiverRow) -> DeliveryRow:
    """Put a test message into the ledger, which is delivered like any other, and return its delivery."""
    _required_channel(engine, receiver)
    now = engine.runtime.clock.now()
    data = json.dumps({"receiver": receiver.name, "title": "This is a test.", "severity": "info"})
    rows = delivery_rows(None, [receiver.receiver_id], 1, notice("test", data, now))
    await deliveries.insert_deliveries(connection, rows, now)
    after_commit(connection, engine.dispatcher.wake)
    # There is none when somebody has deleted the receiver meanwhile.
    delivery = await deliveries.find_delivery(connection, rows[0].delivery_id)
    return NotFound.unless(delivery, "receiver", receiver.receiver_id)


async def rotate_secret(engine: Engine, connection: Connection, receiver: ReceiverRow) -> SecretRotated:
    """Make a new secret; for `SECRET_OVERLAP_HOURS` the old one signs beside it."""
    if not _required_channel(engine, receiver).is_signed:
        raise Conflict(f"A {receiver.kind} receiver has no signing secret.", code="no_secret")
    runtime = engine.runtime
    now = runtime.clock.now()
    expires_at = now + timedelta(hours=engine.settings.secret_overlap_hours)
    secret = new_secret()
    sealed = runtime.secret_box.seal(secret)
    await receivers.update_secret(connection, receiver.receiver_id, sealed, previous_expires_at=expires_at, now=now)
    return SecretRotated(receiver_id=receiver.receiver_id, secret=secret, previous_expires_at=expires_at)
