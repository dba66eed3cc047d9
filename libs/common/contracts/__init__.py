"""The messages that travel between the services, each declared once."""

from common.contracts.alert import Alert, AlertKind, AlertState, Severity
from common.contracts.analysis import (
    Analysis,
    Entity,
    EntityType,
    EventRole,
    EventRoleName,
    EventScore,
    EvidenceSpan,
    Magnitude,
    MagnitudeKind,
    Meaning,
    Sentiment,
    SentimentLabel,
    Span,
    TextField,
    TopicScore,
)
from common.contracts.article import Article, ArticleSource, ArticleState
from common.contracts.batch import BatchResult, InvalidItem, ItemError, ItemResult, Tolerant
from common.contracts.impact import Baseline, Basis, Direction, Impact, ImpactContext, ImpactEvidence, Interval
from common.contracts.lineage import Lineage

__all__ = [
    "Alert",
    "AlertKind",
    "AlertState",
    "Analysis",
    "Article",
    "ArticleSource",
    "ArticleState",
    "Baseline",
    "Basis",
    "BatchResult",
    "Direction",
    "Entity",
    "EntityType",
    "EventRole",
    "EventRoleName",
    "EventScore",
    "EvidenceSpan",
    "Impact",
    "ImpactContext",
    "ImpactEvidence",
    "Interval",
    "InvalidItem",
    "ItemError",
    "ItemResult",
    "Lineage",
    "Magnitude",
    "MagnitudeKind",
    "Meaning",
    "Sentiment",
    "SentimentLabel",
    "Severity",
    "Span",
    "TextField",
    "Tolerant",
    "TopicScore",
]
