"""The history of alerts: every change of state."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from alerts.models import ALERT_TRANSITION
from common.contracts import AlertState
from common.postgres.bulk import insert_rows
from common.postgres.database import Connection
from common.postgres.rows import columns_for, find_rows


class TransitionRow(NamedTuple):
    """A change of an alert's state."""

    transition_id: UUID
    alert_id: UUID
    happened_at: datetime
    from_state: AlertState | None
    to_state: AlertState
    reason: str
    actor: str | None
    note: str | None


async def insert_transitions(connection: Connection, rows: Sequence[TransitionRow]) -> None:
    """Append to the history of alerts."""
    await insert_rows(connection, ALERT_TRANSITION, rows)


async def list_transitions(connection: Connection, alert_id: UUID) -> list[TransitionRow]:
    """Return an alert's changes of state, the first one first."""
    statement = (
        select(*columns_for(TransitionRow, ALERT_TRANSITION))
        .where(ALERT_TRANSITION.c.alert_id == alert_id)
        .order_by(ALERT_TRANSITION.c.transition_id)
        .limit(1_000)
    )
    return await find_rows(connection, statement, TransitionRow)
