"""The delivery ledger: a row for each notice and receiver, created with the notice."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, or_, select, text, update

from alerts.column_values import AttemptVerdict, DeliveryReason, DeliveryState
from alerts.models import DELIVERY, DELIVERY_ATTEMPT, RECEIVER
from common.postgres.database import Connection
from common.postgres.paging import PageRequest, keyset
from common.postgres.rows import arrays_of, columns_for, find_row, find_rows


class NewDelivery(NamedTuple):
    """One notification to one receiver, to be written into the ledger."""

    delivery_id: UUID
    webhook_id: str
    alert_id: UUID | None
    receiver_id: UUID
    notification: int
    event_type: str
    reason: DeliveryReason
    body: str


class _Notice(NamedTuple):
    """A notice of an alert to a receiver, by its number among those of the alert."""

    alert_id: UUID | None
    receiver_id: UUID
    notification: int


class _DeliveredRow(NamedTuple):
    """When a notice of an alert was delivered."""

    alert_id: UUID
    delivered_at: datetime


class AttemptRow(NamedTuple):
    """One attempt: when, what came back, how long it took."""

    attempt_id: UUID
    delivery_id: UUID
    number: int
    attempted_at: datetime
    duration_milliseconds: float
    outcome: AttemptVerdict
    status_code: int | None
    error: str | None


class DeliveryRow(NamedTuple):
    """A delivery as it is read: without its body, with its receiver's name."""

    delivery_id: UUID
    webhook_id: str
    alert_id: UUID | None
    receiver_id: UUID
    notification: int
    event_type: str
    reason: DeliveryReason
    state: DeliveryState
    n_attempts: int
    n_failures: int
    next_attempt_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None
    last_status_code: int | None
    last_error: str | None
    receiver_name: str


class ReceiverTold(NamedTuple):
    """A receiver that was told of an alert, or is about to be."""

    alert_id: UUID
    receiver_id: UUID


SUPERSEDED = "superseded: a newer notice of the alert took its place"

# A receiver that is switched off gets its line in the ledger too: it shows what was missed, and can be sent later.
_INSERT = text(
    """
    INSERT INTO delivery (delivery_id, webhook_id, alert_id, receiver_id, notification, event_type, reason, body, state,
                          n_attempts, n_failures, next_attempt_at, created_at, last_error)
    SELECT given.delivery_id, given.webhook_id, given.alert_id, r.receiver_id, given.notification, given.event_type,
           given.reason, given.body, CASE WHEN r.is_enabled THEN 'pending' ELSE 'failed' END, 0, 0,
           CASE WHEN r.is_enabled THEN CAST(:now AS timestamptz) END, CAST(:now AS timestamptz),
           CASE WHEN r.is_enabled THEN NULL ELSE 'the receiver is disabled' END
    FROM unnest(CAST(:delivery_id AS uuid[]), CAST(:webhook_id AS text[]), CAST(:alert_id AS uuid[]),
                CAST(:receiver_id AS uuid[]), CAST(:notification AS integer[]), CAST(:event_type AS text[]),
                CAST(:reason AS text[]), CAST(:body AS text[]))
         AS given (delivery_id, webhook_id, alert_id, receiver_id, notification, event_type, reason, body)
    JOIN receiver r ON r.receiver_id = given.receiver_id AND r.deleted_at IS NULL
    ON CONFLICT (alert_id, receiver_id, notification) DO NOTHING
    """
)

# Of what waits for one receiver the newest notice of an alert says all that the older ones said, and more. Every older
# one is locked, those under way too: so none can be claimed, unseen by the claim of the newer, while this is committed.
_LOCK_OLDER = text(
    """
    SELECT d.delivery_id
    FROM unnest(CAST(:alert_id AS uuid[]), CAST(:receiver_id AS uuid[]), CAST(:notification AS integer[]))
         AS given (alert_id, receiver_id, notification)
    JOIN delivery d ON d.alert_id = given.alert_id AND d.receiver_id = given.receiver_id
         AND d.notification < given.notification AND d.state = 'pending'
    ORDER BY d.delivery_id
    FOR UPDATE OF d
    """
)

_SUPERSEDE = text(
    """
    UPDATE delivery SET state = 'failed', last_error = :reason, next_attempt_at = NULL, claimed_until = NULL
    WHERE delivery_id = ANY(CAST(:delivery_id AS uuid[])) AND state = 'pending'
      AND (claimed_until IS NULL OR claimed_until <= :now)
    """
)

_LOCK_PENDING = text(
    """
    SELECT count(*)
    FROM (SELECT 1 FROM delivery WHERE receiver_id = :receiver_id AND state = 'pending'
          ORDER BY delivery_id FOR UPDATE) AS locked
    """
)


