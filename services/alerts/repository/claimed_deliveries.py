"""What is sent: deliveries claimed with a lease, what attempts made of them, and the attempts themselves."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import JSONB

from alerts.column_values import DeliveryState
from alerts.models import DELIVERY, DELIVERY_ATTEMPT
from alerts.repository.deliveries import SUPERSEDED, AttemptRow
from common.contracts.json import JSONObject
from common.postgres.bulk import insert_rows
from common.postgres.database import Connection
from common.postgres.rows import arrays_of, find_rows


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
    config: JSONObject
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


# Of an alert one notice at a time is on its way to a receiver, and of those that are due the oldest is the first: two
# requests under way at once could arrive in either order.
_CLAIM = text(
    """
    WITH due AS (
        SELECT d.delivery_id
        FROM delivery d JOIN receiver r USING (receiver_id)
        WHERE d.state = 'pending' AND d.next_attempt_at <= :now
          AND (d.claimed_until IS NULL OR d.claimed_until <= :now)
          AND r.kind = ANY(CAST(:kinds AS text[]))
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


async def claim_deliveries(
    connection: Connection,
    *,
    now: datetime,
    claimed_until: datetime,
    kinds: Collection[str],
    busy: Collection[UUID],
    limit: int,
) -> list[ClaimedDelivery]:
    """Return deliveries that are due, with all that is needed to send them; nobody else gets them until the lease ends.

    Parameters
    ----------
    kinds : kinds of receivers that this process can send to; what is for others waits for a process that can.
    busy : receivers that this process is sending to already.
    """
    parameters = {
        "now": now,
        "claimed_until": claimed_until,
        "kinds": list(kinds),
        "busy": list(busy),
        "limit": limit,
        "superseded": SUPERSEDED,
    }
    return await find_rows(connection, _CLAIM, ClaimedDelivery, parameters)


async def update_outcomes(connection: Connection, outcomes: Sequence[DeliveryOutcome]) -> None:
    """Write what attempts made of their deliveries, whose leases end."""
    # In a statement of its own: what was written while this waited for a lock is seen by the next one only.
    await _lock(connection, [outcome.delivery_id for outcome in outcomes])
    await connection.execute(_UPDATE_OUTCOMES, arrays_of(outcomes) | {"superseded": SUPERSEDED})


async def insert_attempts(connection: Connection, attempts: Sequence[AttemptRow]) -> None:
    """Write attempts; one that is on record already stays as it is."""
    await insert_rows(connection, DELIVERY_ATTEMPT, attempts, on_conflict=("delivery_id", "number"))


async def update_released(connection: Connection, delivery_ids: Sequence[UUID]) -> None:
    """Give claimed deliveries back."""
    await _lock(connection, delivery_ids)
    await connection.execute(
        update(DELIVERY).where(DELIVERY.c.delivery_id.in_(delivery_ids)).values(claimed_until=None)
    )


async def _lock(connection: Connection, delivery_ids: Sequence[UUID]) -> None:
    """Lock deliveries for this transaction, all in the same order whoever asks."""
    await connection.execute(_LOCK, {"delivery_id": list(delivery_ids)})
