"""`Impact`: the estimated effect of one article on one security, handed to alerts."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.contracts.analysis import SentimentLabel
from common.contracts.article import ArticleState
from common.contracts.lineage import Lineage
from common.contracts.text import Text, Ticker, Title

Basis = Literal["reaction", "after"]
Direction = Literal["up", "down", "flat"]


class Interval(BaseModel):
    """A prediction interval of the abnormal return: `level` is its nominal coverage, in (0, 1)."""

    model_config = ConfigDict(allow_inf_nan=False)

    low: float
    high: float
    level: float = Field(gt=0.0, lt=1.0)


class Baseline(BaseModel):
    """What a forecaster who ignores the news would say, for comparison; returns are simple, 0.01 = 1 %."""

    model_config = ConfigDict(allow_inf_nan=False)

    name: Text
    expected_abnormal_return: float
    interval: Interval


class ImpactEvidence(BaseModel):
    """Realised past events that the estimate rests on.

    Notes
    -----
    `n_events` is a count, `mean_car` their mean cumulative abnormal return (0.01 = 1 %) and `t_stat` its
    cross-sectional t; the last two are absent below two events.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    n_events: int = Field(ge=0)
    mean_car: float | None = None
    t_stat: float | None = None


class ImpactContext(BaseModel):
    """What alert rules match on besides the numbers, carried along so that alerts needs no look-up."""

    model_config = ConfigDict(allow_inf_nan=False)

    title: Title
    url: Text | None = None
    source_name: Text | None = None
    topics: list[Text] = Field(default_factory=list)
    event_types: list[Text] = Field(default_factory=list)
    sentiment_label: SentimentLabel
    sentiment_score: float = Field(ge=-1.0, le=1.0)
    relevance: float = Field(ge=0.0, le=1.0)
    novelty: float = Field(ge=0.0, le=1.0)


class Impact(BaseModel):
    """One estimate; its natural key is (`article_id`, `revision`, `ticker`, `horizon_days`, `basis`).

    Notes
    -----
    `horizon_days` counts trading sessions. `basis` is `reaction` (from the last close before the session that the
    news belongs to) or `after` (from the first open after the news); the two are never mixed.
    `expected_abnormal_return` and `interval` are simple returns (0.01 = 1 %), `p_up` is the probability of a positive
    abnormal return, `impact_score` is 0..100, `confidence` is in [0, 1]. `state` `retracted` withdraws the estimate.
    """

    # What is no number has no place in JSON, and could be stored but not read again.
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    impact_id: UUID
    article_id: UUID
    revision: int = Field(ge=1, le=1_000_000)
    state: ArticleState = "created"
    ticker: Ticker
    horizon_days: int = Field(ge=1, le=250)
    basis: Basis
    expected_abnormal_return: float | None
    interval: Interval | None
    p_up: float | None = Field(default=None, ge=0.0, le=1.0)
    impact_score: float = Field(ge=0.0, le=100.0)
    direction: Direction
    confidence: float = Field(ge=0.0, le=1.0)
    abstained: bool = False
    abstain_reason: Text | None = None
    baseline: Baseline | None = None
    evidence: ImpactEvidence
    model_version: Text
    context: ImpactContext
    lineage: Lineage
