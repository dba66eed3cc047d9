"""Alerts, their history and their way, on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.contracts import Alert, AlertKind, AlertState, Lineage
from common.contracts.text import Name, Note


class TransitionRead(BaseModel):
    """A change of state."""

    model_config = ConfigDict(from_attributes=True)

    happened_at: datetime
    from_state: AlertState | None
    to_state: AlertState
    reason: str
    actor: str | None
    note: str | None


class AlertRead(Alert):
    """An alert; the strongest 50 of its impacts are listed, `n_impacts` counts those that still stand."""

    kind: AlertKind
    group_key: str
    window_start: datetime
    expires_at: datetime
    n_notifications: int
    notified_at: datetime | None
    revision: int


class AlertDetail(AlertRead):
    """An alert with the history of its states."""

    history: list[TransitionRead]


class AlertAction(BaseModel):
    """Who acts, and what they want to remember about it."""

    by: Name | None = None
    note: Note | None = None


class HopRead(BaseModel):
    """The way between two stations; `milliseconds` is null while one of them is not reached."""

    start: str
    end: str
    milliseconds: float | None


class TrailRead(BaseModel):
    """The way of one impact of an alert, from publication to the first delivered notice."""

    lineage: Lineage
    ticker: str
    title: str
    state: str
    hops: list[HopRead]
    total_milliseconds: float | None
    pipeline_milliseconds: float | None = Field(description="From reception to notification: what is ours.")


class AlertLineage(BaseModel):
    """Why an alert is there, from what, and how long it took."""

    alert_id: UUID
    rule_id: UUID
    rule_name: str
    notified_at: datetime | None
    trails: list[TrailRead]


class GroupRead(BaseModel):
    """Alerts of one rule that share their group labels."""

    rule_id: UUID
    rule_name: str
    group_key: str
    group_labels: dict[str, str]
    n_alerts: int
    n_open: int
    last_alert_id: UUID
    last_starts_at: datetime
    last_notified_at: datetime | None
