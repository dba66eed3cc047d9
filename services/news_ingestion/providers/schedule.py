"""When to fetch a source again: its own hints, the configured interval, and a back-off that never gives up."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from common.outgoing.header_values import seconds, seconds_until

MIN_INTERVAL_SECONDS = 10.0
MAX_INTERVAL_SECONDS = 24 * 3600.0
BACKOFF_START_SECONDS = 30.0
BACKOFF_MAX_SECONDS = 6 * 3600.0
# From this many failures in a row a source counts as degraded.
DEGRADED_AFTER_ERRORS = 3


def freshness_seconds(headers: Mapping[str, str], now: datetime) -> float:
    """Return how long an answer stays fresh by its `Cache-Control` and `Expires` headers; 0 where they say nothing."""
    control = headers.get("cache-control", "").lower()
    if "no-cache" in control or "no-store" in control:
        return 0.0
    for directive in control.split(","):
        name, _, value = directive.strip().partition("=")
        if name == "max-age" and (age := seconds(value.strip('" '))) is not None:
            return age
    return seconds_until(headers.get("expires", ""), now) or 0.0


def may_ask_conditionally(headers: Mapping[str, str]) -> bool:
    """Return whether validators of this answer may be sent back; a site with `Expires: 0` does not mean its ETag."""
    return headers.get("expires", "").strip() != "0"


def interval_after_success(interval_seconds: float, *wishes: float | None) -> float:
    """Return the seconds until the next fetch: the longest of the interval set and the source's wishes, clamped."""
    longest = max(interval_seconds, *(wish or 0.0 for wish in wishes), MIN_INTERVAL_SECONDS)
    return min(longest, MAX_INTERVAL_SECONDS)


def backoff_seconds(error_count: int, interval_seconds: float, retry_after: float | None = None) -> float:
    """Return the wait after the `error_count`-th failure in a row, before jitter.

    Notes
    -----
    30 s doubling up to six hours, and never more often than the interval while failing; `Retry-After` wins where it
    is longer. There is no last attempt: a source that comes back after a week is fetched again.
    """
    doubled = BACKOFF_START_SECONDS * 2.0 ** min(max(error_count, 1) - 1, 30)
    wait = min(max(doubled, min(interval_seconds, BACKOFF_MAX_SECONDS)), BACKOFF_MAX_SECONDS)
    return max(wait, min(retry_after or 0.0, MAX_INTERVAL_SECONDS))


def next_fetch_at(now: datetime, wait_seconds: float, jitter_ratio: float, draw: float) -> datetime:
    """Return the moment of the next fetch.

    Parameters
    ----------
    jitter_ratio : float, in [0, 1]; the wait grows by up to this share, so that sources do not come in a herd.
    draw : float, in [0, 1), a random number.
    """
    return now + timedelta(seconds=wait_seconds * (1.0 + jitter_ratio * draw))
