"""Which impacts make one alert: same rule, same values of the grouping labels, same window of time.

The three together are the alert's identity, and all three follow from the impact alone. So every replica, in whatever
order and however often it sees an impact, names the same alert.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from common.contracts import Impact

GroupLabel = Literal[
    "ticker",
    "direction",
    "event_type",
    "topic",
    "basis",
    "horizon_days",
    "sentiment",
    "source",
    "article_id",
    "story_id",
]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Alertmanager's word for a label that an alert does not have.
MISSING = ""


def group_labels(impact: Impact, group_by: Sequence[GroupLabel]) -> dict[str, str]:
    """Return the values of `group_by`.

    Notes
    -----
    An impact may carry several topics and event types: the first, which is the strongest, counts, so that one
    headline is not reported once for each.
    """
    return {name: _value(impact, name) for name in group_by}


def _value(impact: Impact, name: GroupLabel) -> str:
    context = impact.context
    match name:
        case "event_type":
            return context.event_types[0] if context.event_types else MISSING
        case "topic":
            return context.topics[0] if context.topics else MISSING
        case "source":
            return context.source_name or MISSING
        case "sentiment":
            return context.sentiment_label
        case "story_id":
            return str(impact.lineage.story_id)
        case _:
            return str(getattr(impact, name))


def fingerprint(labels: dict[str, str]) -> str:
    """Return a short, stable name of a set of labels: 32 hexadecimal digits, whatever their order."""
    text = "\x1f".join(f"{name}\x1e{labels[name]}" for name in sorted(labels))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


_CALENDAR_BEGINS = datetime.min.replace(tzinfo=UTC) - EPOCH


def window_start(published_at: datetime, window_seconds: int) -> datetime:
    """Return when the window began that the news belongs to.

    Notes
    -----
    Windows of one length follow each other without a gap from the Unix epoch on. The time of the news decides, not
    that of its arrival: a replay of old headlines groups them as they were.
    """
    window = timedelta(seconds=window_seconds)
    # Not by `timestamp()`: the last microsecond of the year 9999 is rounded into the next. The first window begins
    # where the calendar does.
    return EPOCH + max((published_at - EPOCH) // window * window, _CALENDAR_BEGINS)
