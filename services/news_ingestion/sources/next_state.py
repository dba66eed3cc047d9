"""The state of a source after a fetch: its next fetch, whether it stays enabled, and its error (pure)."""

from collections.abc import Callable
from datetime import UTC, datetime

from common.outgoing.header_values import validator
from news_ingestion.providers.provider import Fetched
from news_ingestion.providers.provider_errors import ProviderError
from news_ingestion.providers.schedule import DEGRADED_AFTER_ERRORS, backoff_seconds, interval_after_success
from news_ingestion.providers.window import Window
from news_ingestion.source_rows import SourceRow

_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
FetchAgain = Callable[[float], datetime]
"""When to fetch again after a wait of so many seconds."""


def after_success(source: SourceRow, fetched: Fetched, *, now: datetime, again: FetchAgain) -> SourceRow:
    """Return a source without errors; one that the service had switched off is on again.

    Notes
    -----
    Whatever its provider wishes, a source is not fetched more often than its interval says. An `etag` or
    `last_modified` that cannot be sent back is not kept.
    """
    is_enabled = source.is_enabled or source.disabled_reason is not None
    wait = interval_after_success(source.interval_seconds, fetched.wait_seconds)
    kept = (None, None) if fetched.is_modified else (source.etag, source.last_modified)
    return source._replace(
        next_fetch_at=again(wait) if is_enabled else None,
        is_enabled=is_enabled,
        disabled_reason=None,
        last_fetch_at=now,
        error_count=0,
        backoff_seconds=0.0,
        last_error=None,
        seen_until=fetched.seen_until,
        last_ok_at=now,
        etag=validator(fetched.etag) or validator(kept[0]),
        last_modified=validator(fetched.last_modified) or validator(kept[1]),
    )


def after_failure(
    source: SourceRow, fetched: Fetched, error: ProviderError, *, is_final: bool, now: datetime, again: FetchAgain
) -> SourceRow:
    """Return a source with one more error, which waits longer or, where only a person can help, is switched off.

    Parameters
    ----------
    is_final : whether asking again does not mend the error
    """
    error_count = source.error_count + 1
    wait = backoff_seconds(error_count, source.interval_seconds, error.retry_after_seconds)
    is_enabled = source.is_enabled and not is_final
    return source._replace(
        next_fetch_at=again(wait) if is_enabled else None,
        is_enabled=is_enabled,
        disabled_reason=error.code if is_final else source.disabled_reason,
        last_fetch_at=now,
        error_count=error_count,
        backoff_seconds=wait,
        last_error=error.document(at=now),
        seen_until=fetched.seen_until,
    )


def covered_by(source: SourceRow, fetched: Fetched, *, shows_latest_only: bool) -> Window | None:
    """Return the publication time that a run fetched in full, None when that is not known.

    Notes
    -----
    A provider that does not say so has covered what lies between the source's `seen_until` and the one that it entered.
    Not one that shows only the latest: what came and went while it failed lies there too.
    """
    if fetched.covered is not None or shows_latest_only or fetched.seen_until is None:
        return fetched.covered
    start = source.seen_until or _BEFORE_ALL
    return Window(start, fetched.seen_until) if start < fetched.seen_until else None


def with_schedule_of(source: SourceRow, current: SourceRow) -> SourceRow:
    """Return `source`, fetched when and if `current` is: that is also a person's to say."""
    return source._replace(
        is_enabled=current.is_enabled, disabled_reason=current.disabled_reason, next_fetch_at=current.next_fetch_at
    )


def becomes_degraded(before: SourceRow, after: SourceRow) -> bool:
    """Return whether this failure is the one to tell about: the third in a row, or the one that switches it off."""
    return after.error_count == DEGRADED_AFTER_ERRORS or (before.is_enabled and not after.is_enabled)
