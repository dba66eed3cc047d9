"""The `Impact` contract of a scored security, built as plain data: hundreds a batch, so no model per row."""

from datetime import datetime
from math import expm1
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from common.contracts import Analysis
from market_impact.estimation.estimate import MODEL_VERSION, direction
from market_impact.estimation.past_events import Summary
from market_impact.estimation.scoring import ScoredImpact
from market_impact.estimation.shrinkage import t_of_mean

BASELINE_NAME = "zero_abnormal_return"
_DIGITS = 8

Document = dict[str, Any]


def impact_document(impact: ScoredImpact, impact_id: UUID, scored_at: datetime, level: float) -> Document:
    """Return the estimate in the shape of `common.contracts.Impact`; a test holds the two together."""
    analysis = impact.link.analysis
    document: Document = {
        "impact_id": impact_id,
        "article_id": analysis.article_id,
        "revision": analysis.revision,
        "state": analysis.state,
        "ticker": impact.link.ticker,
        "horizon_days": impact.horizon_days,
        "basis": impact.basis,
        "evidence": _evidence(impact.kind_events),
        "model_version": MODEL_VERSION,
        "context": _context(impact, analysis),
        "lineage": {**analysis.lineage.__dict__, "impact_id": impact_id, "scored_at": scored_at},
    }
    document.update(_abstained(impact) if impact.estimate is None else _estimated(impact.estimate, level))
    return document


def explanation_document(impact: ScoredImpact) -> str:
    """Return, as JSON text, what the estimate is made of; contributions are abnormal returns (0.01 = 1 %)."""
    parts = impact.estimate
    scale = impact.volatility
    contributions = (
        {name: round(parts[name] * scale, _DIGITS) for name in ("sentiment", "kind", "ticker")} if parts else None
    )
    return to_json(
        {
            "contributions": contributions,
            "volatility": _finite(scale),
            "beta": _finite(impact.beta),
            "n_estimation_days": impact.n_estimation_days,
            "effect": parts["effect"] if parts else None,
            "event_type": impact.link.event_type,
            "sentiment_label": impact.link.sentiment_label,
            "sentiment_score": impact.link.sentiment_score,
            "reports_move": impact.link.reports_move,
            "relevance": impact.link.relevance,
            "novelty": impact.link.analysis.novelty,
            "own_events": _evidence(impact.own_events),
        }
    ).decode()


def _estimated(values: dict[str, float], level: float) -> Document:
    return {
        "expected_abnormal_return": values["expected_abnormal_return"],
        "interval": {"low": values["low"], "high": values["high"], "level": level},
        "p_up": values["p_up"],
        "impact_score": round(values["impact_score"], 2),
        "direction": direction(values["effect"]),
        "confidence": min(max(values["confidence"], 0.0), 1.0),
        "abstained": False,
        "abstain_reason": None,
        "baseline": {
            "name": BASELINE_NAME,
            "expected_abnormal_return": 0.0,
            "interval": {
                "low": values["baseline_low"],
                "high": values["baseline_high"],
                "level": level,
            },
        },
    }


def _abstained(impact: ScoredImpact) -> Document:
    return {
        "expected_abnormal_return": None,
        "interval": None,
        "p_up": None,
        "impact_score": 0.0,
        "direction": "flat",
        "confidence": 0.0,
        "abstained": True,
        "abstain_reason": impact.abstain_reason,
        "baseline": None,
    }


def _evidence(summary: Summary) -> Document:
    n = int(summary.n)
    if n < 2:
        return {"n_events": n, "mean_car": None, "t_stat": None}
    t = t_of_mean(summary)
    return {
        "n_events": n,
        "mean_car": round(expm1(summary.c / n), _DIGITS),
        "t_stat": None if t is None else round(t, 4),
    }


def _context(impact: ScoredImpact, analysis: Analysis) -> Document:
    return {
        "title": analysis.title,
        "url": analysis.url,
        "source_name": analysis.source_name,
        "topics": [topic.topic for topic in analysis.topics],
        "event_types": [event.type for event in analysis.stated_events()],
        "sentiment_label": impact.link.sentiment_label,
        "sentiment_score": impact.link.sentiment_score,
        "relevance": impact.link.relevance,
        "novelty": analysis.novelty,
    }


def _finite(value: float) -> float | None:
    return round(value, _DIGITS) if value == value else None  # noqa: PLR0124 - NaN is the one value unlike itself
