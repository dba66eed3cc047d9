"""Runs event studies: gathers returns, runs the tests off the event loop, stores the result for a while."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np

from common.clock import uuid7
from common.contracts.batch import ErrorDetail
from common.errors import Conflict, NotFound, Unprocessable
from common.postgres.database import Transaction, after_commit
from market_impact.engine import Engine
from market_impact.event_studies.abnormal_returns import StudyWindows
from market_impact.event_studies.answer import study_answer
from market_impact.event_studies.event_study import run_event_study
from market_impact.event_studies.normal_returns import MissingSeriesError, ReturnPanel
from market_impact.event_studies.request import FACTORS, Panel, StudyRequest
from market_impact.prices.arrays import FloatArray
from market_impact.prices.returns import returns_from_prices
from market_impact.prices.trading_calendar import to_day_number
from market_impact.repository import bars, studies

# A date without trading means the next day that has some, if it comes within a long weekend.
_FURTHEST_DAYS = 5


@dataclass(frozen=True, slots=True)
class AnsweredStudy:
    """A study that was run; `document` is its wire form, JSON text."""

    study_id: UUID
    document: str


async def answer_study(engine: Engine, transaction: Transaction, request: StudyRequest) -> AnsweredStudy:
    """Run the study, keep it, and return the answer.

    Notes
    -----
    Studies wait for each other: none holds a connection meanwhile.

    Raises
    ------
    Unprocessable
        When the study is larger than is computed at once.
    NotFound
        When a ticker or the benchmark has no returns.
    Conflict
        When the panel's series do not fit its dates, or the model needs factors that are not there.
    """
    _refuse_too_large(request, engine.settings.study_max_event_days)
    panel, benchmark = await _panel(engine, request)
    study_id, created_at = uuid7(), engine.runtime.clock.now()
    try:
        async with engine.studying:
            document = await asyncio.to_thread(_run, request, panel, benchmark, study_id, created_at)
    except MissingSeriesError as error:
        raise Conflict(str(error), code="missing_series") from error
    async with transaction() as connection:
        await studies.insert_study(connection, study_id, created_at, document)
        after_commit(connection, engine.metrics.studies.labels(request.model).inc)
    return AnsweredStudy(study_id, document)


def _refuse_too_large(request: StudyRequest, limit: int) -> None:
    first, last = request.window()
    n_events, n_days = len(request.events), last - first + 1
    if n_events * n_days > limit:
        raise Unprocessable(
            f"{n_events:,} events times {n_days:,} days of the event window are {n_events * n_days:,} event days; "
            f"at most {limit:,} are computed at once. Shorten the event window, or ask for fewer events at a time.",
            code="study_too_large",
        )


def _run(request: StudyRequest, panel: ReturnPanel, benchmark: str | None, study_id: UUID, created_at: datetime) -> str:
    """Return the answer as JSON text: made here, since writing thousands of numbers takes its time too."""
    first, last = request.window()
    estimation = request.estimation
    columns = {ticker: column for column, ticker in enumerate(panel.tickers)}
    days = np.array([to_day_number(event.date) for event in request.events], dtype=np.int64)
    positions = np.searchsorted(panel.days, days, side="left").astype(np.int64)
    late = panel.days[np.minimum(positions, len(panel.days) - 1)] - days > _FURTHEST_DAYS
    # Far outside the panel an event has no day 0; twice its length away nothing is found.
    positions[late | (positions >= len(panel.days))] = -2 * len(panel.days) - estimation.length
    study = run_event_study(
        panel,
        request.model,
        np.array([columns[event.ticker] for event in request.events], dtype=np.int64),
        positions,
        StudyWindows(
            first=first,
            last=last,
            estimation_length=estimation.length,
            estimation_gap=estimation.gap,
            min_estimation_days=estimation.min_days or max(5, estimation.length // 4),
            variance=request.variance,
        ),
        tests=request.tests,
        random_state=request.random_state,
    )
    answer = study_answer(study, request, panel, study_id=study_id, created_at=created_at, benchmark=benchmark)
    return answer.model_dump_json()


async def _panel(engine: Engine, request: StudyRequest) -> tuple[ReturnPanel, str | None]:
    needs_benchmark = request.model in {"market", "market_adjusted"}
    benchmark = request.benchmark or (engine.settings.benchmark_ticker if needs_benchmark else None)
    tickers = sorted({event.ticker for event in request.events})
    named = [*tickers, benchmark] if benchmark and needs_benchmark else tickers
    if request.panel is not None:
        contradiction = request.panel.contradiction()
        if contradiction is not None:
            raise Conflict(contradiction, code="inconsistent_panel")
        _refuse_unknown(named, set(request.panel.returns))
        return _given_panel(request.panel, tickers, benchmark if needs_benchmark else None), benchmark
    async with engine.runtime.database.reading() as connection:
        rows = {row.ticker: row for row in await bars.list_prices(connection, named)}
    _refuse_unknown(named, set(rows))
    days = np.unique(np.concatenate([np.array(row.day_numbers, dtype=np.int64) for row in rows.values()]))
    prices = np.full((len(days), len(rows)), np.nan)
    order = {ticker: column for column, ticker in enumerate(rows)}
    for ticker, row in rows.items():
        prices[np.searchsorted(days, row.day_numbers), order[ticker]] = row.adjusted_closes
    returns = returns_from_prices(prices, request.returns)
    market = returns[:, order[benchmark]] if benchmark and needs_benchmark else None
    return ReturnPanel(days, tuple(rows), returns, market), benchmark


def _given_panel(panel: Panel, tickers: list[str], benchmark: str | None) -> ReturnPanel:
    factors = panel.factor_series()
    has_factors = all(name in factors for name in FACTORS)
    return ReturnPanel(
        days=np.array([to_day_number(day) for day in panel.dates], dtype=np.int64),
        tickers=tuple(tickers),
        returns=np.column_stack([_series(panel.returns[ticker]) for ticker in tickers]),
        benchmark=_series(panel.returns[benchmark]) if benchmark else None,
        factors=np.column_stack([_series(factors[name]) for name in FACTORS[:3]]) if has_factors else None,
        risk_free=_series(factors["rf"]) if has_factors else None,
    )


def _series(values: list[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _refuse_unknown(named: list[str], known: set[str]) -> None:
    unknown = sorted(set(named) - known)
    if unknown:
        raise NotFound(
            f"There are no returns of {', '.join(unknown[:10])}: send bars for them, or a panel that holds them.",
            code="unknown_ticker",
            errors=[
                ErrorDetail(loc=["body", "events"], msg=f"no returns of {name}", type="unknown")
                for name in unknown[:50]
            ],
        )
