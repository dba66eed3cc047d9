"""`Impact`: the estimated effect of one article on one security, handed to alerts."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.contracts.analysis import SentimentLabel
from common.contracts.article import ArticleState
from common.contracts.bounds import Found
from common.contracts.lineage import Lineage
from common.contracts.text import Text, Ticker, Title

Basis = Literal["reaction", "after"]
Direction = Literal["up", "down", "flat"]


class Interval(BaseModel):
    """A prediction interval of the abnormal return: `level` is its nominal coverage, in (0, 1)."""

    model_config = ConfigDict(allow_inf_nan=False)

    low: float = Field(description="Lower end, a simple return (0.01 = 1 %).")
    high: float = Field(description="Upper end, a simple return (0.01 = 1 %).")
    level: float = Field(gt=0.0, lt=1.0, description="Nominal coverage, in (0, 1).")


class Baseline(BaseModel):
    """A forecast that ignores the news, for comparison; returns are simple, 0.01 = 1 %."""

    model_config = ConfigDict(allow_inf_nan=False)

    name: Text = Field(description="Name of the baseline.")
    expected_abnormal_return: float = Field(
        description="Abnormal return that it expects, a simple return (0.01 = 1 %)."
    )
    interval: Interval = Field(description="Prediction interval of the baseline.")


class ImpactEvidence(BaseModel):
    """Realised past events that the estimate rests on."""

    model_config = ConfigDict(allow_inf_nan=False)

    n_events: int = Field(ge=0, description="Number of past events.")
    mean_car: float | None = Field(
        default=None,
        description="Their mean cumulative abnormal return, a simple return (0.01 = 1 %); null below two events.",
    )
    t_stat: float | None = Field(
        default=None, description="Cross-sectional t statistic of that mean; null below two events."
    )


class ImpactContext(BaseModel):
    """Facts that alert rules match on besides the numbers, included so that the alerts service needs no look-up."""

    model_config = ConfigDict(allow_inf_nan=False)

    title: Title = Field(description="Headline of the article.")
    url: Text | None = Field(default=None, description="Address of the article; null when it has none.")
    source_name: Text | None = Field(default=None, description="Name of the source; null when unknown.")
    topics: Found[Text] = Field(default_factory=list, description="Topics of the article.")
    event_types: Found[Text] = Field(default_factory=list, description="Types of the events that the article reports.")
    sentiment_label: SentimentLabel = Field(description="Sentiment of the article towards the security.")
    sentiment_score: float = Field(
        ge=-1.0, le=1.0, description="Score of that sentiment, in [-1, 1]; 0 for news that only reports a price move."
    )
    relevance: float = Field(ge=0.0, le=1.0, description="Relevance of the article for the security, in [0, 1].")
    novelty: float = Field(
        ge=0.0, le=1.0, description="Novelty of the article in [0, 1]: 1 for the first one of its story."
    )


class Impact(BaseModel):
    """One estimate; its natural key is (`article_id`, `revision`, `ticker`, `horizon_days`, `basis`)."""

    # What is no number has no place in JSON, and could be stored but not read again.
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    impact_id: UUID = Field(description="Identifier of the estimate.")
    article_id: UUID = Field(description="Article that the estimate is based on.")
    revision: int = Field(ge=1, le=1_000_000, description="Revision of the article, from 1.")
    state: ArticleState = Field(
        default="created", description="State of that revision; `retracted` withdraws the estimate."
    )
    ticker: Ticker = Field(description="Ticker of the security.")
    horizon_days: int = Field(ge=1, le=250, description="Trading sessions over which the return is measured.")
    basis: Basis = Field(
        description="`reaction` counts from the last close before the session that the news belongs to, `after` from "
        "the first open after the news. The two are never mixed."
    )
    expected_abnormal_return: float | None = Field(
        description="Expected abnormal return, a simple return (0.01 = 1 %); null when the estimator abstained."
    )
    interval: Interval | None = Field(
        description="Prediction interval of the abnormal return; null when the estimator abstained."
    )
    p_up: float | None = Field(
        default=None,
        ge=0.0,
        le=1.0,
        description="Probability of a positive abnormal return, in [0, 1]; null when the estimator abstained.",
    )
    impact_score: float = Field(
        ge=0.0, le=100.0, description="Strength of the expected effect, in [0, 100]; 0 when the estimator abstained."
    )
    direction: Direction = Field(description="Direction of the expected effect.")
    confidence: float = Field(
        ge=0.0,
        le=1.0,
        description="Share of the prior variance that past outcomes have removed, in [0, 1]; 0 when the estimator "
        "abstained.",
    )
    abstained: bool = Field(default=False, description="Whether the estimator declined for lack of evidence.")
    abstain_reason: Text | None = Field(default=None, description="Why it declined; null when it did not.")
    baseline: Baseline | None = Field(
        default=None, description="Forecast that ignores the news, for comparison; null when there is none."
    )
    evidence: ImpactEvidence = Field(description="Past events that the estimate rests on.")
    model_version: Text = Field(description="Version of the estimator.")
    context: ImpactContext = Field(description="Facts that alert rules match on besides the numbers.")
    lineage: Lineage = Field(description="Trail of the article up to this estimate.")
