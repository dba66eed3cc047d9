"""Sessions of the New York Stock Exchange as plain arrays, and the session that a piece of news belongs to.

`exchange_calendars` knows the holidays and the early closes; it brings pandas, which takes half a second to import. So
it is imported by the first caller who needs a calendar, over a bounded range of years, and kept only as numpy arrays.
"""

import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np

from market_impact.prices.arrays import IntArray

FIRST_YEAR = 1995
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(instant: datetime) -> int:
    """Return an aware `instant` as whole microseconds since 1970-01-01T00:00Z."""
    return (instant - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """Return the UTC instant that lies `microseconds` after 1970-01-01T00:00Z."""
    return _EPOCH + timedelta(microseconds=microseconds)


def to_day_number(day: date) -> int:
    """Return `day` as whole days since 1970-01-01."""
    return (day - _EPOCH_DAY).days


def from_day_number(number: int) -> date:
    """Return the date that lies `number` days after 1970-01-01."""
    return _EPOCH_DAY + timedelta(days=number)


@dataclass(frozen=True, slots=True)
class TradingCalendar:
    """Trading sessions in order; a session is named by its index from 0.

    Parameters
    ----------
    days : ndarray of shape (n_sessions,), days since 1970-01-01
    opens, closes : ndarray of shape (n_sessions,), microseconds since 1970-01-01T00:00Z

    Notes
    -----
    An index equal to `n_sessions` means "after the last known session".
    """

    days: IntArray
    opens: IntArray
    closes: IntArray

    def __len__(self) -> int:
        return len(self.days)

    def session_of(self, instants: IntArray) -> IntArray:
        """Return the session that news at each of `instants` (microseconds) belongs to.

        Notes
        -----
        The first session that closes at or after the instant: what is published later than the close (16:00 New York,
        13:00 on a half day), at a weekend or on a holiday can only move the next session.
        """
        return np.searchsorted(self.closes, instants, side="left").astype(np.int64)

    def first_open_after(self, instants: IntArray) -> IntArray:
        """Return the first session that opens strictly after each of `instants` (microseconds)."""
        return np.searchsorted(self.opens, instants, side="right").astype(np.int64)

    def on_or_after(self, days: IntArray) -> IntArray:
        """Return the first session on or after each of `days` (day numbers)."""
        return np.searchsorted(self.days, days, side="left").astype(np.int64)

    def positions(self, days: IntArray) -> IntArray:
        """Return the session held on each of `days` (day numbers), -1 where the exchange was closed."""
        if len(self.days) == 0:
            return np.full(len(days), -1, dtype=np.int64)
        found = self.on_or_after(days)
        held = self.days[np.minimum(found, len(self.days) - 1)] == days
        return np.where(held, found, -1)

    def covers(self, instant: int) -> bool:
        """Return whether `instant` (microseconds) lies between the first open and the last close."""
        return len(self.days) > 0 and int(self.opens[0]) <= instant <= int(self.closes[-1])

    def date_of(self, session: int) -> date:
        """Return the date on which `session` is held."""
        return from_day_number(int(self.days[session]))


@lru_cache(maxsize=2)
def _sessions_until(last_year: int) -> TradingCalendar:
    # Imported here: pandas costs 0.5 s, and a service must import in less than 1.5 s.
    with warnings.catch_warnings():
        # Its own calls of pandas are deprecated since pandas 3.1; nobody here can mend that.
        warnings.simplefilter("ignore", DeprecationWarning)
        from exchange_calendars.exchange_calendar_xnys import XNYSExchangeCalendar  # noqa: PLC0415

        exchange = XNYSExchangeCalendar(start=f"{FIRST_YEAR}-01-01", end=f"{last_year}-12-31")
    opens, closes = (instants.dt.tz_convert(None).to_numpy() for instants in (exchange.opens, exchange.closes))
    return TradingCalendar(
        days=_readonly_integers(exchange.sessions.to_numpy(), "datetime64[D]"),
        opens=_readonly_integers(opens, "datetime64[us]"),
        closes=_readonly_integers(closes, "datetime64[us]"),
    )


def _readonly_integers(moments: np.ndarray, unit: str) -> IntArray:
    integers = moments.astype(unit).astype(np.int64)
    integers.setflags(write=False)
    return integers


def trading_calendar(now: datetime) -> TradingCalendar:
    """Return the sessions of XNYS from 1995 to the end of the year after `now`; built once a year and kept."""
    return _sessions_until(now.astimezone(UTC).year + 1)
