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

    alert_id: UUID = Field(description="Identifier of the alert.")
    rule_id: UUID = Field(description="Rule that fired.")
    rule_name: str = Field(description="Name of the rule when the alert was opened.")
    state: AlertState = Field(description="State of the alert.")
    severity: Severity = Field(description="Severity that the rule gives its alerts.")
    group_labels: dict[str, str] = Field(description="Labels that the impacts of the alert share, by name.")
    labels: dict[str, str] = Field(default_factory=dict, description="Labels that the rule gives its alerts, by name.")
    title: str = Field(description="One line that says what happened.")
    impacts: list[Impact] = Field(description="The strongest impacts of the alert.")
    n_impacts: int = Field(ge=0, description="Number of impacts of the alert, those not listed included.")
    starts_at: datetime = Field(description="When the alert was opened (RFC 3339).")
    updated_at: datetime = Field(description="When the alert last changed (RFC 3339).")
    ends_at: datetime | None = Field(
        default=None, description="When the alert ended (RFC 3339); null while it is open."
    )
    lineage: Lineage | None = Field(default=None, description="Of the strongest impact; null for an event's alert.")
