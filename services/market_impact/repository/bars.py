"""Daily bars: bulk upsert, and prices of many tickers at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Date,
    Integer,
    String,
    Text,
    bindparam,
    cast,
    func,
    literal,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from common.postgres.database import Connection
from common.postgres.paging import PageRequest, keyset
from common.postgres.rows import columns_for, find_rows
from market_impact.models import BAR, IMPACT, SECURITY
from market_impact.prices.bar_parsing import BarColumns

ValueT = TypeVar("ValueT")

# Cursors hold text, not dates; ISO dates sort alike.
BAR_DAY = cast(BAR.c.session_date, Text)

# A row that is already there as it is stays untouched: a repeated upload changes nothing and wakes no cache.
_INSERT_BARS = text(
    """
    INSERT INTO bar AS kept (ticker, session_date, open, high, low, close, adjusted_close, volume, recorded_at)
    SELECT given.*, CAST(:recorded_at AS timestamptz) FROM unnest(
        CAST(:ticker AS text[]), CAST(:session_date AS date[]), CAST(:open AS float8[]), CAST(:high AS float8[]),
        CAST(:low AS float8[]), CAST(:close AS float8[]), CAST(:adjusted_close AS float8[]), CAST(:volume AS int8[])
    ) AS given
    ON CONFLICT (ticker, session_date) DO UPDATE SET
        open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
        adjusted_close = excluded.adjusted_close, volume = excluded.volume, recorded_at = excluded.recorded_at
    WHERE (kept.open, kept.high, kept.low, kept.close, kept.adjusted_close, kept.volume) IS DISTINCT FROM
        (excluded.open, excluded.high, excluded.low, excluded.close, excluded.adjusted_close, excluded.volume)
    RETURNING kept.ticker, (kept.xmax = 0) AS is_new
    """
)
_RENEW_VERSIONS = text(
    """
    INSERT INTO security (ticker, bars_version)
    SELECT ticker, pg_current_xact_id()::text::bigint FROM unnest(CAST(:tickers AS text[])) AS ticker ORDER BY ticker
    ON CONFLICT (ticker) DO UPDATE SET bars_version = excluded.bars_version
    """
)


class BarRow(NamedTuple):
    """A stored bar."""

    ticker: str
    session_date: date
    open: float
    high: float
    low: float
    close: float
    adjusted_close: float
    volume: int | None


class TickerPrices(NamedTuple):
    """All bars of one ticker in order of date; `day_numbers` are days since 1970-01-01."""

    ticker: str
    day_numbers: list[int]
    opens: list[float]
    closes: list[float]
    adjusted_closes: list[float]


class DailyClose(NamedTuple):
    """The close of one session."""

    session_date: date
    close: float


@dataclass(frozen=True, slots=True)
class BarFilter:
    """What a list of bars is narrowed to, its sessions between two dates, both included; None does not narrow."""

    ticker: str | None = None
    date_from: date | None = None
    date_to: date | None = None


class _TickerVersion(NamedTuple):
    ticker: str
    bars_version: int


class _WrittenBar(NamedTuple):
    ticker: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class BarChanges:
    """How many bars an upload added and changed, and whose."""

    inserted: int
    updated: int
    tickers: list[str]


async def insert_bars(connection: Connection, bars: BarColumns, recorded_at: datetime) -> BarChanges:
    """Insert `bars`, over what is there of the same ticker and date, and return what changed."""
    rows = await find_rows(connection, _INSERT_BARS, _WrittenBar, {**bars._asdict(), "recorded_at": recorded_at})
    tickers = sorted({row.ticker for row in rows})
    if tickers:
        await connection.execute(_RENEW_VERSIONS, {"tickers": tickers})
    inserted = sum(row.is_new for row in rows)
    return BarChanges(inserted, len(rows) - inserted, tickers)


async def update_waiting_outcomes(
    connection: Connection, tickers: Sequence[str], *, everything: bool, now: datetime
) -> None:
    """Let the outcomes that waited for bars of `tickers` (or of the benchmark: all) be looked for at `now`."""
    waiting = (IMPACT.c.outcome_due_at > now) & (IMPACT.c.horizon_ends_at <= now)
    chosen = waiting if everything else waiting & (IMPACT.c.ticker == func.any(_texts("tickers", tickers)))
    await connection.execute(IMPACT.update().where(chosen).values(outcome_due_at=now))


async def list_versions(connection: Connection, tickers: Sequence[str]) -> dict[str, int]:
    """Return the version of the bars of each of `tickers` that has any."""
    statement = select(*columns_for(_TickerVersion, SECURITY)).where(
        SECURITY.c.ticker == func.any(_texts("tickers", tickers))
    )
    return dict(await find_rows(connection, statement, _TickerVersion))


async def list_prices(connection: Connection, tickers: Sequence[str]) -> list[TickerPrices]:
    """Return the prices of each of `tickers` that has bars."""
    # date - date is a number of days in PostgreSQL; SQLAlchemy takes it for an interval without the cast.
    days = type_coerce(BAR.c.session_date - literal(date(1970, 1, 1), Date), Integer)
    statement = (
        select(
            BAR.c.ticker,
            _in_order(days).label("day_numbers"),
            _in_order(BAR.c.open).label("opens"),
            _in_order(BAR.c.close).label("closes"),
            _in_order(BAR.c.adjusted_close).label("adjusted_closes"),
        )
        .where(BAR.c.ticker == func.any(_texts("tickers", tickers)))
        .group_by(BAR.c.ticker)
    )
    return await find_rows(connection, statement, TickerPrices)


async def list_bars(connection: Connection, page: PageRequest, wanted: BarFilter) -> list[BarRow]:
    """Return one page of bars, the latest session first."""
    statement = select(*columns_for(BarRow, BAR)).where(*_conditions(wanted))
    return await find_rows(connection, keyset(statement, page, (BAR_DAY, BAR.c.ticker)), BarRow)


async def list_closes(connection: Connection, wanted: BarFilter, limit: int) -> list[DailyClose]:
    """Return the closes of the last `limit` of the wanted sessions, of one ticker, oldest first."""
    statement = select(*columns_for(DailyClose, BAR)).where(*_conditions(wanted))
    statement = statement.order_by(BAR.c.session_date.desc()).limit(limit)
    return (await find_rows(connection, statement, DailyClose))[::-1]


def _conditions(wanted: BarFilter) -> list[ColumnElement[bool]]:
    of_ticker = [] if wanted.ticker is None else [BAR.c.ticker == wanted.ticker]
    since = [] if wanted.date_from is None else [BAR.c.session_date >= wanted.date_from]
    until = [] if wanted.date_to is None else [BAR.c.session_date <= wanted.date_to]
    return of_ticker + since + until


def _in_order(values: ColumnElement[ValueT]) -> ColumnElement[Sequence[ValueT]]:
    return func.array_agg(aggregate_order_by(values, BAR.c.session_date))


def _texts(name: str, values: Sequence[str]) -> BindParameter[Sequence[str]]:
    return bindparam(name, list(values), type_=ARRAY(String))
