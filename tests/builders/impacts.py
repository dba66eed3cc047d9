"""Impacts for tests: a strong fall of Tesla unless told otherwise."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from common.clock import uuid7
from common.contracts import Impact

PUBLISHED_AT = datetime(2024, 3, 5, 14, 30, tzinfo=UTC)


def impact(**changes: Any) -> Impact:
    """Return an impact; keys of its context are given as `context={…}`, the time of the news as `published_at`."""
    article_id: UUID = changes.pop("article_id", None) or uuid7()
    published_at: datetime = changes.pop("published_at", PUBLISHED_AT)
    context = {
        "title": "Tesla cuts its delivery outlook",
        "url": "https://example.com/tesla",
        "source_name": "Example Wire",
        "topics": ["earnings", "guidance"],
        "event_types": ["guidance_cut"],
        "sentiment_label": "negative",
        "sentiment_score": -0.8,
        "relevance": 1.0,
        "novelty": 1.0,
        **changes.pop("context", {}),
    }
    fields: dict[str, Any] = {
        "impact_id": uuid7(),
        "article_id": article_id,
        "revision": 1,
        "ticker": "TSLA",
        "horizon_days": 1,
        "basis": "after",
        "expected_abnormal_return": -0.023,
        "interval": {"low": -0.06, "high": 0.01, "level": 0.9},
        "p_up": 0.2,
        "impact_score": 80.0,
        "direction": "down",
        "confidence": 0.7,
        "evidence": {"n_events": 12, "mean_car": -0.02, "t_stat": -2.4},
        "model_version": "test",
        "context": context,
        "lineage": {
            "article_id": article_id,
            "story_id": uuid7(),
            "analysis_id": uuid7(),
            "published_at": published_at,
            "received_at": published_at + timedelta(milliseconds=100),
            "analysed_at": published_at + timedelta(milliseconds=150),
            "scored_at": published_at + timedelta(milliseconds=175),
        },
        **changes,
    }
    return Impact.model_validate(fields)
