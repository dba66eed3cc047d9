"""Posts the rows of an outbox to the next service, in hand-overs that it can finish in time.

Rows that failed or got no answer before go through a lane of their own, so that they never stand before the others.
"""

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from pydantic import JsonValue
from sqlalchemy import Executable, delete
from sqlalchemy import update as update_of

from common.foundation import Foundation
from common.handover.batch_size import BatchSize
from common.handover.dead_letters import DeadLetterRow, insert_dead_letters
from common.handover.neighbour import Neighbour
from common.handover.outbox_rows import OutboxRow, Rows, claim_of
from common.handover.verdicts import HandoverVerdict
from common.postgres.database import Connection, after_commit
from common.postgres.rows import find_rows
from common.wakeup import wait_at_most


class OutboxMetrics:
    """What the hand-over shows to Prometheus."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.pending = Gauge("outbox_pending", "Rows waiting to be handed over", registry=registry)
        self.oldest = Gauge("outbox_oldest_seconds", "Age of the oldest waiting row", registry=registry)
        self.delivered = Counter("outbox_delivered_total", "Rows handed over", registry=registry)
        self.retried = Counter("outbox_retries_total", "Hand-overs that failed and are tried again", registry=registry)
        self.unanswered = Counter(
            "outbox_unanswered_total",
            "Hand-overs that were taken and not answered in time",
            registry=registry,
        )
        self.dead = Counter("outbox_dead_letters_total", "Rows sent to the dead letters", registry=registry)
        self.seconds = Histogram("outbox_handover_seconds", "Time of one hand-over", registry=registry)


@dataclass(slots=True)
class Lane:
    """Which rows a worker claims, how many at once, and what lets it look for rows before the next poll."""

    claim: Executable
    size: BatchSize
    wake: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class _Turn:
    """How one look at the outbox ended."""

    is_blocked: bool = False
    may_have_more: bool = False
    looked_seconds: float = 0.0


class Relay:
    """Hands the rows of one outbox over; `fresh` and `retries` are its two lanes."""

    def __init__(self, foundation: Foundation, neighbour: Neighbour, metrics: OutboxMetrics) -> None:
        self._settings = foundation.settings
        self._clock = foundation.clock
        self._database = foundation.database
        self._outbox = foundation.tables.outbox
        self._dead_letter = foundation.tables.dead_letter
        self._neighbour = neighbour
        self._metrics = metrics
        self._delivered_at = float("-inf")
        table = self._outbox
        # Not "= 0": without statistics PostgreSQL takes an equality for rare, and sorts the whole backlog at each look.
        self.fresh = Lane(claim_of(table, table.c.attempts < 1), self._batch_size())
        # One row at first: most of these rows have shown that they are slow.
        self.retries = Lane(claim_of(table, table.c.attempts > 0), self._batch_size(first_bytes=1))

    def _batch_size(self, first_bytes: int = 0) -> BatchSize:
        settings = self._settings
        return BatchSize(
            settings.outbox_batch_bytes, settings.outbox_batch_items, settings.http_timeout_seconds, first_bytes
        )

    async def run(self, lane: Lane) -> None:
        """Hand the rows of `lane` over until cancelled; wakes when told to, and polls for rows of other processes.

        Notes
        -----
        Looking in vain costs PostgreSQL at most a fiftieth of its time: the few rows of one lane may lie behind a long
        backlog of the other.
        """
        failures = 0
        while True:
            lane.wake.clear()
            turn = await self._take_turn(lane)
            if turn.is_blocked:
                failures += 1
                self._metrics.retried.inc()
                await asyncio.sleep(self._backoff_seconds(failures))
                continue
            failures = 0
            if not turn.may_have_more:
                await self._wait_for_rows(lane, max(self._settings.outbox_poll_seconds, 50 * turn.looked_seconds))

    async def _wait_for_rows(self, lane: Lane, seconds: float) -> None:
        # Seconds between looks vary by a quarter, so that replicas do not look in step.
        seconds *= random.uniform(0.75, 1.25)  # noqa: S311 - jitter, no secret
        await wait_at_most(lane.wake, seconds)

    def _backoff_seconds(self, failures: int) -> float:
        ceiling = min(self._settings.outbox_backoff_max_seconds, 0.1 * 2.0 ** min(failures, 20))
        return random.uniform(0.5, 1.0) * ceiling  # noqa: S311 - jitter, no secret

    async def _take_turn(self, lane: Lane) -> _Turn:
        async with self._database.transaction() as connection:
            looked = time.perf_counter()
            rows = await self._claimed(connection, lane)
            if not rows:
                return _Turn(looked_seconds=time.perf_counter() - looked)
            n_bytes = rows[-1].bytes_so_far
            may_have_more = not lane.size.has_room_for_more(len(rows), n_bytes)
            started = time.perf_counter()
            verdict = await self._neighbour.deliver(rows, range(len(rows)))
            seconds = time.perf_counter() - started
            self._metrics.seconds.observe(seconds)
            if not verdict.is_answered:
                self._metrics.unanswered.inc()
            if not verdict.neighbour_down:
                lane.size.learn(len(rows), n_bytes, seconds, answered=verdict.is_answered)
            if verdict.delivered:
                self._delivered_at = time.monotonic()
            await self._settle(connection, rows, verdict)
        return _Turn(verdict.neighbour_down or not verdict.is_answered, may_have_more)

    async def _claimed(self, connection: Connection, lane: Lane) -> Rows:
        limits = {"now": self._clock.now(), "items": lane.size.items, "bytes": lane.size.bytes}
        return await find_rows(connection, lane.claim, OutboxRow, limits)

    async def _settle(self, connection: Connection, rows: Rows, verdict: HandoverVerdict) -> None:
        now = self._clock.now()
        blamed = [rows[position] for position in verdict.retry]
        silent = [rows[position] for position in verdict.unanswered_alone]
        attempts = {row.outbox_id: row.attempts + 1 for row in blamed}
        attempts |= {row.outbox_id: row.attempts + self._counts(row) for row in silent}
        for position in (*verdict.retry, *verdict.unanswered_alone):
            if attempts[rows[position].outbox_id] >= self._settings.outbox_max_attempts:
                verdict.dead[position] = self._exhausted(is_silent=position in verdict.unanswered_alone)
        dead = [_dead_letter(rows[position], problem, now) for position, problem in verdict.dead.items()]
        await insert_dead_letters(connection, self._dead_letter, dead)
        table = self._outbox
        gone = {rows[position].outbox_id for position in (*verdict.delivered, *verdict.dead)}
        if gone:
            await connection.execute(delete(table).where(table.c.outbox_id.in_(gone)))
        for row in (*blamed, *silent):
            if row.outbox_id not in gone:
                wait = timedelta(seconds=self._backoff_seconds(row.attempts + 3))
                await connection.execute(
                    update_of(table)
                    .where(table.c.outbox_id == row.outbox_id)
                    .values(attempts=attempts[row.outbox_id], next_attempt_at=now + wait)
                )
        suspects = [rows[position].outbox_id for position in verdict.unanswered if rows[position].attempts == 0]
        if suspects:
            await connection.execute(update_of(table).where(table.c.outbox_id.in_(suspects)).values(attempts=1))
            after_commit(connection, self.retries.wake.set)
        after_commit(connection, lambda: self._count(verdict))

    def _counts(self, row: OutboxRow) -> bool:
        """Tell whether silence on `row` alone counts as an attempt.

        Notes
        -----
        The first time it does, which moves the row out of the way. After that only while other rows get through: a
        neighbour that answers nobody is overloaded or gone, and no row is to blame.
        """
        recently = self._settings.http_timeout_seconds + self._settings.outbox_backoff_max_seconds
        return row.attempts == 0 or time.monotonic() - self._delivered_at < recently

    def _exhausted(self, *, is_silent: bool) -> dict[str, JsonValue]:
        seconds = self._settings.http_timeout_seconds
        detail = (
            f"The next service did not answer for this row within {seconds:g} seconds, while other rows got through."
            if is_silent
            else "The next service kept failing on this row."
        )
        return {"code": "attempts_exhausted", "detail": detail}

    def _count(self, verdict: HandoverVerdict) -> None:
        self._metrics.delivered.inc(len(verdict.delivered))
        self._metrics.dead.inc(len(verdict.dead))
        self._metrics.retried.inc(len({*verdict.retry, *verdict.unanswered_alone} - set(verdict.dead)))


def _dead_letter(row: OutboxRow, problem: dict[str, JsonValue], failed_at: datetime) -> DeadLetterRow:
    return DeadLetterRow(
        dead_letter_id=row.outbox_id,
        payload=row.payload,
        traceparent=row.traceparent,
        request_id=row.request_id,
        problem=problem,
        attempts=row.attempts + 1,
        created_at=row.created_at,
        failed_at=failed_at,
    )
