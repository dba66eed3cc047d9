"""Sources, their fetches and their gaps as they are stored (no SQL)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from news_ingestion.providers.provider import GapReason
from news_ingestion.providers.provider_client import RequestDocument
from news_ingestion.providers.provider_errors import ErrorDocument


class SourceRow(NamedTuple):
    """A source as it is stored: `url` is sealed, and whoever fetches it holds the lease."""

    source_id: UUID
    kind: str
    name: str
    url: str | None
    config: Mapping[str, object]
    is_enabled: bool
    interval_seconds: float
    revision: int
    created_at: datetime
    updated_at: datetime
    next_fetch_at: datetime | None = None
    last_fetch_at: datetime | None = None
    last_ok_at: datetime | None = None
    error_count: int = 0
    backoff_seconds: float = 0.0
    last_error: ErrorDocument | None = None
    etag: str | None = None
    last_modified: str | None = None
    seen_until: datetime | None = None
    disabled_reason: str | None = None
    lease_owner: UUID | None = None
    lease_until: datetime | None = None


class FetchRow(NamedTuple):
    """One run of a source as the ledger keeps it."""

    fetch_id: UUID
    source_id: UUID
    started_at: datetime
    finished_at: datetime
    status: str
    requests: Sequence[RequestDocument]
    n_requests: int
    articles: Mapping[str, int]
    error: ErrorDocument | None


class GapRow(NamedTuple):
    """A stretch of publication time that was not fetched in full."""

    gap_id: UUID
    source_id: UUID
    reason: GapReason
    detail: str
    starts_at: datetime
    ends_at: datetime
    recorded_at: datetime


class QuotaUse(NamedTuple):
    """The requests made for sources of one kind, and how many enabled sources share what is left."""

    n_requests: int
    n_sharing: int