async def insert_deliveries(connection: Connection, rows: Sequence[NewDelivery], now: datetime) -> None:
    """Write notifications to receivers into the ledger, in place of older ones of the same alert that still wait.

    One that is there already stays as it is.
    """
    if rows:
        await connection.execute(_INSERT, arrays_of(rows) | {"now": now})
    later = [_Notice(row.alert_id, row.receiver_id, row.notification) for row in rows if row.notification > 1]
    if later:
        older = (await connection.execute(_LOCK_OLDER, arrays_of(later))).scalars().all()
        parameters = {"delivery_id": list(older), "now": now, "reason": SUPERSEDED}
        await connection.execute(_SUPERSEDE, parameters)


async def list_receivers_told(connection: Connection, alert_ids: Sequence[UUID]) -> list[ReceiverTold]:
    """Return who was told of each alert, or is about to be; a receiver that was switched off all along was not."""
    statement = (
        select(*columns_for(ReceiverTold, DELIVERY))
        .distinct()
        .where(DELIVERY.c.alert_id.in_(alert_ids), or_(DELIVERY.c.state == "pending", DELIVERY.c.n_attempts > 0))
    )
    return await find_rows(connection, statement, ReceiverTold)


async def update_given_up(connection: Connection, receiver_id: UUID, reason: str) -> int:
    """Give up what still waits for a receiver, and return how many deliveries that were."""
    await connection.execute(_LOCK_PENDING, {"receiver_id": receiver_id})
    result = await connection.execute(
        update(DELIVERY)
        .where(DELIVERY.c.receiver_id == receiver_id, DELIVERY.c.state == "pending")
        .values(state="failed", last_error=reason, next_attempt_at=None, claimed_until=None)
    )
    return result.rowcount


_WITH_RECEIVER = DELIVERY.join(RECEIVER, RECEIVER.c.receiver_id == DELIVERY.c.receiver_id)
_READABLE = (
    *(DELIVERY.c[name] for name in DeliveryRow._fields if name in DELIVERY.c),
    RECEIVER.c.name.label("receiver_name"),
)


async def list_deliveries(
    connection: Connection, page: PageRequest, *, state: str | None, alert_id: UUID | None, receiver_id: UUID | None
) -> list[DeliveryRow]:
    """Return a page of deliveries, the newest first."""
    statement = select(*_READABLE).select_from(_WITH_RECEIVER)
    for column, value in (
        (DELIVERY.c.state, state),
        (DELIVERY.c.alert_id, alert_id),
        (DELIVERY.c.receiver_id, receiver_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    statement = keyset(statement, page, (DELIVERY.c.created_at, DELIVERY.c.delivery_id))
    return await find_rows(connection, statement, DeliveryRow)


async def find_delivery(connection: Connection, delivery_id: UUID) -> DeliveryRow | None:
    """Return a delivery; None when there is none."""
    statement = select(*_READABLE).select_from(_WITH_RECEIVER).where(DELIVERY.c.delivery_id == delivery_id)
    return await find_row(connection, statement, DeliveryRow)


async def list_attempts(connection: Connection, delivery_id: UUID) -> list[AttemptRow]:
    """Return the attempts of a delivery, the first one first."""
    statement = (
        select(*columns_for(AttemptRow, DELIVERY_ATTEMPT))
        .where(DELIVERY_ATTEMPT.c.delivery_id == delivery_id)
        .order_by(DELIVERY_ATTEMPT.c.number)
    )
    return await find_rows(connection, statement, AttemptRow)


async def update_due(connection: Connection, delivery_id: UUID, now: datetime) -> None:
    """Make a delivery due now, with the whole retry schedule before it again."""
    await connection.execute(
        update(DELIVERY)
        .where(DELIVERY.c.delivery_id == delivery_id)
        # The lease stays: while an attempt is under way, nothing else about the alert goes to its receiver.
        .values(state="pending", n_failures=0, next_attempt_at=now)
    )


async def delete_deliveries(connection: Connection, created_before: datetime) -> int:
    """Delete finished deliveries that are older, with their attempts; return how many. What is pending stays."""
    old = select(DELIVERY.c.delivery_id).where(DELIVERY.c.created_at < created_before, DELIVERY.c.state != "pending")
    await connection.execute(delete(DELIVERY_ATTEMPT).where(DELIVERY_ATTEMPT.c.delivery_id.in_(old)))
    result = await connection.execute(
        delete(DELIVERY).where(DELIVERY.c.created_at < created_before, DELIVERY.c.state != "pending")
    )
    return result.rowcount


async def list_delivered_at(connection: Connection, alert_ids: Sequence[UUID]) -> dict[UUID, list[datetime]]:
    """Return when notices of these alerts were delivered, the earliest first; without the alerts of which none was."""
    columns = columns_for(_DeliveredRow, DELIVERY)
    is_wanted = DELIVERY.c.alert_id.in_(alert_ids) & DELIVERY.c.delivered_at.is_not(None)
    wanted = select(*columns).where(is_wanted).order_by(DELIVERY.c.delivered_at)
    found: dict[UUID, list[datetime]] = {}
    for row in await find_rows(connection, wanted, _DeliveredRow):
        found.setdefault(row.alert_id, []).append(row.delivered_at)
    return found
