"""Bodies with estimates, their explanation and their outcome."""

from datetime import date as Date  # noqa: N812 - as in the other bodies
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field, GetJsonSchemaHandler, RootModel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from common.contracts import Analysis, Basis, ImpactEvidence, Tolerant
from common.contracts.batch import MAX_BATCH_ITEMS
from market_impact.estimation.features import FEATURES


class ImpactBatch(BaseModel):
    """Analyses to score, 1 to 500."""

    analyses: list[Tolerant[Analysis]] = Field(min_length=1, max_length=MAX_BATCH_ITEMS)


class Contributions(RootModel[dict[str, float]]):
    """Parts of the expected abnormal return, log returns; before rounding they add up to it."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema of an object with a number for each feature of the estimate."""
        found = handler.resolve_ref_schema(handler(schema))
        found.pop("additionalProperties")
        found["properties"] = {
            name: {"type": "number", "title": name.title(), "description": feature.meaning}
            for name, feature in FEATURES.items()
        }
        found["required"] = list(FEATURES)
        return found


class PastEventRead(BaseModel):
    """A realised event of the same kind, known before this news."""

    article_id: UUID
    ticker: str
    title: str
    session_date: Date
    known_at: datetime = Field(description="The close that completed its horizon.")
    sentiment_score: float
    car: float = Field(description="Realised cumulative abnormal return, 0.01 = 1 %.")


class ExplanationRead(BaseModel):
    """What an estimate is made of."""

    impact_id: UUID
    ticker: str
    basis: Basis
    horizon_days: int
    abstained: bool
    abstain_reason: str | None
    expected_abnormal_return: float | None
    contributions: Contributions | None
    effect: float | None = Field(description="Expected abnormal return in abnormal volatilities of the horizon.")
    volatility: float | None = Field(description="Forecast standard error of the abnormal log return over the horizon.")
    beta: float | None
    n_estimation_days: int
    event_type: str
    sentiment_label: str
    sentiment_score: float = Field(description="As used: 0 for news that only reports a move.")
    reports_move: bool
    relevance: float = Field(description="Scales the effect.")
    novelty: float = Field(description="Scales the effect on the basis `after`.")
    kind_events: ImpactEvidence = Field(description="Past events of this kind on all securities.")
    own_events: ImpactEvidence = Field(description="Past events of this kind on this security.")
    nearest_events: list[PastEventRead]


class Outcome(BaseModel):
    """The outcome of one estimate; returns are simple (0.01 = 1 %).

    Notes
    -----
    `pending` until the horizon has passed and bars for it are here. `within_interval` and `direction_was_right` are
    absent for an estimate that abstained, the latter also for one that expected nothing (`flat`).
    """

    impact_id: UUID
    status: Literal["pending", "realised"]
    ticker: str
    basis: Basis
    horizon_days: int
    session_date: Date | None = Field(description="First trading session that counts.")
    horizon_ends_at: datetime | None = Field(description="The close that completes the horizon.")
    abnormal_return: float | None = Field(default=None, description="Realised cumulative abnormal return.")
    standard_error: float | None = Field(default=None, description="Its forecast standard error, of the log return.")
    t_stat: float | None = Field(default=None, description="Realised over its standard error.")
    expected_abnormal_return: float | None = None
    within_interval: bool | None = None
    direction_was_right: bool | None = None
    recorded_at: datetime | None = None
