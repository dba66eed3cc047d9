"""The worker that looks, once a horizon has passed, what really happened."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

import numpy as np
import structlog
from pydantic_core import from_json

from common.batches.item_isolation import is_items_fault
from common.postgres.database import Connection, after_commit
from common.postgres.rows import Rows
from market_impact.engine import Engine
from market_impact.estimation.abnormal_moves import NewsWindow, measure_news
from market_impact.impacts.outcome import lies_within, outcome_event
from market_impact.prices.trading_calendar import to_day_number
from market_impact.repository import outcomes

logger = structlog.get_logger(__name__)

CLAIM_ROWS = 500


async def record_outcomes(engine: Engine) -> int:
    """Record every outcome that is due and whose bars are here; return how many."""
    recorded, limit = 0, CLAIM_ROWS
    while True:
        claimed: Rows = ()
        try:
            async with engine.runtime.database.transaction() as connection:
                claimed = await outcomes.claim_due(connection, engine.runtime.clock.now(), limit)
                recorded += await _record(connection, engine, claimed)
        except Exception as error:
            if not claimed or not is_items_fault(error):
                raise
            limit = await _divide(engine, claimed, error)
            continue
        if len(claimed) < limit:
            return recorded
        limit = min(CLAIM_ROWS, 2 * limit)


async def _divide(engine: Engine, claimed: Rows, error: Exception) -> int:
    """Return how many estimates to claim next; one that fails alone is put off, so that it holds up no other."""
    if len(claimed) > 1:
        return len(claimed) // 2
    logger.error("outcome_failed", impact_id=str(claimed[0].impact_id), exc_info=error)
    engine.runtime.failed_items.labels(type(error).__name__).inc()
    async with engine.runtime.database.transaction() as connection:
        until = engine.runtime.clock.now() + timedelta(seconds=engine.settings.outcome_retry_seconds)
        await outcomes.postpone(connection, [claimed[0].impact_id], until)
    return CLAIM_ROWS


async def _record(connection: Connection, engine: Engine, rows: Rows) -> int:
    if not rows:
        return 0
    now = engine.runtime.clock.now()
    calendar = engine.calendar()
    market = await engine.prices.market(connection, (row.ticker for row in rows), calendar)
    days = np.array([to_day_number(row.session_date) for row in rows], dtype=np.int64)
    sessions: list[int] = calendar.positions(days).tolist()
    windows = [
        NewsWindow(market.series.get(row.ticker), session, row.horizon_days, row.basis)
        for row, session in zip(rows, sessions, strict=True)
    ]
    measured = measure_news(windows, engine.parameters.estimation)
    found = [
        {**row._mapping, "car": car, "car_standard_error": error, "outcome_at": now}  # noqa: SLF001 - public name
        for row, car, error in zip(rows, measured.car.tolist(), measured.car_standard_error.tolist(), strict=True)
        if np.isfinite(car)
    ]
    if found:
        await outcomes.store_outcomes(connection, found, now)
        await engine.runtime.events.publish(connection, [("impact.outcome", outcome_event(row)) for row in found])
        within = [(row["basis"], lies_within(from_json(row["document"]), row["car"])) for row in found]
        after_commit(connection, lambda: count_outcomes(engine, within))
    held = {row["impact_id"] for row in found}
    missing = [row.impact_id for row in rows if row.impact_id not in held]
    if missing:
        until = now + timedelta(seconds=engine.settings.outcome_retry_seconds)
        await outcomes.postpone(connection, missing, until)
    return len(found)


def count_outcomes(engine: Engine, outcomes_within: Iterable[tuple[str, bool | None]]) -> None:
    """Count realised outcomes, pairs of basis and whether they lay within the interval (None: it abstained)."""
    for (basis, within), number in Counter(outcomes_within).items():
        label = "abstained" if within is None else str(within).lower()
        engine.metrics.outcomes.labels(basis, label).inc(number)
