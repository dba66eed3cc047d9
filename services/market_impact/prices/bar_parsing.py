"""Daily bars from JSON objects or CSV text, checked row by row: a bad row is reported and the others are kept."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import NamedTuple, TypeAlias

from common.contracts.text import TICKER_PATTERN
from market_impact.dates import is_written_day

PRICE_COLUMNS = ("open", "high", "low", "close", "adjusted_close")
COLUMNS = ("ticker", "date", *PRICE_COLUMNS, "volume")
_TICKER = re.compile(TICKER_PATTERN)
# In any currency; pictures and sums of far larger ones leave the range of floating-point numbers, and so do returns
# from far smaller ones.
SMALLEST_PRICE = 1e-9
LARGEST_PRICE = 1e12
_LARGEST_VOLUME = 2**63 - 1
_REPORTED_ROWS = 100


_Bar: TypeAlias = tuple[str, date, float, float, float, float, float, int | None]


class UnreadableBarsError(ValueError):
    """The text is no table of bars at all."""


class BarColumns(NamedTuple):
    """Bars column by column, no (ticker, date) twice; `volume` may hold None."""

    ticker: list[str]
    session_date: list[date]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    adjusted_close: list[float]
    volume: list[int | None]


@dataclass(slots=True)
class ParsedBars:
    """Good rows, and the first hundred bad ones as (row number from 0, what is wrong)."""

    bars: BarColumns
    n_received: int = 0
    n_rejected: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)


def parse_csv(text: str) -> ParsedBars:
    """Return the bars of a CSV with a header; `adj_close` is read as `adjusted_close`, other columns are ignored.

    Raises
    ------
    UnreadableBarsError
        When a column is missing or a field is longer than 128 kB.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        names = ["adjusted_close" if name == "adj_close" else name for name in header]
        missing = [name for name in COLUMNS if name not in names and name != "volume"]
        if missing:
            raise UnreadableBarsError(f"the CSV header lacks {', '.join(missing)}")
        return parse_rows(dict(zip(names, row, strict=False)) for row in reader if row)
    except csv.Error as error:
        raise UnreadableBarsError(f"line {reader.line_num}: {error}") from error


def parse_object(body: object) -> ParsedBars:
    """Return the bars of the object `{"bars": [...]}`.

    Raises
    ------
    UnreadableBarsError
        When it is something else.
    """
    rows = body.get("bars") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise UnreadableBarsError('the body must be {"bars": [...]}')
    return parse_rows(rows)


def parse_rows(rows: Iterable[object]) -> ParsedBars:
    """Return the bars of mappings with the keys `COLUMNS`; of two rows for one ticker and date the last one counts."""
    good: dict[tuple[str, date], _Bar] = {}
    parsed = ParsedBars(BarColumns([], [], [], [], [], [], [], []))
    dates: dict[str, date] = {}
    for number, row in enumerate(rows):
        parsed.n_received += 1
        try:
            bar = _bar(row, dates)
        except Exception as error:  # noqa: BLE001 - whatever a row raises, it is told and fails no other
            parsed.n_rejected += 1
            if len(parsed.rejected) < _REPORTED_ROWS:
                parsed.rejected.append((number, _reason(error)))
        else:
            good[bar[0], bar[1]] = bar
    if good:
        parsed.bars = BarColumns(*(list(column) for column in zip(*good.values(), strict=True)))
    return parsed


def _bar(row: object, dates: dict[str, date]) -> _Bar:
    if not isinstance(row, Mapping):
        raise TypeError("a bar must be an object")
    ticker = row["ticker"]
    if not isinstance(ticker, str) or _TICKER.fullmatch(ticker) is None:
        raise ValueError("ticker: 1 to 12 of A-Z, 0-9, dot and hyphen, no hyphen or dot first")
    day = _date(row["date"], dates)
    adjusted = row["adjusted_close"] if "adjusted_close" in row else row["adj_close"]
    open_, high, low, close = (_price(row[name], name) for name in ("open", "high", "low", "close"))
    adjusted_close = _price(adjusted, "adjusted_close")
    if high < low:
        raise ValueError("high is below low")
    return ticker, day, open_, high, low, close, adjusted_close, _volume(row.get("volume"))


def _date(value: object, dates: dict[str, date]) -> date:
    if not is_written_day(value):
        raise ValueError("date: YYYY-MM-DD")
    # The same few thousand dates come again for every ticker.
    known = dates.get(value)
    if known is None:
        known = dates[value] = date.fromisoformat(value)
    return known


def _price(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError(f"{name}: a number above 0")
    try:
        price = float(value)
    except ValueError as error:
        raise ValueError(f"{name}: a number above 0") from error
    if not (isfinite(price) and price > 0.0):
        raise ValueError(f"{name}: a number above 0")
    if price < SMALLEST_PRICE:
        raise ValueError(f"{name}: at least {SMALLEST_PRICE:.0e}")
    if price > LARGEST_PRICE:
        raise ValueError(f"{name}: at most {LARGEST_PRICE:.0e}")
    return price


def _volume(value: object) -> int | None:
    if value is None or value == "":
        return None
    if not isinstance(value, (str, int, float)):
        raise TypeError("volume: a whole number from 0")
    try:
        volume = int(float(value)) if isinstance(value, str) and not value.isdigit() else int(value)
    except (ValueError, OverflowError) as error:
        raise ValueError("volume: a whole number from 0") from error
    if not 0 <= volume <= _LARGEST_VOLUME:
        raise ValueError("volume: a whole number from 0")
    return volume


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return str(error) if isinstance(error, (ValueError, TypeError, OverflowError)) else type(error).__name__
