"""The state of a source after a fetch: its next fetch, whether it stays enabled, and its error (pure)."""

from collections.abc import Callable
from datetime import datetime

from news_ingestion.providers.provider import Fetched, Provider
from news_ingestion.providers.provider_errors import UpstreamError
from news_ingestion.providers.schedule import DEGRADED_AFTER_ERRORS, backoff_seconds
from news_ingestion.repository.sources import Confirmed, NextState, SourceRow

FetchAgain = Callable[[float], datetime]
"""When to fetch again after a wait of so many seconds."""


def after_success(source: SourceRow, fetched: Fetched, now: datetime, again: FetchAgain) -> NextState:
    """Return a source without errors; one that the service had switched off is on again."""
    is_enabled = source.is_enabled or source.disabled_reason is not None
    return NextState(
        next_fetch_at=again(fetched.wait_seconds) if is_enabled else None,
        is_enabled=is_enabled,
        disabled_reason=None,
        last_fetch_at=now,
        error_count=0,
        backoff_seconds=0.0,
        last_error=None,
        seen_until=fetched.seen_until,
        confirmed=Confirmed(now, fetched.etag, fetched.last_modified),
    )


def after_failure(
    source: SourceRow, provider: Provider, fetched: Fetched, error: UpstreamError, now: datetime, again: FetchAgain
) -> NextState:
    """Return a source with one more error, which waits longer or, where only a person can help, is switched off."""
    error_count = source.error_count + 1
    is_final = error.problem in provider.final_problems
    wait = backoff_seconds(error_count, source.interval_seconds, error.retry_after_seconds)
    is_enabled = source.is_enabled and not is_final
    return NextState(
        next_fetch_at=again(wait) if is_enabled else None,
        is_enabled=is_enabled,
        disabled_reason=error.code if is_final else source.disabled_reason,
        last_fetch_at=now,
        error_count=error_count,
        backoff_seconds=wait,
        last_error={**error.as_json(), "at": now.isoformat()},
        seen_until=fetched.seen_until,
        confirmed=None,
    )


def becomes_degraded(source: SourceRow, state: NextState) -> bool:
    """Return whether this failure is the one to tell about: the third in a row, or the one that switches it off."""
    return state.error_count == DEGRADED_AFTER_ERRORS or (source.is_enabled and not state.is_enabled)
