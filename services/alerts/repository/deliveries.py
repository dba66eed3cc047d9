"""The delivery ledger: rows are created with the notice and claimed with a lease, and every attempt is kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import delete, or_, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from alerts.models import DELIVERY, DELIVERY_ATTEMPT, RECEIVER, AttemptVerdict, DeliveryReason, DeliveryState
from alerts.repository.arrays import arrays_of
from common.api.pagination import PageRequest, keyset
from common.postgres.bulk import insert_rows
from common.postgres.database import Connection
from common.postgres.rows import columns_for, find_row, find_rows


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


class ClaimedDelivery(NamedTuple):
    """A delivery that is due, with all that is needed to send it; addresses and secrets are sealed.

    Notes
    -----
    `due_at` and `receiver_revision` tell later whether the delivery and its receiver still are as they were claimed.
    `tried_since` is when the first of the older notices was made whose place this one takes, and which failed too.
    """

    delivery_id: UUID
    webhook_id: str
    alert_id: UUID | None
    receiver_id: UUID
    event_type: str
    body: str
    n_attempts: int
    n_failures: int
    created_at: datetime
    due_at: datetime
    name: str
    kind: str
    url: str | None
    config: dict[str, JsonValue]
    config_secrets: str | None
    secret: str | None
    previous_secret: str | None
    previous_secret_expires_at: datetime | None
    last_delivered_at: datetime | None
    receiver_revision: int
    tried_since: datetime | None


class DeliveryOutcome(NamedTuple):
    """What an attempt made of a delivery; `due_at` is when it was due as it was claimed."""

    delivery_id: UUID
    state: DeliveryState
    n_failures: int
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    last_status_code: int | None
    last_error: str | None
    due_at: datetime


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


_SUPERSEDED = "superseded: a newer notice of the alert took its place"

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

# Of an alert one notice at a time is on its way to a receiver, and of those that are due the oldest is the first: two
# requests under way at once could arrive in either order.
_CLAIM = text(
    """
    WITH due AS (
        SELECT d.delivery_id
        FROM delivery d JOIN receiver r USING (receiver_id)
        WHERE d.state = 'pending' AND d.next_attempt_at <= :now
          AND (d.claimed_until IS NULL OR d.claimed_until <= :now)
          AND r.is_enabled AND r.deleted_at IS NULL AND (r.throttled_until IS NULL OR r.throttled_until <= :now)
          AND d.receiver_id <> ALL(CAST(:busy AS uuid[]))
          AND NOT EXISTS (
              SELECT 1 FROM delivery other
              WHERE other.alert_id = d.alert_id AND other.receiver_id = d.receiver_id AND other.state = 'pending'
                AND other.delivery_id <> d.delivery_id
                AND (other.claimed_until > :now
                     OR other.notification < d.notification AND other.next_attempt_at <= :now))
        ORDER BY d.next_attempt_at
        LIMIT :limit
        FOR UPDATE OF d SKIP LOCKED)
    UPDATE delivery d SET claimed_until = :claimed_until
    FROM due, receiver r
    WHERE d.delivery_id = due.delivery_id AND r.receiver_id = d.receiver_id
    RETURNING d.delivery_id, d.webhook_id, d.alert_id, d.receiver_id, d.event_type, d.body, d.n_attempts, d.n_failures,
              d.created_at, d.next_attempt_at AS due_at, r.name, r.kind, r.url, r.config, r.config_secrets,
              r.secret, r.previous_secret, r.previous_secret_expires_at, r.last_delivered_at,
              r.revision AS receiver_revision,
              (SELECT min(since.created_at) FROM delivery since
               WHERE since.alert_id = d.alert_id AND since.receiver_id = d.receiver_id
                 AND since.n_attempts > 0 AND since.last_error = :superseded
                 AND since.notification > (
                     SELECT COALESCE(max(taken.notification), 0) FROM delivery taken
                     WHERE taken.alert_id = d.alert_id AND taken.receiver_id = d.receiver_id
                       AND taken.state = 'delivered')) AS tried_since
    """
).columns(config=JSONB)

_LOCK = text(
    """
    SELECT delivery_id FROM delivery
    WHERE delivery_id = ANY(CAST(:delivery_id AS uuid[])) ORDER BY delivery_id FOR UPDATE
    """
)

_LOCK_PENDING = text(
    """
    SELECT count(*)
    FROM (SELECT 1 FROM delivery WHERE receiver_id = :receiver_id AND state = 'pending'
          ORDER BY delivery_id FOR UPDATE) AS locked
    """
)

# A success is recorded whatever has happened meanwhile. A failure counts only while the delivery still is as it was
# claimed, not given up nor asked for again; and it is tried no more when a newer notice waits or was taken.
_UPDATE_OUTCOMES = text(
    """
    UPDATE delivery d SET
        n_attempts = d.n_attempts + 1, claimed_until = NULL, last_status_code = given.last_status_code,
        state = CASE WHEN NOT settled.counts THEN d.state WHEN settled.is_superseded THEN 'failed'
                     ELSE given.state END,
        n_failures = CASE WHEN settled.counts THEN given.n_failures ELSE d.n_failures END,
        next_attempt_at = CASE WHEN NOT settled.counts THEN d.next_attempt_at WHEN settled.is_superseded THEN NULL
                               ELSE given.next_attempt_at END,
        delivered_at = CASE WHEN settled.counts THEN given.delivered_at ELSE d.delivered_at END,
        last_error = CASE WHEN NOT settled.counts THEN COALESCE(d.last_error, given.last_error)
                          WHEN settled.is_superseded THEN :superseded ELSE given.last_error END
    FROM unnest(CAST(:delivery_id AS uuid[]), CAST(:state AS text[]), CAST(:n_failures AS integer[]),
                CAST(:next_attempt_at AS timestamptz[]), CAST(:delivered_at AS timestamptz[]),
                CAST(:last_status_code AS integer[]), CAST(:last_error AS text[]), CAST(:due_at AS timestamptz[]))
         AS given (delivery_id, state, n_failures, next_attempt_at, delivered_at, last_status_code, last_error, due_at)
    JOIN LATERAL (
        SELECT given.state = 'delivered' OR held.state = 'pending' AND held.next_attempt_at = given.due_at AS counts,
               given.state = 'pending' AND EXISTS (
                   SELECT 1 FROM delivery newer
                   WHERE newer.alert_id = held.alert_id AND newer.receiver_id = held.receiver_id
                     AND newer.notification > held.notification) AS is_superseded
        FROM delivery held WHERE held.delivery_id = given.delivery_id) AS settled ON true
    WHERE d.delivery_id = given.delivery_id
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
        parameters = {"delivery_id": list(older), "now": now, "reason": _SUPERSEDED}
        await connection.execute(_SUPERSEDE, parameters)


