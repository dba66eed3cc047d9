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
    rule_id: UUID = Field(description="Identifier of the rule that made it.")
    rule_name: str = Field(description="Name of the rule when the alert was opened.")
    state: AlertState = Field(
        description="`pending` until its first notice, then `firing`; people make it `acknowledged` or `resolved`, "
        "time `expired`."
    )
    severity: Severity = Field(description="The rule's severity; of an event's alert, that of its newest bad event.")
    group_labels: dict[str, str] = Field(description="The grouping labels with the values that all its impacts share.")
    labels: dict[str, str] = Field(default_factory=dict, description="Labels of its rule, or of its newest event.")
    title: str = Field(
        description="One line for people, up to 300 characters: of the strongest impact, or of the newest event."
    )
    impacts: list[Impact] = Field(
        description="Its impacts, the strongest first: those that stand, then those that a correction took out."
    )
    n_impacts: int = Field(ge=0, description="Number of its impacts that stand.")
    starts_at: datetime = Field(description="When it was opened; of an event's alert, when its first event happened.")
    updated_at: datetime = Field(description="When it last changed.")
    ends_at: datetime | None = Field(
        default=None, description="When it was resolved or expired; null while it is open."
    )
    lineage: Lineage | None = Field(default=None, description="Of the strongest impact; null for an event's alert.")
