"""`Alert`: what is sent to people, with the trail back to the headline that caused it."""

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

    alert_id: UUID = Field(description="Identifier of the alert.")
    rule_id: UUID = Field(description="Identifier of the rule that made it.")
    rule_name: str = Field(description="Name of the rule when the alert was opened.")
    state: AlertState = Field(
        description="`pending` until its first notice, then `firing`. A person sets it to `acknowledged` or "
        "`resolved`; with time it becomes `expired`."
    )
    severity: Severity = Field(
        description="Severity of the rule; for an alert on platform events, that of its newest bad event."
    )
    group_labels: dict[str, str] = Field(description="The grouping labels with the values that all its impacts share.")
    labels: dict[str, str] = Field(default_factory=dict, description="Labels of its rule, or of its newest event.")
    title: str = Field(description="One line on the strongest impact or the newest event, up to 300 characters.")
    impacts: list[Impact] = Field(
        description="Its impacts, the strongest first: those that are current, then those that a correction removed."
    )
    n_impacts: int = Field(ge=0, description="Number of its current impacts.")
    starts_at: datetime = Field(
        description="When it was opened; for an alert on platform events, when the first event happened."
    )
    updated_at: datetime = Field(description="When it last changed.")
    ends_at: datetime | None = Field(
        default=None, description="When it was resolved or expired; null while it is open."
    )
    lineage: Lineage | None = Field(
        default=None, description="Trail of the strongest impact; null for an alert on platform events."
    )
