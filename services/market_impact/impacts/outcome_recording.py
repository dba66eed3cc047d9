"""The worker that records what really happened once a horizon has passed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

import numpy as np
import structlog

from common.batches.item_isolation import is_items_fault
from common.contracts import Basis
from common.postgres.database import Connection, after_commit
from market_impact.engine import Engine
from market_impact.estimation.abnormal_moves import NewsWindow, measure_news
from market_impact.impacts.outcome import outcome_event, was_within
from market_impact.impacts.stored import expectation_of
from market_impact.prices.trading_calendar import to_day_number
from market_impact.repository import outcomes
from market_impact.repository.outcomes import DueOutcome, NewOutcome

logger = structlog.get_logger(__name__)

CLAIM_ROWS = 500


async def record_outcomes(engine: Engine) -> int:
    """Record every outcome that is due and whose bars are here; return how many."""
    recorded, limit = 0, CLAIM_ROWS
    while True:
        claimed: Sequence[DueOutcome] = ()
        try:
            async with engine.runtime.database.transaction() as connection:
                claimed = await outcomes.claim_due_outcomes(connection, engine.runtime.clock.now(), limit)
                recorded += await _record(engine, connection, claimed)
        except Exception as error:
            if not claimed or not is_items_fault(error):
                raise
            limit = await _divide(engine, claimed, error)
            continue
        if len(claimed) < limit:
            return recorded
        limit = min(CLAIM_ROWS, 2 * limit)


async def _divide(engine: Engine, claimed: Sequence[DueOutcome], error: Exception) -> int:
    """Return how many estimates to claim next; one that fails alone is put off, so that it holds up no other."""
    if len(claimed) > 1:
        return len(claimed) // 2
    logger.error("outcome_failed", impact_id=str(claimed[0].impact_id), exc_info=error)
    engine.runtime.failed_items.labels(type(error).__name__).inc()
    async with engine.runtime.database.transaction() as connection:
        until = engine.runtime.clock.now() + timedelta(seconds=engine.settings.outcome_retry_seconds)
        await outcomes.update_due_at(connection, [claimed[0].impact_id], until)
    return CLAIM_ROWS


async def _record(engine: Engine, connection: Connection, due: Sequence[DueOutcome]) -> int:
    if not due:
        return 0
    now = engine.runtime.clock.now()
    calendar = engine.calendar()
    market = await engine.prices.market(connection, (each.ticker for each in due), calendar)
    days = np.array([to_day_number(each.session_date) for each in due], dtype=np.int64)
    sessions: list[int] = calendar.positions(days).tolist()
    windows = [
        NewsWindow(market.series.get(each.ticker), session, each.horizon_days, each.basis)
        for each, session in zip(due, sessions, strict=True)
    ]
    measured = measure_news(windows, engine.parameters.estimation)
    found = [
        (each, NewOutcome(each.impact_id, car, error))
        for each, car, error in zip(due, measured.car.tolist(), measured.car_standard_error.tolist(), strict=True)
        if np.isfinite(car)
    ]
    if found:
        await outcomes.update_outcomes(connection, [outcome for _, outcome in found], now)
        events = [
            ("impact.outcome", outcome_event(each, outcome.car, outcome.car_standard_error)) for each, outcome in found
        ]
        await engine.runtime.events.publish(connection, events)
        within = [(each.basis, was_within(expectation_of(each.document), outcome.car)) for each, outcome in found]
        after_commit(connection, lambda: count_outcomes(engine, within))
    held = {outcome.impact_id for _, outcome in found}
    missing = [each.impact_id for each in due if each.impact_id not in held]
    if missing:
        until = now + timedelta(seconds=engine.settings.outcome_retry_seconds)
        await outcomes.update_due_at(connection, missing, until)
    return len(found)


def count_outcomes(engine: Engine, outcomes_within: Iterable[tuple[Basis, bool | None]]) -> None:
    """Count realised outcomes, pairs of basis and whether they lay within the interval (None: it abstained)."""
    for (basis, within), number in Counter(outcomes_within).items():
        label = "abstained" if within is None else str(within).lower()
        engine.metrics.outcomes.labels(basis, label).inc(number)
