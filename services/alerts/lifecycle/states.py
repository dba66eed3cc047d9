"""The state machine of alerts: the next state, when receivers are notified, and why.

An alert is *open* until it has ended, by resolution or expiry. `flush_at` says when its receivers are told next, and
`flush_reason` why; the reason also decides what kind of notice they get (`notification.body.TYPE_OF_REASON`).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple, Protocol

from alerts.column_values import FlushReason
from common.contracts import AlertState

Happening = Literal[
    "joined", "corrected", "told", "emptied", "acknowledged", "resolved", "expired", "reported", "cleared"
]
Correction = Literal["revised", "retracted"]

ENDED: Final[frozenset[AlertState]] = frozenset({"resolved", "expired"})
_CORRECTIONS: Final[frozenset[FlushReason | None]] = frozenset({"revised", "retracted"})
# A notice planned for one of these tells a correction as well, and stays what it is.
_OUTWEIGH_CORRECTIONS: Final[frozenset[FlushReason | None]] = frozenset({"first", "reopened", "resolved", "retracted"})

# The state after a happening, for each state before it; where there is none, the happening is impossible.
NEXT_STATE: Final[Mapping[Happening, Mapping[AlertState, AlertState]]] = {
    # Another impact belongs to the alert.
    "joined": {
        "pending": "pending",
        "firing": "firing",
        "acknowledged": "acknowledged",
        "resolved": "pending",
        "expired": "pending",
    },
    # A newer revision of an impact in the alert has arrived.
    "corrected": {
        "pending": "pending",
        "firing": "firing",
        "acknowledged": "acknowledged",
        "resolved": "resolved",
        "expired": "expired",
    },
    # `flush_at` has come, and there is something to tell.
    "told": {
        "pending": "firing",
        "firing": "firing",
        "acknowledged": "acknowledged",
        "resolved": "resolved",
        "expired": "expired",
    },
    # `flush_at` has come, and corrections have left no impact in the alert.
    "emptied": {"pending": "resolved", "firing": "resolved", "acknowledged": "resolved"},
    # Somebody looks after it.
    "acknowledged": {"pending": "acknowledged", "firing": "acknowledged", "acknowledged": "acknowledged"},
    # Somebody says that it is over.
    "resolved": {
        "pending": "resolved",
        "firing": "resolved",
        "acknowledged": "resolved",
        "resolved": "resolved",
        "expired": "expired",
    },
    # Nothing was added to it for a whole window.
    "expired": {"pending": "expired", "firing": "expired", "acknowledged": "expired"},
    # An event of the platform says that something is wrong.
    "reported": {
        "pending": "pending",
        "firing": "firing",
        "acknowledged": "acknowledged",
        "resolved": "pending",
        "expired": "pending",
    },
    # An event of the platform says that all is well.
    "cleared": {
        "pending": "resolved",
        "firing": "resolved",
        "acknowledged": "resolved",
        "resolved": "resolved",
        "expired": "resolved",
    },
}


class ImpossibleTransition(ValueError):
    """What is to happen to an alert cannot happen in its state."""


class _Alert(Protocol):
    """What the next state of an alert depends on; a stored alert has it."""

    @property
    def state(self) -> AlertState: ...
    @property
    def ends_at(self) -> datetime | None: ...
    @property
    def flush_at(self) -> datetime | None: ...
    @property
    def flush_reason(self) -> FlushReason | None: ...
    @property
    def n_notifications(self) -> int: ...
    @property
    def last_flushed_at(self) -> datetime | None: ...


class Lifecycle(NamedTuple):
    """The columns of an alert that are decided here."""

    state: AlertState
    ends_at: datetime | None
    flush_at: datetime | None
    flush_reason: FlushReason | None
    n_notifications: int
    last_flushed_at: datetime | None


class Flush(NamedTuple):
    """What becomes of an alert whose time has come; `reason` is None when there is nobody to tell anything."""

    lifecycle: Lifecycle
    reason: FlushReason | None


def is_open(alert: _Alert) -> bool:
    """Return whether the alert has not ended."""
    return alert.state not in ENDED


def opened(*, flush_at: datetime, now: datetime, expires_at: datetime, repeat_after: timedelta) -> Lifecycle:
    """Return how an alert begins: waiting until `flush_at`, or firing and told of when that is not ahead."""
    if flush_at > now:
        return Lifecycle("pending", None, flush_at, "first", 0, None)
    return _repeating(Lifecycle("firing", None, None, None, 1, now), now, expires_at, repeat_after)


def joined(alert: _Alert, now: datetime, group_interval: timedelta) -> Lifecycle:
    """Return what a further impact makes of an alert.

    Notes
    -----
    What is planned already keeps its time, unless it is a repeat; a firing alert is told of again after the group's
    interval, an ended one is reopened then, and one that somebody acknowledged is left in peace. A correction of an
    ended alert does not wait for the interval: it goes out with the reopening.
    """
    after = _moved(alert, "joined")
    flush_at = _after(alert.last_flushed_at, now, group_interval)
    if not is_open(alert):
        if alert.flush_at is not None and alert.flush_reason in _CORRECTIONS:
            flush_at = min(alert.flush_at, flush_at)
        return after._replace(ends_at=None, flush_at=flush_at, flush_reason="reopened")
    if alert.state == "acknowledged" or (alert.flush_at is not None and alert.flush_reason != "repeat"):
        return after
    return after._replace(flush_at=flush_at, flush_reason="new_impacts")


def corrected(alert: _Alert, reason: Correction, now: datetime) -> Lifecycle:
    """Return what a correction makes of an alert: whoever was told learns of it at once.

    Notes
    -----
    An alert that nobody was told of just goes out corrected. An end or a reopening that is still to be told stays one,
    and its notice tells the correction too; what was withdrawn outweighs what was revised.
    """
    after = _moved(alert, "corrected")
    if not alert.n_notifications:
        return after
    planned = alert.flush_reason if alert.flush_reason in _OUTWEIGH_CORRECTIONS else reason
    return after._replace(flush_at=now, flush_reason=planned)


def flushed(
    alert: _Alert, now: datetime, *, is_empty: bool, expires_at: datetime, repeat_after: timedelta | None
) -> Flush:
    """Return what becomes of an alert whose `flush_at` has come.

    Parameters
    ----------
    is_empty : corrections have left no impact in it: an open one then ends, as quietly as it came if nobody was told
    repeat_after : how long after this notice a firing alert is repeated; None when it is not
    """
    reason = alert.flush_reason or "first"
    if is_empty and is_open(alert):
        ended = _ended(alert, "emptied", now)._replace(flush_at=None, flush_reason=None)
        if not alert.n_notifications:
            return Flush(ended, None)
        return Flush(_told(ended, now), "revised" if reason == "revised" else "retracted")
    after = _told(_moved(alert, "told"), now)._replace(flush_at=None, flush_reason=None)
    if after.state == "firing" and repeat_after is not None:
        after = _repeating(after, now, expires_at, repeat_after)
    return Flush(after, reason)


def acknowledged(alert: _Alert) -> Lifecycle:
    """Return what it makes of an alert that somebody looks after it: it is not repeated, and corrections still come.

    Raises
    ------
    ImpossibleTransition
        The alert has ended.

    Notes
    -----
    Whoever was told that it had ended still hears that it is open again.
    """
    after = _moved(alert, "acknowledged")
    if alert.flush_reason in _CORRECTIONS or (alert.flush_reason == "reopened" and alert.n_notifications):
        return after
    return after._replace(flush_at=None, flush_reason=None)


def resolved(alert: _Alert, now: datetime) -> Lifecycle:
    """Return what it makes of an alert that somebody says it is over; an ended one stays as it is."""
    return _ended(alert, "resolved", now) if is_open(alert) else _moved(alert, "resolved")


def expired(alert: _Alert, now: datetime) -> Lifecycle:
    """Return what it makes of an open alert that nothing was added to it for a whole window."""
    return _ended(alert, "expired", now)


def first_reported(now: datetime, *, is_firing: bool) -> Lifecycle:
    """Return how an alert of the platform begins: told of at once, or over already, of which nobody need hear."""
    if is_firing:
        return Lifecycle("pending", None, now, "first", 0, None)
    return Lifecycle("resolved", now, None, None, 0, None)


def reported(alert: _Alert, now: datetime, *, is_worse: bool, group_interval: timedelta) -> Lifecycle:
    """Return what a bad event of the platform makes of an alert.

    Notes
    -----
    Relapses and worse news are told at once, more of the same after the group's interval, and nothing of what somebody
    looks after. What is planned already stays planned, unless it is a repeat, and is never put off.
    """
    after = _moved(alert, "reported")._replace(ends_at=None)
    if alert.state == "acknowledged":
        return after
    if not alert.n_notifications:
        return after._replace(flush_at=now, flush_reason="first")
    if not is_open(alert):
        return after._replace(flush_at=now, flush_reason="reopened")
    flush_at = now if is_worse else _after(alert.last_flushed_at, now, group_interval)
    if alert.flush_at is None or alert.flush_reason == "repeat":
        return after._replace(flush_at=flush_at, flush_reason="new_events")
    return after._replace(flush_at=min(alert.flush_at, flush_at))


def cleared(alert: _Alert, now: datetime) -> Lifecycle:
    """Return what a good event of the platform makes of an alert; one that had ended keeps its end."""
    return _ended(alert, "cleared", now) if is_open(alert) else _moved(alert, "cleared")


def repeat_interval(repeat_interval_seconds: float, group_interval_seconds: float) -> timedelta:
    """Return how long after a notification it is repeated, rounded up to the group interval's beat.

    Notes
    -----
    Alertmanager does the same: a repeat is only looked for when the group is looked at.
    """
    if group_interval_seconds <= 0:
        return timedelta(seconds=repeat_interval_seconds)
    beats = -(-repeat_interval_seconds // group_interval_seconds)
    return timedelta(seconds=beats * group_interval_seconds)


def _moved(alert: _Alert, happening: Happening) -> Lifecycle:
    state = NEXT_STATE[happening].get(alert.state)
    if state is None:
        raise ImpossibleTransition(f"an alert that is {alert.state} cannot be {happening}")
    return Lifecycle(
        state, alert.ends_at, alert.flush_at, alert.flush_reason, alert.n_notifications, alert.last_flushed_at
    )


def _ended(alert: _Alert, happening: Happening, now: datetime) -> Lifecycle:
    """Return the end of an open alert: receivers that heard of it hear of that too."""
    after = _moved(alert, happening)._replace(ends_at=now)
    if alert.n_notifications:
        return after._replace(flush_at=now, flush_reason="resolved")
    return after._replace(flush_at=None, flush_reason=None)


def _told(alert: Lifecycle, now: datetime) -> Lifecycle:
    return alert._replace(n_notifications=alert.n_notifications + 1, last_flushed_at=now)


def _repeating(alert: Lifecycle, now: datetime, expires_at: datetime, repeat_after: timedelta) -> Lifecycle:
    """Return the alert with its repeat planned, unless it expires before."""
    repeat_at = now + repeat_after
    return alert._replace(flush_at=repeat_at, flush_reason="repeat") if repeat_at < expires_at else alert


def _after(last_flushed_at: datetime | None, now: datetime, interval: timedelta) -> datetime:
    return now if last_flushed_at is None else max(now, last_flushed_at + interval)
