"""Outcome of an attempt for its delivery: delivered, to be retried at a given time, or given up."""

import json
from dataclasses import dataclass
from datetime import datetime

from alerts.column_values import AttemptVerdict, DeliveryState
from alerts.delivery.retry_schedule import GIVE_UP_AFTER, SendResult, next_attempt_at, verdict
from alerts.repository.claimed_deliveries import ClaimedDelivery


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """The state of a delivery after an attempt; `n_failures` counts the failed ones since it was last asked for."""

    verdict: AttemptVerdict
    state: DeliveryState
    n_failures: int
    next_attempt_at: datetime | None = None
    delivered_at: datetime | None = None


def outcome_of(
    result: SendResult, *, n_failures: int, now: datetime, chance: float, tried_since: datetime | None = None
) -> AttemptOutcome:
    """Return the outcome of an attempt that came to `result` after `n_failures` earlier failures.

    Parameters
    ----------
    tried_since : when the first of the older notices was made whose place this one takes, and which failed too.
    """
    judged = verdict(result)
    if judged == "delivered":
        return AttemptOutcome(judged, "delivered", n_failures, delivered_at=now)
    n_failures += 1
    is_hopeless = tried_since is not None and now >= tried_since + GIVE_UP_AFTER
    due = (
        None
        if judged == "gone" or is_hopeless
        else next_attempt_at(n_failures, now, chance=chance, retry_after_seconds=result.retry_after_seconds)
    )
    return AttemptOutcome(judged, "pending" if due else "failed", n_failures, next_attempt_at=due)


def asked_anew(outcome: AttemptOutcome, *, n_failures: int, now: datetime) -> AttemptOutcome:
    """Return the outcome of an attempt on a receiver that was changed meanwhile.

    A message that was taken was taken. One that was not is due at once: its failure says nothing about the receiver as
    it is now, its new address or secret.
    """
    if outcome.state == "delivered":
        return outcome
    return AttemptOutcome(outcome.verdict, "pending", n_failures, next_attempt_at=now)


def failed_event(delivery: ClaimedDelivery, outcome: AttemptOutcome) -> str:
    """Return the event that says a delivery was given up."""
    return json.dumps(
        {
            "delivery_id": str(delivery.delivery_id),
            "webhook_id": delivery.webhook_id,
            "alert_id": str(delivery.alert_id) if delivery.alert_id else None,
            "receiver_id": str(delivery.receiver_id),
            "receiver_name": delivery.name,
            "event_type": delivery.event_type,
            "reason": "gone" if outcome.verdict == "gone" else "attempts_exhausted",
            "n_failures": outcome.n_failures,
        }
    )
