"""Assembles the explanation of an estimate."""

from collections.abc import Sequence
from math import expm1

from market_impact.estimation.features import FEATURES
from market_impact.impacts.stored import explanation_of, impact_of
from market_impact.repository.impacts import SimilarEvent, StoredImpact
from market_impact.schemas.impacts import Contributions, ExplanationRead, PastEventRead


def explain(stored: StoredImpact, similar: Sequence[SimilarEvent]) -> ExplanationRead:
    """Return the explanation of a stored estimate.

    Parameters
    ----------
    similar : realised events of its kind, the nearest first
    """
    impact, made_of = impact_of(stored.document), explanation_of(stored.explanation)
    return ExplanationRead(
        impact_id=stored.impact_id,
        ticker=stored.ticker,
        basis=stored.basis,
        horizon_days=stored.horizon_days,
        abstained=stored.abstained,
        abstain_reason=impact.abstain_reason,
        expected_abnormal_return=impact.expected_abnormal_return,
        contributions=None if made_of.contributions is None else _contributions(made_of.contributions),
        effect=made_of.effect,
        volatility=made_of.volatility,
        beta=made_of.beta,
        n_estimation_days=made_of.n_estimation_days,
        event_type=made_of.event_type,
        sentiment_label=made_of.sentiment_label,
        sentiment_score=made_of.sentiment_score,
        reports_move=made_of.reports_move,
        relevance=made_of.relevance,
        novelty=made_of.novelty,
        kind_events=impact.evidence,
        own_events=made_of.own_events,
        nearest_events=[
            PastEventRead(
                article_id=event.article_id,
                ticker=event.ticker,
                title=event.title,
                session_date=event.session_date,
                known_at=event.horizon_ends_at,
                sentiment_score=event.sentiment_score,
                car=expm1(event.car),
            )
            for event in similar
        ],
    )


def _contributions(stored: dict[str, float]) -> Contributions:
    # A feature that came after the estimate was no part of it: it added nothing.
    return Contributions(dict.fromkeys(FEATURES, 0.0) | stored)
