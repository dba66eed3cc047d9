"""The session that news belongs to."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_impact.prices.trading_calendar import (
    TradingCalendar,
    _readonly_integers,
    from_microseconds,
    to_day_number,
    to_microseconds,
    trading_calendar,
)
from tests.builders.market import NOW, calendar

NEW_YORK = ZoneInfo("America/New_York")
NOTHING = np.array([], dtype=np.int64)


def session_date(instant: datetime) -> date:
    found = calendar().session_of(np.array([to_microseconds(instant)]))
    return calendar().date_of(int(found[0]))


def open_after(instant: datetime) -> date:
    found = calendar().first_open_after(np.array([to_microseconds(instant)]))
    return calendar().date_of(int(found[0]))


@pytest.mark.parametrize(
    ("published", "belongs_to"),
    [
        (datetime(2026, 6, 10, 8, 0, tzinfo=NEW_YORK), date(2026, 6, 10)),
        (datetime(2026, 6, 10, 12, 0, tzinfo=NEW_YORK), date(2026, 6, 10)),
        (datetime(2026, 6, 10, 16, 0, tzinfo=NEW_YORK), date(2026, 6, 10)),
        (datetime(2026, 6, 10, 16, 0, 1, tzinfo=NEW_YORK), date(2026, 6, 11)),
        (datetime(2026, 6, 12, 17, 0, tzinfo=NEW_YORK), date(2026, 6, 15)),
        (datetime(2026, 6, 13, 12, 0, tzinfo=NEW_YORK), date(2026, 6, 15)),
        # Christmas 2025 is a Thursday; the day before closes at 13:00.
        (datetime(2025, 12, 25, 9, 0, tzinfo=NEW_YORK), date(2025, 12, 26)),
        (datetime(2025, 12, 24, 12, 59, tzinfo=NEW_YORK), date(2025, 12, 24)),
        (datetime(2025, 12, 24, 14, 0, tzinfo=NEW_YORK), date(2025, 12, 26)),
        # The same wall clock in winter: 16:30 New York is 21:30 UTC.
        (datetime(2026, 1, 14, 21, 30, tzinfo=UTC), date(2026, 1, 15)),
        (datetime(2026, 1, 14, 20, 30, tzinfo=UTC), date(2026, 1, 14)),
    ],
)
def test_news_belongs_to_the_first_session_that_closes_after_it(published: datetime, belongs_to: date) -> None:
    assert session_date(published) == belongs_to


def test_news_during_a_session_can_be_acted_on_at_the_next_open() -> None:
    assert open_after(datetime(2026, 6, 10, 8, 0, tzinfo=NEW_YORK)) == date(2026, 6, 10)
    assert open_after(datetime(2026, 6, 10, 9, 30, tzinfo=NEW_YORK)) == date(2026, 6, 11)
    assert open_after(datetime(2026, 6, 10, 12, 0, tzinfo=NEW_YORK)) == date(2026, 6, 11)
    assert open_after(datetime(2026, 6, 10, 18, 0, tzinfo=NEW_YORK)) == date(2026, 6, 11)


def test_a_day_without_trading_has_no_position() -> None:
    days = np.array([to_day_number(day) for day in (date(2026, 6, 13), date(2026, 6, 15))])

    positions = calendar().positions(days)

    assert positions[0] == -1
    assert calendar().date_of(int(positions[1])) == date(2026, 6, 15)
    assert TradingCalendar(NOTHING, NOTHING, NOTHING).positions(days).tolist() == [-1, -1]


def test_the_positions_of_days_are_those_of_their_sessions() -> None:
    known = TradingCalendar(np.array([10, 11, 14]), np.array([1, 2, 3]), np.array([1, 2, 3]))

    assert known.positions(np.array([9, 10, 11, 12, 14, 15])).tolist() == [-1, 0, 1, -1, 2, -1]
    assert known.on_or_after(np.array([9, 10, 11, 12, 14, 15])).tolist() == [0, 0, 1, 2, 2, 3]


def test_the_calendar_ends_and_says_so() -> None:
    known = calendar()

    assert known.covers(to_microseconds(NOW))
    assert not known.covers(to_microseconds(datetime(1990, 1, 1, tzinfo=UTC)))
    assert not known.covers(to_microseconds(datetime(2100, 1, 1, tzinfo=UTC)))
    assert known.session_of(np.array([to_microseconds(datetime(2100, 1, 1, tzinfo=UTC))]))[0] == len(known)


def test_the_calendar_covers_its_first_and_its_last_instant_and_none_beyond() -> None:
    known = calendar()
    first, last = int(known.opens[0]), int(known.closes[-1])

    assert known.covers(first)
    assert not known.covers(first - 1)
    assert known.covers(last)
    assert not known.covers(last + 1)


def test_a_calendar_without_sessions_covers_nothing_and_one_of_a_single_session_covers_that() -> None:
    assert not TradingCalendar(NOTHING, NOTHING, NOTHING).covers(0)
    assert TradingCalendar(np.array([0]), np.array([10]), np.array([20])).covers(15)


def test_the_calendar_is_built_once_a_year() -> None:
    known = trading_calendar(NOW)

    assert known is trading_calendar(NOW + timedelta(days=30))
    assert known.date_of(len(known) - 1) == date(NOW.year + 1, 12, 31)


def test_sessions_and_instants_are_integers() -> None:
    known, none = calendar(), np.array([0])

    found = [known.session_of(none), known.first_open_after(none), known.on_or_after(none), known.positions(none)]
    assert [each.dtype for each in (*found, known.days, known.opens, known.closes)] == [np.int64] * 7
    assert type(to_microseconds(NOW)) is int


def test_a_calendar_counts_in_its_unit_and_nobody_can_write_into_it() -> None:
    days = _readonly_integers(np.array(["1970-01-03T12:00"], dtype="datetime64[ns]"), "datetime64[D]")

    assert (days.tolist(), days.dtype) == ([2], np.int64)
    with pytest.raises(ValueError, match="read-only"):
        days[0] = 0


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_instants_survive_the_way_to_microseconds_and_back(instant: datetime) -> None:
    assert from_microseconds(to_microseconds(instant)) == instant
