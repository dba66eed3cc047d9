"""Puts together why an estimate is what it is."""

from math import expm1

from pydantic_core import from_json

from common.postgres.rows import AnyRow, Rows
from market_impact.schemas import ExplanationRead, PastEventRead


def explain(impact: AnyRow, similar: Rows) -> ExplanationRead:
    """Return the explanation of a stored estimate.

    Parameters
    ----------
    impact : row of the table `impact`
    similar : rows of realised events of its kind, the nearest first
    """
    document, made_of = from_json(impact.document), from_json(impact.explanation)
    return ExplanationRead(
        impact_id=impact.impact_id,
        ticker=impact.ticker,
        basis=impact.basis,
        horizon_days=impact.horizon_days,
        abstained=impact.abstained,
        abstain_reason=document.get("abstain_reason"),
        expected_abnormal_return=document["expected_abnormal_return"],
        kind_events=document["evidence"],
        nearest_events=[
            PastEventRead(
                article_id=row.article_id,
                ticker=row.ticker,
                title=from_json(row.document)["context"]["title"],
                session_date=row.session_date,
                known_at=row.horizon_ends_at,
                sentiment_score=row.sentiment_score,
                car=expm1(row.car),
            )
            for row in similar
        ],
        **made_of,
    )
