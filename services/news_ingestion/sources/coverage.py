"""What could not be fetched: the stored gaps of a source and those that are still growing."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from common.postgres.database import Connection
from common.postgres.paging import Page, PageRequest
from news_ingestion.engine import Engine
from news_ingestion.providers.provider import GapReason, Provider
from news_ingestion.providers.provider_errors import ErrorDocument
from news_ingestion.repository import sources
from news_ingestion.schemas.sources import CoverageRead, GapRead
from news_ingestion.source_rows import GapRow, SourceRow
from news_ingestion.sources.plans import Planned, planned

_MAX_GAPS = 100


def growing_gaps(source: SourceRow, provider: Provider | None, found: Planned, now: datetime) -> list[GapRead]:
    """Return the gaps at the present end of a source: what its plan still hides, and what a failure keeps back.

    Of a kind that this process does not know, other replicas may still fetch: what is stored says how that goes.
    """
    if provider is not None and not provider.is_fetched:
        return []
    gaps: list[GapRead] = []
    since = source.seen_until or source.last_ok_at or source.created_at
    if not source.is_enabled:
        gaps.append(_growing("disabled", source.disabled_reason or "Disabled by a user.", since))
    elif source.error_count:
        gaps.append(_failing(source.last_error, since))
    delay_seconds = found.plan.expected_delay_seconds
    if found.error is not None:
        gaps.append(_growing("delay", f"How late articles are shown is not known. {found.error}", since))
    elif delay_seconds:
        detail = f"The plan delays articles by {delay_seconds / 3600:g} hours."
        gaps.append(_growing("delay", detail, now - timedelta(seconds=delay_seconds)))
    return gaps


def _failing(error: ErrorDocument | None, since: datetime) -> GapRead:
    if error is None:
        return _growing("error", "", since)
    return _growing("quota" if error["problem"] == "quota" else "error", error["detail"], since)


def _growing(reason: GapReason, detail: str, since: datetime) -> GapRead:
    return GapRead(reason=reason, detail=detail, starts_at=since, ends_at=None)


async def coverage_page(engine: Engine, connection: Connection, page: PageRequest) -> Page[CoverageRead]:
    """Return the coverage of the sources of a page, the newest source first."""
    rows = await sources.list_sources(connection, page)
    stored: defaultdict[UUID, list[GapRow]] = defaultdict(list)
    for gap in await sources.list_gaps(connection, [row.source_id for row in rows[: page.limit]], _MAX_GAPS):
        stored[gap.source_id].append(gap)
    return page.answer(
        rows,
        key=lambda row: (row.created_at, row.source_id),
        read=lambda row: _coverage(engine, row, stored[row.source_id]),
    )


def _coverage(engine: Engine, source: SourceRow, stored: Iterable[GapRow]) -> CoverageRead:
    now, provider = engine.runtime.clock.now(), engine.providers.get(source.kind)
    growing = growing_gaps(source, provider, planned(engine, source), now)
    return CoverageRead(
        source_id=source.source_id,
        name=source.name,
        kind=source.kind,
        covered_until=source.seen_until or source.last_ok_at,
        gaps=growing + [GapRead.from_row(gap) for gap in stored],
    )
