"""Imports price bars from JSON or CSV bodies."""

import asyncio

from common.errors import Malformed, Unprocessable
from common.postgres.database import Connection, after_commit
from market_impact.engine import Engine
from market_impact.prices.bar_parsing import ParsedBars, UnreadableBarsError, parse_csv, parse_object
from market_impact.repository import bars
from market_impact.schemas.bars import BarsResult, RejectedBar

MAX_BARS = 100_000


async def read_bars(body: bytes, media_type: str, decoded: object) -> ParsedBars:
    """Return the bars of a request body: `decoded` JSON, or the text of a CSV.

    Raises
    ------
    Malformed
        A CSV that is no UTF-8.
    Unprocessable
        No table of bars, none at all, or more than 100,000.
    """
    try:
        if media_type == "text/csv":
            # 5 MB of CSV take a tenth of a second: not on the event loop.
            parsed = await asyncio.to_thread(parse_csv, body.decode())
        else:
            parsed = await asyncio.to_thread(parse_object, decoded)
    except UnicodeDecodeError as error:
        raise Malformed("The CSV is not UTF-8.") from error
    except UnreadableBarsError as error:
        raise Unprocessable(str(error), code="unreadable_bars") from error
    if not 0 < parsed.n_received <= MAX_BARS:
        raise Unprocessable(
            f"An upload has 1 to {MAX_BARS} bars, not {parsed.n_received}.", code="wrong_number_of_bars"
        )
    return parsed


async def import_bars(engine: Engine, connection: Connection, parsed: ParsedBars) -> BarsResult:
    """Write the good bars and return what became of all; outcomes that waited for them are looked for at once."""
    now = engine.runtime.clock.now()
    changes = await bars.insert_bars(connection, parsed.bars, now)
    if changes.tickers:
        benchmark = engine.settings.benchmark_ticker in changes.tickers
        await bars.update_waiting_outcomes(connection, changes.tickers, everything=benchmark, now=now)
    good = len(parsed.bars.ticker)
    result = BarsResult(
        received=parsed.n_received,
        inserted=changes.inserted,
        updated=changes.updated,
        unchanged=parsed.n_received - parsed.n_rejected - changes.inserted - changes.updated,
        rejected=parsed.n_rejected,
        errors=[RejectedBar(index=index, detail=detail) for index, detail in parsed.rejected],
    )
    after_commit(connection, lambda: _count(engine, result, good))
    return result


def _count(engine: Engine, result: BarsResult, good: int) -> None:
    counted = {"inserted": result.inserted, "updated": result.updated, "rejected": result.rejected}
    counted["unchanged"] = good - result.inserted - result.updated
    for name, number in counted.items():
        engine.metrics.bars.labels(name).inc(number)
