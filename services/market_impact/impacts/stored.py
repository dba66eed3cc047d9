"""Reads stored estimates: typed JSON, and only the requested parts of a document."""

from dataclasses import dataclass
from uuid import UUID

import structlog
from pydantic import TypeAdapter, ValidationError

from common.contracts import Direction, Impact, ImpactEvidence
from common.contracts.impact import Interval
from market_impact.metrics import ImpactMetrics

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an estimate said would happen; nothing of it when it abstained."""

    expected_abnormal_return: float | None
    interval: Interval | None
    direction: Direction


@dataclass(frozen=True, slots=True)
class StoredExplanation:
    """`document.ExplanationDocument` as it is read again; a test holds the two together."""

    contributions: dict[str, float] | None
    volatility: float | None
    beta: float | None
    n_estimation_days: int
    effect: float | None
    event_type: str
    sentiment_label: str
    sentiment_score: float
    reports_move: bool
    relevance: float
    novelty: float
    own_events: ImpactEvidence


_EXPECTATION = TypeAdapter(Expectation)
_EXPLANATION = TypeAdapter(StoredExplanation)


def impact_of(document: str) -> Impact:
    """Return a stored estimate."""
    return Impact.model_validate_json(document)


def readable_impact_of(impact_id: UUID, document: str, metrics: ImpactMetrics) -> Impact | None:
    """Return a stored estimate, None for one that cannot be read, so that those beside it can; it is counted."""
    try:
        return impact_of(document)
    except ValidationError as error:
        logger.error("impact_unreadable", impact_id=str(impact_id), problems=error.error_count())  # noqa: TRY400
        metrics.unreadable.inc()
        return None


def expectation_of(document: str) -> Expectation:
    """Return what a stored estimate expected."""
    return _EXPECTATION.validate_json(document)


def explanation_of(explanation: str) -> StoredExplanation:
    """Return what a stored estimate is made of."""
    return _EXPLANATION.validate_json(explanation)
