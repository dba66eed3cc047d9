"""Settings of market impact."""

from typing import Annotated

from pydantic import Field

from common.contracts.text import Ticker
from common.gateway import MARKET_IMPACT
from common.settings import ServiceSettings

Horizon = Annotated[int, Field(ge=1, le=250)]


class Settings(ServiceSettings):
    """Settings of market impact, in addition to those of every service."""

    service = MARKET_IMPACT

    benchmark_ticker: Ticker = Field(
        default="GSPC",
        description="Ticker of the benchmark index for normal returns; its bars are imported like any others.",
    )
    impact_horizons_days: list[Horizon] = Field(
        default=[1],
        min_length=1,
        max_length=10,
        description="Horizons of the estimates in trading sessions, as a JSON list, for example `[1, 5]`.",
    )
    min_relevance: float = Field(
        default=0.3,
        ge=0.0,
        le=1.0,
        description="Minimum relevance, from 0 to 1, for an article to be linked to a security.",
    )
    estimation_window_days: int = Field(
        default=120,
        ge=20,
        le=1_000,
        description="Length in trading sessions of the estimation window for alpha, beta and volatility.",
    )
    estimation_gap_days: int = Field(
        default=10,
        ge=0,
        le=250,
        description="Trading sessions skipped between the estimation window and the session of the news, so "
        "that rumours do not distort the normal returns. With 10, the window ends 11 sessions "
        "before the news.",
    )
    min_estimation_days: int = Field(
        default=60,
        ge=10,
        le=1_000,
        description="Minimum sessions with returns in the estimation window. With fewer, the estimator abstains.",
    )
    interval_level: float = Field(
        default=0.9, gt=0.0, lt=1.0, description="Nominal coverage of the intervals, from 0 to 1."
    )
    price_cache_tickers: int = Field(
        default=500,
        ge=2,
        le=20_000,
        description="Maximum securities whose prices a process keeps in memory. Ten years of one security take "
        "about 0.3 MB.",
    )
    past_events_limit: int = Field(
        default=200_000,
        ge=100,
        description="Maximum realised estimates kept in memory as evidence, at about 1 kB each. The latest are kept.",
    )
    study_max_event_days: int = Field(
        default=50_000,
        ge=501,
        description="Maximum size of an event study: events times days of the event window. At the limit, the "
        "response is about 3 MB.",
    )
    study_retention_days: float = Field(
        default=30.0, gt=0, description="Days that an event study is kept and can be read."
    )
    outcome_interval_seconds: float = Field(
        default=30.0, gt=0, description="Polling interval in seconds for estimates whose horizon has passed."
    )
    outcome_retry_seconds: float = Field(
        default=21_600.0,
        gt=0,
        description="Seconds until an outcome whose bars were missing is retried. New bars trigger it earlier.",
    )
