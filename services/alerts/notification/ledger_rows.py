"""Rows of the ledger and of the history, as both writers of notifications make them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from alerts.notification.body import Notice
from common.clock import uuid7


def delivery_rows(
    alert_id: UUID | None, receivers: Iterable[UUID], notification: int, notice: Notice
) -> list[dict[str, Any]]:
    """Return a delivery of the alert's `notification`th notice for each receiver, with one id for all its attempts."""
    return [
        {
            "delivery_id": (delivery_id := uuid7()),
            "webhook_id": f"msg_{delivery_id.hex}",
            "alert_id": alert_id,
            "receiver_id": receiver_id,
            "notification": notification,
            "event_type": notice.type,
            "reason": notice.reason,
            "body": notice.body,
        }
        for receiver_id in receivers
    ]


def transition(
    alert_id: UUID,
    now: datetime,
    from_state: str | None,
    to_state: str,
    reason: str,
    *,
    actor: str | None = None,
    note: str | None = None,
) -> dict[str, Any]:
    """Return the row of a change of state."""
    return {
        "transition_id": uuid7(),
        "alert_id": alert_id,
        "happened_at": now,
        "from_state": from_state,
        "to_state": to_state,
        "reason": reason,
        "actor": actor,
        "note": note,
    }
