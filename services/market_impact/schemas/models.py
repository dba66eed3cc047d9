"""Bodies with the cards of estimators."""

from pydantic import BaseModel, Field

from common.contracts import Basis


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
