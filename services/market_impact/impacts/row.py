"""One estimate as a row of the table `impact`, with its outcome when the past already holds it."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic_core import to_json

from market_impact.estimation.scoring import ScoredImpact
from market_impact.impacts.document import ImpactDocument, explanation_document
from market_impact.prices.trading_calendar import TradingCalendar, from_microseconds, to_microseconds
from market_impact.repository.impacts import NewImpact


class _Outcome(NamedTuple):
    """What a row says of the outcome: the outcome itself, or when to look for it."""

    horizon_ends_at: datetime | None
    outcome_due_at: datetime | None
    outcome_at: datetime | None
    car: float | None
    car_standard_error: float | None
    evidence_transaction: int | None


def impact_row(
    impact: ScoredImpact,
    impact_id: UUID,
    document: ImpactDocument,
    *,
    calendar: TradingCalendar,
    transaction: int,
    now: datetime,
) -> NewImpact:
    """Return the row of an estimate made at `now`.

    Parameters
    ----------
    document : of `impact_document`
    transaction : number of the transaction that writes the row
    """
    link, outcome = impact.link, _outcome(impact, transaction, now)
    return NewImpact(
        impact_id=impact_id,
        article_id=link.analysis.article_id,
        revision=link.analysis.revision,
        ticker=link.ticker,
        horizon_days=impact.horizon_days,
        basis=impact.basis,
        direction=document["direction"],
        impact_score=document["impact_score"],
        abstained=impact.abstain_reason is not None,
        model_version=document["model_version"],
        event_type=link.event_type,
        sentiment_label=link.sentiment_label,
        sentiment_score=link.sentiment_score,
        is_evidence=impact.is_evidence,
        document=to_json(document).decode(),
        explanation=to_json(explanation_document(impact)).decode(),
        published_at=link.analysis.lineage.published_at,
        scored_at=now,
        recorded_at=now,
        session_date=calendar.date_of(impact.session) if impact.session >= 0 else None,
        horizon_ends_at=outcome.horizon_ends_at,
        outcome_due_at=outcome.outcome_due_at,
        outcome_at=outcome.outcome_at,
        car=outcome.car,
        car_standard_error=outcome.car_standard_error,
        evidence_transaction=outcome.evidence_transaction,
    )


def _outcome(impact: ScoredImpact, transaction: int, now: datetime) -> _Outcome:
    """Return the outcome of an estimate, known when its horizon has passed and its bars are here.

    Notes
    -----
    Otherwise it is due at the horizon's end. Of news without a session, outside the calendar, nothing is expected.
    """
    if impact.horizon_ends_at is None:
        return _Outcome(None, None, None, None, None, None)
    ends = from_microseconds(impact.horizon_ends_at)
    if impact.horizon_ends_at > to_microseconds(now) or not impact.has_car:
        return _Outcome(ends, ends, None, None, None, None)
    return _Outcome(
        horizon_ends_at=ends,
        outcome_due_at=None,
        outcome_at=now,
        car=impact.car,
        car_standard_error=impact.car_standard_error,
        evidence_transaction=transaction if impact.is_evidence else None,
    )


def scored_event(document: ImpactDocument) -> str:
    """Return the JSON text of the event `impact.scored`: what a screen shows, and the id to read the rest by."""
    return to_json(
        {
            "impact_id": document["impact_id"],
            "article_id": document["article_id"],
            "ticker": document["ticker"],
            "basis": document["basis"],
            "horizon_days": document["horizon_days"],
            "direction": document["direction"],
            "impact_score": document["impact_score"],
            "expected_abnormal_return": document["expected_abnormal_return"],
            "abstained": document["abstained"],
        }
    ).decode()
