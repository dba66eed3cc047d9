"""Bodies with the cards of estimators."""

from pydantic import BaseModel, Field

from common.contracts import Basis


class PriorRead(BaseModel):
    """Priors of the estimator, before any outcome is known, in units of abnormal volatility."""

    basis: Basis = Field(description="`reaction` or `after`.")
    slope: float = Field(description="Effect of a sentiment score of 1.")
    slope_deviation: float = Field(description="Standard deviation of `slope`, above 0.")
    kind_deviation: float = Field(
        description="Standard deviation over kinds of news of the effect beyond the slope, above 0."
    )
    ticker_deviation: float = Field(
        description="Standard deviation over securities of the effect of one kind of news, above 0."
    )
    event_variance: float = Field(description="Variance of a news day as a multiple of the usual one, above 0.")
    event_variance_events: float = Field(description="Weight of the prior on `event_variance`, as a number of events.")


class ModelCard(BaseModel):
    """An estimator: what it is, what it is based on, and what it is not for."""

    version: str = Field(description="Name of the estimator, as in `model_version` of an estimate.")
    is_active: bool = Field(description="Whether it makes the current estimates.")
    kind: str = Field(description="Kind of estimator.")
    description: str = Field(description="How it computes its estimates.")
    priors: list[PriorRead] = Field(description="Priors of each basis.")
    horizons_days: list[int] = Field(description="Horizons of its estimates in trading sessions, 1 to 250.")
    estimation_window_days: int = Field(
        description="Length in sessions of the estimation window for alpha, beta and volatility, 20 to 1,000."
    )
    estimation_gap_days: int = Field(
        description="Sessions skipped between the estimation window and the session of the news, 0 to 250."
    )
    interval_level: float = Field(description="Nominal coverage of its intervals, 0 to 1.")
    benchmark_ticker: str = Field(description="Benchmark index for normal returns.")
    past_events: int = Field(description="Distinct realised events that it has learned from so far.")
    data: str = Field(description="What it was trained on.")
    licence: str = Field(description="Licence of the estimator.")
    limits: list[str] = Field(description="What it does not do.")


class ModelList(BaseModel):
    """Every estimator of this service."""

    data: list[ModelCard] = Field(description="The estimators, the active one first.")
