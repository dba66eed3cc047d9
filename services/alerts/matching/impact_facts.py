"""The facts of an impact that rules test, extracted from the message once for thousands of rules."""

from dataclasses import dataclass

from common.contracts import Impact


@dataclass(frozen=True, slots=True)
class Facts:
    """The values of one impact that conditions compare.

    Notes
    -----
    `impact_score` is 0..100; `confidence`, `novelty` and `relevance` are in [0, 1]; `horizon_days` counts trading
    sessions. `topics` and `event_types` hold every value that the impact carries.
    """

    ticker: str
    topics: frozenset[str]
    event_types: frozenset[str]
    direction: str
    basis: str
    horizon_days: int
    sentiment: str
    impact_score: float
    confidence: float
    novelty: float
    relevance: float


def facts_of(impact: Impact) -> Facts:
    """Return the facts of `impact`."""
    context = impact.context
    return Facts(
        ticker=impact.ticker,
        topics=frozenset(context.topics),
        event_types=frozenset(context.event_types),
        direction=impact.direction,
        basis=impact.basis,
        horizon_days=impact.horizon_days,
        sentiment=context.sentiment_label,
        impact_score=impact.impact_score,
        confidence=impact.confidence,
        novelty=context.novelty,
        relevance=context.relevance,
    )


def can_fire(impact: Impact) -> bool:
    """Return whether any rule may match: a withdrawn estimate, and one the model declined to make, alert nobody."""
    return impact.state != "retracted" and not impact.abstained
