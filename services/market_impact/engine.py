"""The service's own objects, opened with it: calendar, prices, past events, metrics."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from common.runtime import Runtime
from market_impact.caches.evidence_cache import EvidenceCache
from market_impact.caches.price_cache import PriceCache
from market_impact.estimation.abnormal_moves import EstimationWindow
from market_impact.estimation.scoring import ScoringParameters
from market_impact.metrics import ImpactMetrics
from market_impact.prices.trading_calendar import TradingCalendar, trading_calendar
from market_impact.settings import Settings


@dataclass(frozen=True, slots=True)
class Engine:
    """What the use-cases work with."""

    runtime: Runtime
    settings: Settings
    parameters: ScoringParameters
    prices: PriceCache
    evidence: EvidenceCache
    metrics: ImpactMetrics
    # Studies are pure arithmetic: side by side they would only hold each other up, and the other requests with them.
    studying: asyncio.Semaphore

    def calendar(self) -> TradingCalendar:
        """Return the trading sessions known today."""
        return trading_calendar(self.runtime.clock.now())


@asynccontextmanager
async def open_engine(runtime: Runtime) -> AsyncIterator[Engine]:
    """Build the calendar, read the past events, and yield the engine around both."""
    settings = runtime.settings_as(Settings)
    # Building the calendar imports pandas; a thread keeps the other services of a one-process start going.
    await asyncio.to_thread(trading_calendar, runtime.clock.now())
    evidence = EvidenceCache(settings.past_events_limit)
    async with runtime.database.reading() as connection:
        await evidence.load(connection)
    yield Engine(
        runtime=runtime,
        settings=settings,
        parameters=ScoringParameters(
            horizons_days=tuple(sorted(set(settings.impact_horizons_days))),
            estimation=EstimationWindow(
                length=settings.estimation_window_days,
                gap=settings.estimation_gap_days,
                min_days=settings.min_estimation_days,
            ),
            interval_level=settings.interval_level,
        ),
        prices=PriceCache(settings.benchmark_ticker, settings.price_cache_tickers),
        evidence=evidence,
        metrics=ImpactMetrics(runtime.registry),
        studying=asyncio.Semaphore(1),
    )
