"""Received impacts, and trying rules on impacts, on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from alerts.matching.explanation import Outcome
from alerts.schemas.rules import RuleCreate
from common.contracts import Impact, Tolerant
from common.contracts.batch import MAX_BATCH_ITEMS, ItemError
from common.contracts.bounds import Listed


class SignalBatch(BaseModel):
    """1 to 500 impacts."""

    impacts: list[Tolerant[Impact]] = Field(min_length=1, max_length=MAX_BATCH_ITEMS)


class EvaluationRequest(BaseModel):
    """Impacts to try the rules on; nothing is stored."""

    impacts: list[Tolerant[Impact]] = Field(min_length=1, max_length=50)
    rule_ids: Listed[UUID] | None = Field(
        default=None, max_length=100, description="Explain these rules; the first 100 by name when absent."
    )
    rules: Listed[RuleCreate] = Field(
        default_factory=list, max_length=20, description="Rules to try that are not stored, before creating them."
    )


class OutcomeRead(BaseModel):
    """One condition held against one impact."""

    path: str
    satisfied: bool
    required: str | float | list[str] | None = None
    actual: str | float | list[str] | None = None

    @classmethod
    def of(cls, outcome: Outcome) -> "OutcomeRead":
        """Return the wire form."""
        return cls(path=outcome.path, satisfied=outcome.satisfied, required=outcome.required, actual=outcome.actual)


class RuleEvaluation(BaseModel):
    """Why one rule matches an impact or does not."""

    rule_id: UUID | None = Field(description="Absent for a rule that was given with the request.")
    rule_name: str
    matched: bool
    enabled: bool
    conditions: list[OutcomeRead]
    group_labels: dict[str, str]
    window_start: datetime


class ImpactEvaluation(BaseModel):
    """What the rules make of one impact."""

    index: int
    impact_id: UUID | None = None
    can_fire: bool = Field(
        default=False, description="False for a retracted impact and one the model abstained from: no rule matches it."
    )
    rules: list[RuleEvaluation] = Field(default_factory=list)
    error: ItemError | None = None


class EvaluationResult(BaseModel):
    """The answers, in the order of the request."""

    data: list[ImpactEvaluation]
