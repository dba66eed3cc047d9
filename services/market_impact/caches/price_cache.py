"""Prices of the securities in use, kept in memory and refreshed when their bars change."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from common.postgres.database import Connection
from market_impact.prices.market import Market
from market_impact.prices.price_series import DailyPrices, PriceSeries
from market_impact.prices.trading_calendar import TradingCalendar
from market_impact.repository import bars


@dataclass(slots=True)
class _Held:
    """One ticker: the version of its bars, and its series against the benchmark version they were built on."""

    version: int
    prices: DailyPrices | None
    series: PriceSeries | None = None
    benchmark_version: int = -1


class PriceCache:
    """Bounded memory of price series; the least recently used ticker goes first.

    Notes
    -----
    Every look-up asks the database for the versions of the tickers' bars, in one statement, so that a change made by
    any replica is seen by the next batch.
    """

    def __init__(self, benchmark_ticker: str, capacity: int) -> None:
        self._benchmark_ticker = benchmark_ticker
        self._capacity = capacity
        self._held: OrderedDict[str, _Held] = OrderedDict()

    def __len__(self) -> int:
        """Return how many tickers are held."""
        return len(self._held)

    async def market(self, connection: Connection, tickers: Iterable[str], calendar: TradingCalendar) -> Market:
        """Return the series of those of `tickers` that have bars."""
        wanted = sorted({*tickers})
        versions = await bars.list_versions(connection, [*wanted, self._benchmark_ticker])
        # What this call works with is its own: while it waits for the database, another may shed or renew what is held.
        held = {
            ticker: one
            for ticker, version in versions.items()
            if (one := self._held.get(ticker)) is not None and one.version == version
        }
        missing = [ticker for ticker in versions if ticker not in held]
        if missing:
            held |= await self._load(connection, missing, versions, calendar)
        self._keep(held)
        benchmark = held.get(self._benchmark_ticker)
        if benchmark is None or benchmark.prices is None:
            return Market(series={}, has_benchmark=False)
        series = {
            ticker: found
            for ticker in wanted
            if ticker in held and (found := _series(held[ticker], benchmark)) is not None
        }
        return Market(series=series, has_benchmark=True)

    async def _load(
        self, connection: Connection, tickers: list[str], versions: dict[str, int], calendar: TradingCalendar
    ) -> dict[str, _Held]:
        loaded = {}
        for row in await bars.list_prices(connection, tickers):
            prices = DailyPrices.of(
                calendar.positions(np.array(row.day_numbers, dtype=np.int64)),
                np.array(row.opens, dtype=np.float64),
                np.array(row.closes, dtype=np.float64),
                np.array(row.adjusted_closes, dtype=np.float64),
            )
            loaded[row.ticker] = _Held(versions[row.ticker], prices)
        return loaded

    def _keep(self, used: dict[str, _Held]) -> None:
        """Remember what was used, the benchmark last, so that it is never the oldest one; older prices replace none."""
        for ticker in sorted(used, key=lambda ticker: ticker == self._benchmark_ticker):
            known = self._held.get(ticker)
            if known is None or known.version <= used[ticker].version:
                self._held[ticker] = used[ticker]
            self._held.move_to_end(ticker)
        self._shed()

    def _shed(self) -> None:
        while len(self._held) > self._capacity:
            self._held.popitem(last=False)


def _series(held: _Held, benchmark: _Held) -> PriceSeries | None:
    if held.prices is not None and held.benchmark_version != benchmark.version and benchmark.prices is not None:
        held.series = PriceSeries.of(held.prices, benchmark.prices)
        held.benchmark_version = benchmark.version
    return held.series
