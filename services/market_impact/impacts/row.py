"""One estimate as a row of the table `impact`, with its outcome when the past already holds it."""

from datetime import datetime
from uuid import UUID

from pydantic_core import to_json

from market_impact.estimation.scoring import ScoredImpact
from market_impact.impacts.document import ImpactDocument, explanation_document
from market_impact.prices.trading_calendar import TradingCalendar, from_microseconds, to_microseconds
from market_impact.repository.impacts import NewImpact


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

    Notes
    -----
    An outcome counts as known when its horizon has passed and its bars are here; otherwise it is due at the horizon's
    end. Of news without a session, outside the calendar, nothing is expected.
    """
    ends_at = impact.horizon_ends_at
    known = ends_at is not None and ends_at <= to_microseconds(now) and impact.has_car
    ends = None if ends_at is None else from_microseconds(ends_at)
    link = impact.link
    return {
        "impact_id": impact_id,
        "article_id": link.analysis.article_id,
        "revision": link.analysis.revision,
        "ticker": link.ticker,
        "horizon_days": impact.horizon_days,
        "basis": impact.basis,
        "direction": document["direction"],
        "impact_score": document["impact_score"],
        "abstained": impact.abstain_reason is not None,
        "model_version": document["model_version"],
        "event_type": link.event_type,
        "sentiment_label": link.sentiment_label,
        "sentiment_score": link.sentiment_score,
        "is_evidence": impact.is_evidence,
        "document": to_json(document).decode(),
        "explanation": to_json(explanation_document(impact)).decode(),
        "published_at": link.analysis.lineage.published_at,
        "scored_at": now,
        "recorded_at": now,
        "session_date": calendar.date_of(impact.session) if impact.session >= 0 else None,
        "horizon_ends_at": ends,
        "outcome_due_at": None if known else ends,
        "outcome_at": now if known else None,
        "car": impact.car if known else None,
        "car_standard_error": impact.car_standard_error if known else None,
        "evidence_transaction": transaction if known and impact.is_evidence else None,
    }


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
