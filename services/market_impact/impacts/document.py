"""The `Impact` contract of a scored security, built as plain data: hundreds per batch, too many for a model per row."""

from datetime import datetime
from math import expm1, isfinite
from typing import TypedDict
from uuid import UUID

from common.contracts import Analysis, Basis, Direction, SentimentLabel
from market_impact.estimation.estimate import direction
from market_impact.estimation.features import FEATURES, MODEL_VERSION
from market_impact.estimation.past_events import Summary
from market_impact.estimation.scoring import DIGITS, Estimate, ScoredImpact
from market_impact.estimation.shrinkage import t_of_mean

BASELINE_NAME = "zero_abnormal_return"


class IntervalDocument(TypedDict):
    """`common.contracts.impact.Interval`."""

    low: float
    high: float
    level: float


class BaselineDocument(TypedDict):
    """`common.contracts.impact.Baseline`."""

    name: str
    expected_abnormal_return: float
    interval: IntervalDocument


class EvidenceDocument(TypedDict):
    """`common.contracts.impact.ImpactEvidence`."""

    n_events: int
    mean_car: float | None
    t_stat: float | None


class ContextDocument(TypedDict):
    """`common.contracts.impact.ImpactContext`."""

    title: str
    url: str | None
    source_name: str | None
    topics: list[str]
    event_types: list[str]
    sentiment_label: SentimentLabel
    sentiment_score: float
    relevance: float
    novelty: float


class FiguresDocument(TypedDict):
    """The figures of an `Impact`: what it expects, or why it abstains."""

    expected_abnormal_return: float | None
    interval: IntervalDocument | None
    p_up: float | None
    impact_score: float
    direction: Direction
    confidence: float
    abstained: bool
    abstain_reason: str | None
    baseline: BaselineDocument | None


class ImpactDocument(FiguresDocument):
    """`common.contracts.Impact`; a test holds the two together."""

    impact_id: UUID
    article_id: UUID
    revision: int
    state: str
    ticker: str
    horizon_days: int
    basis: Basis
    evidence: EvidenceDocument
    model_version: str
    context: ContextDocument
    lineage: dict[str, UUID | datetime | None]


class ExplanationDocument(TypedDict):
    """What an estimate is made of, as it is stored; `contributions` are log returns, one a feature."""

    contributions: dict[str, float] | None
    volatility: float | None
    beta: float | None
    n_estimation_days: int
    effect: float | None
    event_type: str
    sentiment_label: SentimentLabel
    sentiment_score: float
    reports_move: bool
    relevance: float
    novelty: float
    own_events: EvidenceDocument


def impact_document(impact: ScoredImpact, impact_id: UUID, scored_at: datetime, level: float) -> ImpactDocument:
    """Return the estimate in the shape of `common.contracts.Impact`; a test holds the two together."""
    analysis = impact.link.analysis
    return {
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
        **(_abstained(impact) if impact.estimate is None else _estimated(impact.estimate, level)),
    }


def explanation_document(impact: ScoredImpact) -> ExplanationDocument:
    """Return what the estimate is made of."""
    found, scale = impact.estimate, impact.volatility
    return {
        "contributions": None if found is None else _contributions(found, scale),
        "volatility": _finite(scale),
        "beta": _finite(impact.beta),
        "n_estimation_days": impact.n_estimation_days,
        "effect": None if found is None else found.effect,
        "event_type": impact.link.event_type,
        "sentiment_label": impact.link.sentiment_label,
        "sentiment_score": impact.link.sentiment_score,
        "reports_move": impact.link.reports_move,
        "relevance": impact.link.relevance,
        "novelty": impact.link.analysis.novelty,
        "own_events": _evidence(impact.own_events),
    }


def _contributions(found: Estimate, volatility: float) -> dict[str, float]:
    return {name: round(part * volatility, DIGITS) for name, part in zip(FEATURES, found.parts, strict=True)}


def _estimated(found: Estimate, level: float) -> FiguresDocument:
    return {
        "expected_abnormal_return": found.expected_abnormal_return,
        "interval": {"low": found.low, "high": found.high, "level": level},
        "p_up": found.p_up,
        "impact_score": round(found.impact_score, 2),
        "direction": direction(found.effect),
        "confidence": min(max(found.confidence, 0.0), 1.0),
        "abstained": False,
        "abstain_reason": None,
        "baseline": {
            "name": BASELINE_NAME,
            "expected_abnormal_return": 0.0,
            "interval": {"low": found.baseline_low, "high": found.baseline_high, "level": level},
        },
    }


def _abstained(impact: ScoredImpact) -> FiguresDocument:
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


def _evidence(summary: Summary) -> EvidenceDocument:
    n = int(summary.n)
    if n < 2:
        return {"n_events": n, "mean_car": None, "t_stat": None}
    t = t_of_mean(summary)
    return {
        "n_events": n,
        "mean_car": round(expm1(summary.c / n), DIGITS),
        "t_stat": None if t is None else round(t, 4),
    }


def _context(impact: ScoredImpact, analysis: Analysis) -> ContextDocument:
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
    return round(value, DIGITS) if isfinite(value) else None
