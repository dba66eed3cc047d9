"""Bodies of this service's requests and answers, apart from event studies."""

from datetime import date as Date  # noqa: N812 - `date` is a field of the bodies
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from common.contracts import Analysis, Basis, ImpactEvidence, Tolerant
from common.contracts.batch import MAX_BATCH_ITEMS
from common.contracts.text import Ticker


class ImpactBatch(BaseModel):
    """Analyses to score, 1 to 500."""

    analyses: list[Tolerant[Analysis]] = Field(min_length=1, max_length=MAX_BATCH_ITEMS)


class BarWrite(BaseModel):
    """One security's prices of one session; `adj_close` is read as `adjusted_close`."""

    ticker: Ticker
    date: Date
    open: float = Field(gt=0)
    high: float = Field(gt=0)
    low: float = Field(gt=0)
    close: float = Field(gt=0, description="Adjusted for splits.")
    adjusted_close: float = Field(gt=0, description="Adjusted for splits and dividends.")
    volume: int | None = Field(default=None, ge=0)


class BarRead(BaseModel):
    """A stored bar."""

    ticker: str
    date: Date
    open: float
    high: float
    low: float
    close: float
    adjusted_close: float
    volume: int | None

    @classmethod
    def from_row(cls, row: Any) -> "BarRead":
        """Return the wire form of a row of the table `bar`."""
        return cls(
            ticker=row.ticker,
            date=row.session_date,
            open=row.open,
            high=row.high,
            low=row.low,
            close=row.close,
            adjusted_close=row.adjusted_close,
            volume=row.volume,
        )


class RejectedBar(BaseModel):
    """Why one bar was not taken."""

    index: int = Field(description="Row in the request, from 0, the header of a CSV not counted.")
    detail: str


class BarsResult(BaseModel):
    """What became of the bars of an upload; the five counts add up."""

    received: int
    inserted: int
    updated: int
    unchanged: int = Field(description="Already here as they are, or given again further down in the same upload.")
    rejected: int
    errors: list[RejectedBar] = Field(description="The first hundred rejected ones.")


class Contributions(BaseModel):
    """Parts of the expected abnormal return, log returns; before rounding they add up to it."""

    sentiment: float = Field(description="Sentiment score times the slope learned from all past news.")
    kind: float = Field(description="What news of this event type and sentiment does beyond that on other securities.")
    ticker: float = Field(description="What it does beyond that on this security.")


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


class PriorRead(BaseModel):
    """What the estimator believes before any outcome is known, in abnormal volatilities."""

    basis: Basis
    slope: float
    slope_deviation: float
    kind_deviation: float
    ticker_deviation: float
    event_variance: float
    event_variance_events: float


class ModelCard(BaseModel):
    """An estimator: what it is, what it rests on, what it is not for."""

    version: str
    is_active: bool
    kind: str
    description: str
    priors: list[PriorRead]
    horizons_days: list[int]
    estimation_window_days: int
    estimation_gap_days: int
    interval_level: float
    benchmark_ticker: str
    past_events: int = Field(description="Distinct realised events that it has learned from so far.")
    data: str
    licence: str
    limits: list[str]


class ModelList(BaseModel):
    """Every estimator of this service."""

    data: list[ModelCard]
