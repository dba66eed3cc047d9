"""What could not be fetched: the stored gaps of a source and those that are growing just now."""

from datetime import datetime, timedelta
from typing import Any

from news_ingestion.schemas.sources import CoverageRead, GapRead

MAX_GAPS = 100


def growing_gaps(source: Any, expected_delay_seconds: float, now: datetime) -> list[GapRead]:
    """Return the gaps at the present end of a source: what its plan still hides, and what a failure keeps back.

    Parameters
    ----------
    source : row of the table `source`.
    """
    if source.kind == "push":
        return []
    gaps = []
    since = source.seen_until or source.last_ok_at or source.created_at
    if not source.is_enabled:
        reason = source.disabled_reason or "Switched off by a user."
        gaps.append(GapRead(reason="disabled", detail=reason, starts_at=since, ends_at=None))
    elif source.error_count:
        error = source.last_error or {}
        reason = "quota" if error.get("problem") == "quota" else "error"
        gaps.append(GapRead(reason=reason, detail=str(error.get("detail", "")), starts_at=since, ends_at=None))
    if expected_delay_seconds:
        detail = f"The plan shows articles {expected_delay_seconds / 3600:g} hours late."
        hidden = now - timedelta(seconds=expected_delay_seconds)
        gaps.append(GapRead(reason="delay", detail=detail, starts_at=hidden, ends_at=None))
    return gaps


def coverage(source: Any, stored: list[Any], expected_delay_seconds: float, now: datetime) -> CoverageRead:
    """Return the coverage of one source from its row and its stored gaps."""
    past = [
        GapRead(reason=gap.reason, detail=gap.detail, starts_at=gap.starts_at, ends_at=gap.ends_at) for gap in stored
    ]
    return CoverageRead(
        source_id=source.source_id,
        name=source.name,
        kind=source.kind,
        covered_until=source.seen_until or source.last_ok_at,
        gaps=growing_gaps(source, expected_delay_seconds, now) + past,
    )
