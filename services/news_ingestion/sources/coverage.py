"""What could not be fetched: the stored gaps of a source and those that are still growing."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from news_ingestion.engine import Engine
from news_ingestion.providers.provider import GapReason, Provider
from news_ingestion.repository.sources import GapRow, SourceRow
from news_ingestion.schemas.sources import CoverageRead, GapRead
from news_ingestion.sources.management import expected_delay_seconds

MAX_GAPS = 100


def growing_gaps(source: SourceRow, provider: Provider, expected_delay_seconds: float, now: datetime) -> list[GapRead]:
    """Return the gaps at the present end of a source: what its plan still hides, and what a failure keeps back."""
    if not provider.is_fetched:
        return []
    gaps: list[GapRead] = []
    since = source.seen_until or source.last_ok_at or source.created_at
    if not source.is_enabled:
        gaps.append(_growing("disabled", source.disabled_reason or "Disabled by a user.", since))
    elif source.error_count:
        error = source.last_error or {}
        gaps.append(_growing("quota" if error.get("problem") == "quota" else "error", error.get("detail", ""), since))
    if expected_delay_seconds:
        detail = f"The plan delays articles by {expected_delay_seconds / 3600:g} hours."
        gaps.append(_growing("delay", detail, now - timedelta(seconds=expected_delay_seconds)))
    return gaps


def _growing(reason: GapReason, detail: str, since: datetime) -> GapRead:
    return GapRead(reason=reason, detail=detail, starts_at=since, ends_at=None)


def coverage(engine: Engine, source: SourceRow, stored: Iterable[GapRow]) -> CoverageRead:
    """Return the coverage of one source from its row and its stored gaps."""
    now, provider = engine.runtime.clock.now(), engine.providers[source.kind]
    growing = growing_gaps(source, provider, expected_delay_seconds(engine, source), now)
    return CoverageRead(
        source_id=source.source_id,
        name=source.name,
        kind=source.kind,
        covered_until=source.seen_until or source.last_ok_at,
        gaps=growing + [GapRead.from_row(gap) for gap in stored],
    )
