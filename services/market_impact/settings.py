"""Settings of market impact."""

from typing import Annotated

from pydantic import Field

from common.contracts.text import Ticker
from common.gateway import MARKET_IMPACT
from common.settings import ServiceSettings

Horizon = Annotated[int, Field(ge=1, le=250)]


class Settings(ServiceSettings):
    """What market impact is configured by, besides what every service is."""

    service = MARKET_IMPACT

    benchmark_ticker: Ticker = Field(
        default="GSPC",
        description="Ticker of the index that normal returns are measured against; its bars come in like others.",
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
        description="Least relevance (0 to 1) with which an article is linked to a security.",
    )
    estimation_window_days: int = Field(
        default=120, ge=20, le=1_000, description="Trading sessions that alpha, beta and volatility are learned on."
    )
    estimation_gap_days: int = Field(
        default=10,
        ge=0,
        le=250,
        description="Trading sessions left out between the estimation window and the session of the news, so that "
        "rumours ahead of it are not taken for normal. 10: the window ends 11 sessions before.",
    )
    min_estimation_days: int = Field(
        default=60,
        ge=10,
        le=1_000,
        description="Sessions with returns that the estimation window needs; with fewer: abstained.",
    )
    interval_level: float = Field(
        default=0.9, gt=0.0, lt=1.0, description="Nominal coverage of the intervals, from 0 to 1."
    )
    price_cache_tickers: int = Field(
        default=500,
        ge=2,
        le=20_000,
        description="Securities whose prices one process keeps in memory, at about 0.3 MB for ten years each.",
    )
    past_events_limit: int = Field(
        default=200_000,
        ge=100,
        description="Realised estimates kept in memory as evidence, the latest ones, at about 1 kB each.",
    )
    study_max_event_days: int = Field(
        default=50_000,
        ge=501,
        description="Largest event study: its events times the days of its event window. At the limit the answer is "
        "about 3 MB.",
    )
    study_retention_days: float = Field(
        default=30.0, gt=0, description="Days that an event study is kept and can be read again."
    )
    outcome_interval_seconds: float = Field(
        default=30.0, gt=0, description="Seconds between looks for estimates whose horizon has passed."
    )
    outcome_retry_seconds: float = Field(
        default=21_600.0,
        gt=0,
        description="Seconds until an outcome is tried again whose bars were missing; new bars come first.",
    )
