"""When a failed delivery is retried, and what a response means (Standard Webhooks 1.0)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alerts.column_values import AttemptVerdict
from common.outgoing.header_values import MAX_WAIT_SECONDS

_MINUTE, _HOUR = 60.0, 3_600.0
# Seconds before each attempt, the first at once; about three days in all.
DELAYS_SECONDS: Final = (
    0.0,
    5.0,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
# A notice that takes an older one's place begins with the first attempt, but no alert is tried for longer than this.
GIVE_UP_AFTER: Final = timedelta(seconds=sum(DELAYS_SECONDS))
# Receivers that failed together come back apart: each delay is stretched by up to a tenth.
JITTER = 0.1
THROTTLE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SendResult:
    """What became of one attempt: the HTTP status if there was one, the error if it failed, what the server asked for.

    Notes
    -----
    The message was delivered when there is no `error` and either the status is 2xx or, from a receiver without a
    status, `is_taken` says so. An error wins over both: an answer of 200 whose body refuses the message is a failure.
    """

    status_code: int | None = None
    error: str | None = None
    retry_after_seconds: float | None = None
    is_taken: bool = False


def verdict(result: SendResult) -> AttemptVerdict:
    """Return what the result of an attempt means.

    Notes
    -----
    Of statuses only 2xx is success, and only without an error. A redirect is a failure like any other: it is not
    followed, for it could lead anywhere. 410 says that nobody listens any more; 429, 502 and 504 ask to go easy on the
    receiver, and so does 503 when it names a time.
    """
    status = result.status_code
    is_taken = result.is_taken if status is None else 200 <= status < 300
    if is_taken and result.error is None:
        return "delivered"
    if status == 410:
        return "gone"
    if status in {429, 502, 504} or (status == 503 and result.retry_after_seconds is not None):
        return "throttled"
    return "retry"


def next_attempt_at(
    n_attempts: int, now: datetime, *, chance: float, retry_after_seconds: float | None = None
) -> datetime | None:
    """Return when the next attempt is due after `n_attempts` failed ones, or None when that was the last.

    Parameters
    ----------
    chance : float in [0, 1), drawn by the caller; decides the jitter.
    retry_after_seconds : what the receiver asked for; it can only lengthen the wait, up to a day.
    """
    if n_attempts >= len(DELAYS_SECONDS):
        return None
    seconds = DELAYS_SECONDS[n_attempts] * (1.0 + JITTER * chance)
    return now + timedelta(seconds=max(seconds, min(retry_after_seconds or 0.0, MAX_WAIT_SECONDS)))


def throttled_until(result: SendResult, now: datetime) -> datetime:
    """Return until when a receiver that asked to go easy is left alone."""
    seconds = THROTTLE_SECONDS if result.retry_after_seconds is None else result.retry_after_seconds
    return now + timedelta(seconds=min(seconds, MAX_WAIT_SECONDS))
