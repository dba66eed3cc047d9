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

    analyses: list[Tolerant[Analysis]] = Field(
        min_length=1,
        max_length=MAX_BATCH_ITEMS,
        description="Analyses to score, 1 to 500; one that cannot be read fails alone.",
    )


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

    article_id: UUID = Field(description="Article of the event.")
    ticker: str = Field(description="Security that it was about.")
    title: str = Field(description="Headline of the article.")
    session_date: Date = Field(description="First session that counted.")
    known_at: datetime = Field(description="The close that completed its horizon.")
    sentiment_score: float = Field(
        description="Sentiment toward the security, -1 to 1, as used: 0 for a report of a move."
    )
    car: float = Field(description="Realised cumulative abnormal return, 0.01 = 1 %.")


class ExplanationRead(BaseModel):
    """What an estimate is made of."""

    impact_id: UUID = Field(description="The estimate.")
    ticker: str = Field(description="Security.")
    basis: Basis = Field(description="`reaction` or `after`.")
    horizon_days: int = Field(description="Horizon in trading sessions, 1 to 250.")
    abstained: bool = Field(description="Whether the estimate has no figures.")
    abstain_reason: str | None = Field(description="Why it has none, as a code; null when it has.")
    expected_abnormal_return: float | None = Field(
        description="Simple return, 0.01 = 1 %; null when the estimator abstained."
    )
    contributions: Contributions | None = Field(
        description="What each feature adds to the expected return; null when the estimator abstained."
    )
    effect: float | None = Field(
        description="Expected abnormal return in units of the abnormal volatility over the horizon; null when the "
        "estimator abstained."
    )
    volatility: float | None = Field(
        description="Standard error of the forecast of the abnormal log return over the horizon; null without prices."
    )
    beta: float | None = Field(
        description="Sensitivity to the benchmark in the estimation window; null without prices."
    )
    n_estimation_days: int = Field(description="Sessions with returns in the estimation window, from 0.")
    event_type: str = Field(description="Most likely event of the article, `move_report`, or `none`.")
    sentiment_label: str = Field(description="`positive`, `neutral` or `negative`, toward the security.")
    sentiment_score: float = Field(description="As used, -1 to 1: 0 for news that only reports a move.")
    reports_move: bool = Field(description="Whether the article only reports a price move.")
    relevance: float = Field(description="Scales the effect, 0 to 1.")
    novelty: float = Field(description="Scales the effect on the basis `after`, 0 to 1.")
    kind_events: ImpactEvidence = Field(description="Past events of this kind on all securities.")
    own_events: ImpactEvidence = Field(description="Past events of this kind on this security.")
    nearest_events: list[PastEventRead] = Field(
        description="At most ten, the nearest first: events of the same security, then by sentiment score, then by "
        "recency."
    )


class Outcome(BaseModel):
    """The outcome of one estimate; returns are simple (0.01 = 1 %).

    Notes
    -----
    `pending` until the horizon has passed and its bars are available; also where they give a return that no security
    has, until they are corrected. `within_interval` and `direction_was_right` are
    absent for an estimate that abstained, the latter also for one that expected nothing (`flat`).
    """

    impact_id: UUID = Field(description="The estimate.")
    status: Literal["pending", "realised"] = Field(
        description="`pending` until the horizon has passed and its bars are available."
    )
    ticker: str = Field(description="Security.")
    basis: Basis = Field(description="`reaction` or `after`.")
    horizon_days: int = Field(description="Horizon in trading sessions, 1 to 250.")
    session_date: Date | None = Field(description="First trading session that counts.")
    horizon_ends_at: datetime | None = Field(description="The close that completes the horizon.")
    abnormal_return: float | None = Field(
        default=None, description="Realised cumulative abnormal return, simple, 0.01 = 1 %."
    )
    standard_error: float | None = Field(
        default=None, description="Standard error of the forecast of the log return, above 0."
    )
    t_stat: float | None = Field(default=None, description="Realised log return over its standard error.")
    expected_abnormal_return: float | None = Field(
        default=None, description="Expected simple return, 0.01 = 1 %; null when the estimator abstained."
    )
    within_interval: bool | None = Field(
        default=None, description="Whether the realised return lay within the interval."
    )
    direction_was_right: bool | None = Field(
        default=None, description="Whether the realised return had the expected sign."
    )
    recorded_at: datetime | None = Field(default=None, description="When the outcome was recorded.")
