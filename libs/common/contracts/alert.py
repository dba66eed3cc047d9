"""`Alert`: what reaches a person, with the way back to the headline that caused it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from common.contracts.impact import Impact
from common.contracts.lineage import Lineage

AlertKind = Literal["impact", "system"]
AlertState = Literal["pending", "firing", "acknowledged", "resolved", "expired"]
Severity = Literal["info", "warning", "critical"]


class Alert(BaseModel):
    """One logical alert: a rule, a group of impacts and its state over time."""

    alert_id: UUID
    rule_id: UUID
    rule_name: str
    state: AlertState
    severity: Severity
    group_labels: dict[str, str]
    labels: dict[str, str] = Field(default_factory=dict)
    title: str
    impacts: list[Impact]
    n_impacts: int = Field(ge=0)
    starts_at: datetime
    updated_at: datetime
    ends_at: datetime | None = None
    lineage: Lineage | None = Field(default=None, description="Of the strongest impact; null for an event's alert.")
