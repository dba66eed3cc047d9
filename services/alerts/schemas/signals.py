"""Received impacts, and trying rules on impacts, on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from alerts.matching.explanation import ConditionOutcome
from alerts.schemas.rules import RuleCreate
from common.contracts import Impact, Tolerant
from common.contracts.batch import MAX_BATCH_ITEMS, ItemError
from common.contracts.bounds import Listed


class SignalBatch(BaseModel):
    """1 to 500 impacts."""

    impacts: list[Tolerant[Impact]] = Field(
        min_length=1,
        max_length=MAX_BATCH_ITEMS,
        description="Impacts to take in, 1 to 500; one that cannot be read fails alone.",
    )


class EvaluationRequest(BaseModel):
    """Impacts to try the rules on; nothing is stored."""

    impacts: list[Tolerant[Impact]] = Field(
        min_length=1,
        max_length=50,
        description="Impacts to try the rules on, 1 to 50; one that cannot be read fails alone.",
    )
    rule_ids: Listed[UUID] | None = Field(
        default=None, max_length=100, description="The rules to explain; the first 100 by name when absent."
    )
    rules: Listed[RuleCreate] = Field(
        default_factory=list, max_length=20, description="Further rules to try, before they are created."
    )


class OutcomeRead(BaseModel):
    """The result of one condition on one impact."""

    path: str = Field(description="The condition as the rule writes it, for example `any[1].min_confidence`.")
    satisfied: bool = Field(description="Whether the impact satisfies it.")
    required: str | float | list[str] | None = Field(
        default=None, description="Value that the rule requires; null for `all`, `any` and `not`."
    )
    actual: str | float | list[str] | None = Field(
        default=None, description="Value of the impact; null for `all`, `any` and `not`."
    )

    @classmethod
    def of(cls, outcome: ConditionOutcome) -> "OutcomeRead":
        """Return the wire form."""
        return cls(path=outcome.path, satisfied=outcome.satisfied, required=outcome.required, actual=outcome.actual)


class RuleEvaluation(BaseModel):
    """Why one rule matches an impact or does not."""

    rule_id: UUID | None = Field(description="Identifier of the rule; null for a rule given in the request.")
    rule_name: str = Field(description="Name of the rule.")
    matched: bool = Field(description="Whether the impact would be in an alert of this rule.")
    enabled: bool = Field(description="Whether the rule is enabled; a disabled rule matches nothing.")
    conditions: list[OutcomeRead] = Field(
        description="Result of each condition of the rule on the impact, in the rule's order."
    )
    group_labels: dict[str, str] = Field(
        description="The grouping labels with the values of the impact: they identify the alert that it would be in."
    )
    window_start: datetime = Field(description="Start of the time window of that alert.")


class ImpactEvaluation(BaseModel):
    """The results of the rules on one impact."""

    index: int = Field(description="Position of the impact in the request, from 0.")
    impact_id: UUID | None = Field(default=None, description="Identifier of the impact; null when it cannot be read.")
    can_fire: bool = Field(
        default=False,
        description="False for a retracted impact and for one on which the model abstained: no rule matches it.",
    )
    rules: list[RuleEvaluation] = Field(default_factory=list, description="Result of each rule.")
    error: ItemError | None = Field(default=None, description="Why the impact was not evaluated; null when it was.")


class EvaluationResult(BaseModel):
    """The answers, in the order of the request."""

    data: list[ImpactEvaluation] = Field(description="An answer for each impact, in the order of the request.")
