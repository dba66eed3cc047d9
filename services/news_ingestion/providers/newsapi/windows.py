"""What NewsAPI is queried for next: moving time windows, the cap on results, and the daily quota.

The free plan shows articles a day late, at most 100 of a query, and answers 100 requests a day. So a poll asks for the
time since the last one, up to what the delay lets it see; a window with more results than the cap is halved; and the
interval is stretched until the day's polls fit the quota.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from news_ingestion.providers.window import Window

DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a provider's plan allows; the defaults are NewsAPI's free "Developer" plan."""

    requests_per_day: int = 100
    max_results: int = 100
    delay_seconds: float = DAY_SECONDS
    history_seconds: float = 30 * DAY_SECONDS


def next_window(now: datetime, plan: Plan, seen_until: datetime | None, overlap_seconds: float) -> Window | None:
    """Return the window to ask for now, or None when the delay hides everything that is new.

    Parameters
    ----------
    seen_until : datetime, optional, the end of the last window that was fetched.
    overlap_seconds : float, how far to reach back behind it: articles are indexed out of order.
    """
    visible = (now - timedelta(seconds=plan.delay_seconds)).replace(microsecond=0)
    oldest = (now - timedelta(seconds=plan.history_seconds)).replace(microsecond=0)
    if seen_until is None:
        start = visible - timedelta(seconds=min(DAY_SECONDS, plan.history_seconds))
    else:
        start = seen_until - timedelta(seconds=overlap_seconds)
    start = max(start, oldest)
    return Window(start, visible) if start < visible and (seen_until is None or visible > seen_until) else None


def lost_history(now: datetime, plan: Plan, seen_until: datetime | None) -> Window | None:
    """Return the time since the last poll that the plan's history no longer reaches, or None."""
    oldest = now - timedelta(seconds=plan.history_seconds)
    return Window(seen_until, oldest) if seen_until is not None and seen_until < oldest else None


def sustainable_interval_seconds(interval_seconds: float, plan: Plan, requests_per_poll: float = 1.0) -> float:
    """Return the shortest interval, at least the one wished for, at which a day's polls fit the quota."""
    return max(interval_seconds, DAY_SECONDS * max(requests_per_poll, 1.0) / plan.requests_per_day)
