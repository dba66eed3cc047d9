"""A security's daily returns against the benchmark, ready for market models on any window."""

from dataclasses import dataclass

import numpy as np

from market_impact.prices.arrays import FloatArray, IntArray
from market_impact.prices.market_model import PairSums
from market_impact.prices.returns import returns_from_prices


@dataclass(frozen=True, slots=True)
class DailyPrices:
    """Prices of one ticker on a row of sessions; NaN where there is none.

    Parameters
    ----------
    first_session : index in the trading calendar of the first row
    open, close, adjusted_close : ndarrays of shape (n_sessions,)
    """

    first_session: int
    open: FloatArray
    close: FloatArray
    adjusted_close: FloatArray

    @classmethod
    def of(
        cls, positions: IntArray, open_: FloatArray, close: FloatArray, adjusted_close: FloatArray
    ) -> "DailyPrices | None":
        """Return prices placed on the calendar, or None without any.

        Parameters
        ----------
        positions : ndarray of shape (n_bars,), session of each bar; -1 drops a bar dated on no session
        """
        held = positions >= 0
        if not held.any():
            return None
        first, last = int(positions[held].min()), int(positions[held].max())
        at = positions[held] - first
        columns = []
        for values in (open_, close, adjusted_close):
            column = np.full(last - first + 1, np.nan)
            column[at] = values[held]
            columns.append(column)
        return cls(first, *columns)

    def between(self, first_session: int, n_sessions: int) -> "DailyPrices":
        """Return the prices of `n_sessions` sessions from `first_session` on, NaN outside."""
        columns = []
        shift = self.first_session - first_session
        for values in (self.open, self.close, self.adjusted_close):
            column = np.full(n_sessions, np.nan)
            start, stop = max(shift, 0), min(shift + len(values), n_sessions)
            if start < stop:
                column[start:stop] = values[start - shift : stop - shift]
            columns.append(column)
        return DailyPrices(first_session, *columns)

    def close_returns(self) -> FloatArray:
        """Return log returns from close to close, adjusted for splits and dividends."""
        return returns_from_prices(self.adjusted_close, "log")

    def session_returns(self) -> FloatArray:
        """Return log returns from the open to the close of the same session."""
        valid = np.where((self.open > 0.0) & (self.close > 0.0), self.close / self.open, np.nan)
        return np.log(valid)


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """Prefix sums of one security against the benchmark; bounds are sessions of the trading calendar.

    Parameters
    ----------
    first_session : session of the first row
    close_to_close : returns that hold the night
    open_to_close : returns of the session alone
    """

    first_session: int
    close_to_close: PairSums
    open_to_close: PairSums

    @classmethod
    def of(cls, security: DailyPrices, benchmark: DailyPrices) -> "PriceSeries":
        """Return the series of `security` against `benchmark` on the security's sessions."""
        with np.errstate(divide="ignore", invalid="ignore"):
            market = benchmark.between(security.first_session, len(security.close))
            return cls(
                first_session=security.first_session,
                close_to_close=PairSums.of(security.close_returns(), market.close_returns()),
                open_to_close=PairSums.of(security.session_returns(), market.session_returns()),
            )

    def close_window(self, start: int, stop: int) -> FloatArray:
        """Return the close-to-close sums over sessions [start, stop)."""
        return self.close_to_close.window(start - self.first_session, stop - self.first_session)

    def open_window(self, start: int, stop: int) -> FloatArray:
        """Return the open-to-close sums over sessions [start, stop)."""
        return self.open_to_close.window(start - self.first_session, stop - self.first_session)
