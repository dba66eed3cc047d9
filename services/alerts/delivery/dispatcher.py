"""Sends the deliveries that are due; a failing receiver never delays the messages of another.

A delivery is claimed with a lease, sent, and recorded with its attempt. A process that dies in between leaves the lease
to run out, and another one sends the same message with the same `webhook-id`, by which receivers recognise it.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from alerts.delivery.channels.channel import Channel, Message
from alerts.delivery.channels.configuration import opened_config, opened_secrets
from alerts.delivery.outcome import AttemptOutcome, asked_anew, failed_event, outcome_of
from alerts.delivery.retry_schedule import SendResult, throttled_until
from alerts.delivery.told_errors import texts_in, told_error, told_exception
from alerts.metrics import AlertMetrics
from alerts.repository import alerts, claimed_deliveries, deliveries, receivers
from alerts.repository.claimed_deliveries import ClaimedDelivery, DeliveryOutcome
from alerts.repository.deliveries import AttemptRow
from alerts.settings import Settings
from common.clock import uuid7
from common.postgres.database import Connection
from common.runtime import Runtime
from common.secrets.secret_box import SecretBox, UnreadableSecret
from common.wakeup import WakeUp

logger = structlog.get_logger(__name__)

_BATCH_DELIVERIES = 200
# A channel that keeps to the time limit says better what took so long than the dispatcher, which ends any other.
_GRACE = 1.1


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to send one claimed delivery, and what came of it."""

    delivery: ClaimedDelivery
    result: SendResult
    attempted_at: datetime
    duration_milliseconds: float
    outcome: AttemptOutcome


