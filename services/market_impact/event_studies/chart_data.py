"""Gathers the data of charts, and draws them off the event loop."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

from common.contracts import Basis
from common.errors import NotFound
from common.postgres.database import Connection
from market_impact.engine import Engine
from market_impact.event_studies.answer import StudyRead
from market_impact.event_studies.charts import AveragePath, NewsMark, draw_average_path, draw_timeline
from market_impact.repository import bars, impacts, studies
from market_impact.repository.bars import BarFilter, DailyClose
from market_impact.repository.impacts import MarkedNews


async def read_study(connection: Connection, study_id: UUID) -> str:
    """Return a kept event study as JSON text; `NotFound` without one."""
    return NotFound.unless(await studies.find_study(connection, study_id), "event study", study_id).answer


async def study_chart(engine: Engine, study_id: UUID) -> bytes:
    """Return the SVG of a kept event study."""
    async with engine.runtime.database.reading() as connection:
        document = await read_study(connection, study_id)
    study = await asyncio.to_thread(StudyRead.model_validate_json, document)
    aggregate = study.aggregate
    estimation = study.estimation
    words = [study.model.replace("_", " "), f"{estimation.length} days of estimation, {estimation.gap} of gap"]
    if study.benchmark is not None:
        words.insert(1, f"against {study.benchmark}")
    path = AveragePath(
        days=aggregate.days,
        aar=aggregate.aar,
        caar=aggregate.caar,
        standard_error=aggregate.caar_standard_error,
        n_events=aggregate.n_events,
        caption=" · ".join(words),
    )
    return await asyncio.to_thread(draw_average_path, path)


@dataclass(frozen=True, slots=True)
class Timeline:
    """What a picture of a security shows.

    Parameters
    ----------
    basis, horizon_days : of the estimates marked; the shortest horizon configured where it is None
    date_from, date_to : first and last day, both included; None is no bound
    max_sessions : counted from the last
    """

    ticker: str
    basis: Basis
    horizon_days: int | None
    date_from: date | None
    date_to: date | None
    max_sessions: int


async def ticker_timeline(engine: Engine, wanted: Timeline) -> bytes:
    """Return the SVG of a ticker's price with its news.

    Raises
    ------
    NotFound
        When the ticker has no bars, or fewer than two in the range.
    """
    horizon_days = wanted.horizon_days or engine.parameters.horizons_days[0]
    async with engine.runtime.database.reading() as connection:
        rows, found = await _history(connection, wanted, horizon_days)
    days = [row.session_date for row in rows]
    held = set(days)
    marks = [_mark(row) for row in found if row.session_date in held]
    caption = f"{days[0]} to {days[-1]} · {len(marks)} news items · basis {wanted.basis}, {horizon_days} session(s)"
    closes = [row.close for row in rows]
    return await asyncio.to_thread(draw_timeline, wanted.ticker, days, closes, marks, caption)


async def _history(
    connection: Connection, wanted: Timeline, horizon_days: int
) -> tuple[Sequence[DailyClose], Sequence[MarkedNews]]:
    """Return the closes of a security, at least two, and the news about it between the first and the last."""
    ticker = wanted.ticker
    chosen = BarFilter(ticker, wanted.date_from, wanted.date_to)
    rows = await bars.list_closes(connection, chosen, wanted.max_sessions)
    if not rows and not await bars.list_versions(connection, [ticker]):
        raise NotFound.of("security", ticker)
    if len(rows) < 2:
        raise NotFound(f"{len(rows)} session(s) of {ticker} in this range; a line needs two.", code="too_few_bars")
    first, last = (datetime.combine(row.session_date, time(), UTC) for row in (rows[0], rows[-1]))
    found = await impacts.list_marks(
        connection, ticker=ticker, basis=wanted.basis, horizon_days=horizon_days, first=first, last=last
    )
    return rows, found


def _mark(news: MarkedNews) -> NewsMark:
    return NewsMark(day=news.session_date, direction=news.direction, impact_score=news.impact_score, title=news.title)
