"""Rows of the ledger and of the history, as both writers of notifications make them."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from alerts.notification.body import Notice
from alerts.repository.deliveries import NewDelivery
from alerts.repository.transitions import TransitionRow
from common.clock import uuid7
from common.contracts import AlertState


def delivery_rows(
    alert_id: UUID | None, receivers: Iterable[UUID], notification: int, notice: Notice
) -> list[NewDelivery]:
    """Return a delivery of the alert's `notification`th notice for each receiver, with one id for all its attempts."""
    return [
        NewDelivery(
            delivery_id=(delivery_id := uuid7()),
            webhook_id=f"msg_{delivery_id.hex}",
            alert_id=alert_id,
            receiver_id=receiver_id,
            notification=notification,
            event_type=notice.type,
            reason=notice.reason,
            body=notice.body,
        )
        for receiver_id in receivers
    ]


def transition(
    alert_id: UUID,
    now: datetime,
    from_state: AlertState | None,
    to_state: AlertState,
    reason: str,
    *,
    actor: str | None = None,
    note: str | None = None,
) -> TransitionRow:
    """Return the row of a change of state."""
    return TransitionRow(uuid7(), alert_id, now, from_state, to_state, reason, actor, note)