class Dispatcher:
    """The worker that empties the ledger; any number of replicas may run one."""

    def __init__(self, runtime: Runtime, metrics: AlertMetrics, channels: Mapping[str, Channel]) -> None:
        self._runtime = runtime
        self._metrics = metrics
        self._settings = runtime.settings_as(Settings)
        self._channels = channels
        self._wake_up = WakeUp()
        self._busy: dict[UUID, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Let the worker look now."""
        self._wake_up.wake()

    def stop(self) -> None:
        """Let the worker end after what is under way."""
        self._wake_up.stop()

    async def run(self) -> None:
        """Send until stopped; what is under way then is waited for, so that no lease is left behind."""
        try:
            await self._wake_up.repeat(self.start_due, poll_seconds=self._settings.notification_poll_seconds)
        finally:
            await self.finish()

    async def finish(self) -> None:
        """Wait for what is under way, as long as one attempt may take."""
        if self._busy:
            await asyncio.wait(list(self._busy.values()), timeout=self._settings.webhook_timeout_seconds)

    async def start_due(self) -> int:
        """Claim what is due, start one task for each receiver, and return how many deliveries were claimed."""
        now = self._runtime.clock.now()
        lease = timedelta(seconds=self._settings.delivery_lease_seconds)
        async with self._runtime.database.transaction() as connection:
            claimed = await claimed_deliveries.claim_deliveries(
                connection,
                now=now,
                claimed_until=now + lease,
                kinds=self._channels,
                busy=self._busy,
                limit=_BATCH_DELIVERIES,
            )
        by_receiver: dict[UUID, list[ClaimedDelivery]] = defaultdict(list)
        for delivery in claimed:
            by_receiver[delivery.receiver_id].append(delivery)
        for receiver_id, batch in by_receiver.items():
            self._busy[receiver_id] = asyncio.create_task(self._deliver(receiver_id, batch))
        return len(claimed)

    async def _deliver(self, receiver_id: UUID, batch: Sequence[ClaimedDelivery]) -> None:
        """Send one receiver's messages, and record those of each round before the next one begins."""
        lease_ends = time.monotonic() + self._settings.delivery_lease_seconds
        rounds = _rounds(batch, self._settings.delivery_concurrency, self._channels)
        try:
            while rounds:
                # A round that might outlive the lease is left to whoever claims it next.
                if time.monotonic() + self._settings.webhook_timeout_seconds > lease_ends:
                    break
                attempts = await asyncio.gather(*(self._attempt(delivery) for delivery in rounds.pop(0)))
                async with self._runtime.database.transaction() as connection:
                    is_as_claimed = await self._record(connection, receiver_id, attempts)
                if not is_as_claimed or any(attempt.outcome.verdict in {"throttled", "gone"} for attempt in attempts):
                    break
            left = [delivery.delivery_id for each in rounds for delivery in each]
            if left:
                async with self._runtime.database.transaction() as connection:
                    await claimed_deliveries.update_released(connection, left)
        except Exception as error:  # noqa: BLE001 - the lease runs out and the messages are sent again; it is counted
            self._runtime.failures.labels("delivery").inc()
            logger.warning("delivery_not_recorded", receiver_id=str(receiver_id), error=repr(error))
        finally:
            self._busy.pop(receiver_id, None)
            self._wake_up.wake()

    async def _attempt(self, delivery: ClaimedDelivery) -> Attempt:
        started, now = time.perf_counter(), self._runtime.clock.now()
        result = await self._send(delivery, now)
        seconds = time.perf_counter() - started
        outcome = outcome_of(
            result,
            n_failures=delivery.n_failures,
            now=self._runtime.clock.now(),
            chance=random.random(),  # noqa: S311 - jitter, no secret
            tried_since=delivery.tried_since,
        )
        self._metrics.attempts.labels(delivery.kind, outcome.verdict).inc()
        self._metrics.delivery_seconds.labels(delivery.kind).observe(seconds)
        return Attempt(delivery, result, now, round(seconds * 1_000, 3), outcome)

    async def _send(self, delivery: ClaimedDelivery, now: datetime) -> SendResult:
        """Return what became of one try; whatever a stranger's bytes raised in it is a failed one."""
        box = self._runtime.secret_box
        try:
            message = _message(box, delivery, now)
            secrets = [*message.secrets, *texts_in(opened_secrets(delivery, box))]
        except UnreadableSecret as error:
            return SendResult(error=str(error))
        try:
            async with asyncio.timeout(self._settings.webhook_timeout_seconds * _GRACE):
                result = await self._channels[delivery.kind].send(message)
            return result if result.error is None else replace(result, error=told_error(result.error, secrets))
        except Exception as error:  # noqa: BLE001 - unrecorded, the attempt would be made again at once, for ever
            told = told_exception(error, secrets)
            self._runtime.failures.labels("delivery").inc()
            logger.warning("delivery_raised", delivery_id=str(delivery.delivery_id), error=told)
            return SendResult(error=told)

    async def _record(self, connection: Connection, receiver_id: UUID, attempts: Sequence[Attempt]) -> bool:
        """Write the attempts, and what they say about their alerts and their receiver.

        Alerts are locked first, then the receiver, then deliveries: so does whoever writes notices.

        Returns
        -------
        Whether the receiver still is what was claimed for. One that was changed meanwhile, its address or its secret,
        is not judged by what became of the attempts; what failed is sent again, and what is left of the batch as well.
        """
        now = self._runtime.clock.now()
        delivered = [each.delivery for each in attempts if each.outcome.state == "delivered"]
        if delivered:
            # Sorted: two rounds that touch the same alerts lock them in the same order.
            notified = sorted({delivery.alert_id for delivery in delivered if delivery.alert_id is not None})
            await alerts.update_notified(connection, notified, now)
        is_as_claimed = (
            await receivers.claim_revision(connection, receiver_id) == attempts[0].delivery.receiver_revision
        )
        reason = None
        if is_as_claimed:
            reason = await self._judge(connection, receiver_id, attempts, now)
        else:
            attempts = [_asked_anew(each, now) for each in attempts]
        await claimed_deliveries.update_outcomes(connection, [_outcome_row(each) for each in attempts])
        await claimed_deliveries.insert_attempts(connection, [_attempt_row(each) for each in attempts])
        if reason:
            error = f"the receiver was disabled: {reason}"
            n_given_up = await deliveries.update_given_up(connection, receiver_id, error)
            name = attempts[0].delivery.name
            logger.error("receiver_disabled", receiver=name, reason=reason, given_up=n_given_up)
        failed = [each for each in attempts if each.outcome.state == "failed"]
        await self._runtime.events.publish(
            connection, [("delivery.failed", failed_event(each.delivery, each.outcome)) for each in failed]
        )
        return is_as_claimed

    async def _judge(
        self, connection: Connection, receiver_id: UUID, attempts: Sequence[Attempt], now: datetime
    ) -> str | None:
        """Give a receiver that asked for it a rest, and switch one off that is gone or has been silent for days.

        Returns
        -------
        Why it was switched off; None when it was not.
        """
        if any(each.outcome.state == "delivered" for each in attempts):
            await receivers.update_delivered(connection, receiver_id, now)
        throttled = [each for each in attempts if each.outcome.verdict == "throttled"]
        if throttled:
            until = max(throttled_until(each.result, now) for each in throttled)
            await receivers.update_throttled(connection, receiver_id, until)
        reason = _disabling_reason(attempts)
        if reason and await receivers.update_disabled(connection, receiver_id, reason, now):
            return reason
        return None


def _asked_anew(attempt: Attempt, now: datetime) -> Attempt:
    return replace(attempt, outcome=asked_anew(attempt.outcome, n_failures=attempt.delivery.n_failures, now=now))


def _rounds(
    batch: Sequence[ClaimedDelivery], concurrency: int, channels: Mapping[str, Channel]
) -> list[Sequence[ClaimedDelivery]]:
    """Return one receiver's batch in rounds that are sent at the same time; what is local takes all at once."""
    size = len(batch) if channels[batch[0].kind].is_local else concurrency
    return [batch[start : start + size] for start in range(0, len(batch), size)]


def _message(box: SecretBox, delivery: ClaimedDelivery, now: datetime) -> Message:
    sealed = [delivery.secret] if delivery.secret else []
    expires_at = delivery.previous_secret_expires_at
    if delivery.previous_secret and expires_at is not None and expires_at > now:
        sealed.append(delivery.previous_secret)
    return Message(
        webhook_id=delivery.webhook_id,
        event_type=delivery.event_type,
        body=delivery.body,
        receiver_name=delivery.name,
        config=opened_config(delivery, box),
        secrets=tuple(map(box.open, sealed)),
    )


def _disabling_reason(attempts: Sequence[Attempt]) -> str | None:
    if any(each.outcome.verdict == "gone" for each in attempts):
        return "it answered 410 Gone"
    for each in attempts:
        last = each.delivery.last_delivered_at
        # One message that it refuses for days is the message's fault, not the receiver's.
        is_silent = last is None or last < (each.delivery.tried_since or each.delivery.created_at)
        if each.outcome.state == "failed" and is_silent:
            return "it accepted no message during the whole retry schedule"
    return None


def _outcome_row(attempt: Attempt) -> DeliveryOutcome:
    return DeliveryOutcome(
        delivery_id=attempt.delivery.delivery_id,
        state=attempt.outcome.state,
        n_failures=attempt.outcome.n_failures,
        next_attempt_at=attempt.outcome.next_attempt_at,
        delivered_at=attempt.outcome.delivered_at,
        last_status_code=attempt.result.status_code,
        last_error=attempt.result.error,
        due_at=attempt.delivery.due_at,
    )


def _attempt_row(attempt: Attempt) -> AttemptRow:
    return AttemptRow(
        attempt_id=uuid7(),
        delivery_id=attempt.delivery.delivery_id,
        number=attempt.delivery.n_attempts + 1,
        attempted_at=attempt.attempted_at,
        duration_milliseconds=attempt.duration_milliseconds,
        outcome=attempt.outcome.verdict,
        status_code=attempt.result.status_code,
        error=attempt.result.error,
    )
