"""Creates, changes, tests and removes receivers; their secrets are shown once and never read back."""

import json
from datetime import datetime, timedelta
from uuid import UUID

from alerts.delivery.signatures import new_secret
from alerts.engine import Engine
from alerts.notification.body import notice
from alerts.notification.ledger_rows import delivery_rows
from alerts.repository import deliveries, receivers, rules
from alerts.repository.receivers import NewReceiver, ReceiverChange, ReceiverRow
from alerts.schemas.receivers import ReceiverCreate, ReceiverCreated, ReceiverRead, SecretRotated, WebhookCreate
from common.clock import uuid7
from common.errors import Conflict, NotFound
from common.postgres.database import Connection, after_commit
from common.runtime import Runtime
from common.secrets.masking import masked_webhook
from common.secrets.secret_box import UnreadableSecret


async def receiver_or_404(connection: Connection, receiver_id: UUID, *, for_update: bool = False) -> ReceiverRow:
    """Return a stored receiver; `NotFound` when there is none."""
    row = await receivers.find_receiver(connection, receiver_id, for_update=for_update)
    if row is None:
        raise NotFound.of("receiver", receiver_id)
    return row


async def create_receiver(engine: Engine, connection: Connection, receiver: ReceiverCreate) -> ReceiverCreated:
    """Store a receiver and make its secret, when its kind has one."""
    await _check_address(engine, receiver)
    runtime = engine.runtime
    now = runtime.clock.now()
    secret = new_secret() if receiver.kind == "webhook" else None
    new = NewReceiver(
        receiver_id=uuid7(),
        name=receiver.name,
        kind=receiver.kind,
        url=_sealed_url(runtime, receiver),
        secret=None if secret is None else runtime.secret_box.seal(secret),
        enabled=receiver.enabled,
        created_at=now,
    )
    row = await receivers.insert_receiver(connection, new)
    return ReceiverCreated(**read_receiver(runtime, row).model_dump(), secret=secret)


def read_receiver(runtime: Runtime, row: ReceiverRow) -> ReceiverRead:
    """Return a receiver as the API shows it: of its address only the host."""
    return ReceiverRead.model_validate({**row._asdict(), "url": _shown_url(runtime, row)})


def _shown_url(runtime: Runtime, row: ReceiverRow) -> str | None:
    try:
        return None if row.url is None else masked_webhook(runtime.secret_box.open(row.url))
    except UnreadableSecret:
        return None


def _sealed_url(runtime: Runtime, receiver: ReceiverCreate) -> str | None:
    return runtime.secret_box.seal(receiver.url) if isinstance(receiver, WebhookCreate) else None


async def replace_receiver(
    engine: Engine, connection: Connection, current: ReceiverRow, receiver: ReceiverCreate
) -> ReceiverRow:
    """Change a receiver's name, address or whether it is on; enabling it forgets why it was switched off.

    The address as it is shown, with its path hidden, is no new one: the receiver keeps the one it has.
    """
    if receiver.kind != current.kind:
        raise Conflict("The kind of a receiver cannot change; create another one.", code="kind_is_fixed")
    runtime = engine.runtime
    if isinstance(receiver, WebhookCreate) and receiver.url == _shown_url(runtime, current):
        url = current.url
    else:
        await _check_address(engine, receiver)
        url = _sealed_url(runtime, receiver)
    change = ReceiverChange(receiver.name, url, receiver.enabled, runtime.clock.now())
    row = await receivers.update_receiver(connection, current.receiver_id, change)
    after_commit(connection, engine.dispatcher.wake)
    return row


async def _check_address(engine: Engine, receiver: ReceiverCreate) -> None:
    """Refuse an address that no delivery could reach."""
    if isinstance(receiver, WebhookCreate):
        await engine.guard.require(receiver.url)


async def delete_receiver(connection: Connection, receiver_id: UUID, now: datetime) -> None:
    """Remove a receiver that no rule uses; its ledger stays.

    Raises
    ------
    Conflict
        A rule still notifies it.
    """
    in_use = await rules.find_number_of_rules(connection, receiver_id)
    if in_use:
        raise Conflict(f"{in_use} rule(s) notify this receiver; change them first.", code="receiver_in_use")
    await deliveries.update_given_up(connection, receiver_id, "the receiver was deleted")
    await receivers.delete_receiver(connection, receiver_id, now)


async def test_receiver(engine: Engine, connection: Connection, receiver: ReceiverRow) -> UUID:
    """Put a test message into the ledger, which is delivered like any other, and return its identifier."""
    now = engine.runtime.clock.now()
    data = json.dumps({"receiver": receiver.name, "title": "This is a test.", "severity": "info"})
    rows = delivery_rows(None, [receiver.receiver_id], 1, notice("test", data, now))
    await deliveries.insert_deliveries(connection, rows, now)
    after_commit(connection, engine.dispatcher.wake)
    return rows[0].delivery_id


async def rotate_secret(engine: Engine, connection: Connection, receiver: ReceiverRow) -> SecretRotated:
    """Make a new secret; for `SECRET_OVERLAP_HOURS` the old one signs beside it."""
    if receiver.kind != "webhook":
        raise Conflict(f"A {receiver.kind} receiver has no secret.", code="no_secret")
    runtime = engine.runtime
    now = runtime.clock.now()
    expires_at = now + timedelta(hours=engine.settings.secret_overlap_hours)
    secret = new_secret()
    sealed = runtime.secret_box.seal(secret)
    await receivers.update_secret(connection, receiver.receiver_id, sealed, previous_expires_at=expires_at, now=now)
    return SecretRotated(receiver_id=receiver.receiver_id, secret=secret, previous_expires_at=expires_at)


async def forget_shown_secrets(runtime: Runtime) -> None:
    """Take secrets out of the answers that the release before has stored under an `Idempotency-Key`."""
    async with runtime.database.transaction() as connection:
        await receivers.delete_shown_secrets(connection)