async def claim_deliveries(
    connection: Connection, *, now: datetime, claimed_until: datetime, busy: Sequence[UUID], limit: int
) -> list[ClaimedDelivery]:
    """Return deliveries that are due, with all that is needed to send them; nobody else gets them until the lease ends.

    Parameters
    ----------
    busy : receivers that this process is sending to already.
    """
    parameters = {
        "now": now,
        "claimed_until": claimed_until,
        "busy": list(busy),
        "limit": limit,
        "superseded": _SUPERSEDED,
    }
    return await find_rows(connection, _CLAIM, ClaimedDelivery, parameters)


async def update_outcomes(connection: Connection, outcomes: Sequence[DeliveryOutcome]) -> None:
    """Write what attempts made of their deliveries, whose leases end."""
    # In a statement of its own: what was written while this waited for a lock is seen by the next one only.
    await _lock(connection, [outcome.delivery_id for outcome in outcomes])
    await connection.execute(_UPDATE_OUTCOMES, arrays_of(outcomes) | {"superseded": _SUPERSEDED})


async def insert_attempts(connection: Connection, attempts: Sequence[AttemptRow]) -> None:
    """Write attempts; one that is on record already stays as it is."""
    rows = [attempt._asdict() for attempt in attempts]
    await insert_rows(connection, DELIVERY_ATTEMPT, rows, on_conflict=("delivery_id", "number"))


async def list_receivers_told(connection: Connection, alert_ids: Sequence[UUID]) -> list[ReceiverTold]:
    """Return who was told of each alert, or is about to be; a receiver that was switched off all along was not."""
    statement = (
        select(*columns_for(ReceiverTold, DELIVERY))
        .distinct()
        .where(DELIVERY.c.alert_id.in_(alert_ids), or_(DELIVERY.c.state == "pending", DELIVERY.c.n_attempts > 0))
    )
    return await find_rows(connection, statement, ReceiverTold)


async def _lock(connection: Connection, delivery_ids: Sequence[UUID]) -> None:
    """Lock deliveries for this transaction, all in the same order whoever asks."""
    await connection.execute(_LOCK, {"delivery_id": list(delivery_ids)})


async def update_released(connection: Connection, delivery_ids: Sequence[UUID]) -> None:
    """Give claimed deliveries back."""
    await _lock(connection, delivery_ids)
    await connection.execute(
        update(DELIVERY).where(DELIVERY.c.delivery_id.in_(delivery_ids)).values(claimed_until=None)
    )


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
