"""Transactional outbox: a result and its hand-over are written together, and a relay delivers the hand-over.

A row leaves the outbox in one of two ways: the neighbour answered 2xx for it, or it went to the dead letters with the
neighbour's problem body. An unreachable neighbour leaves it where it is.
"""

import asyncio
import contextlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from sqlalchemy import Row, delete, func, select, update

from common.bulk import copy_rows
from common.clock import Clock, uuid7
from common.context import bind_context, current_context, new_context
from common.database import Connection, Database, after_commit
from common.settings import ServiceSettings
from common.tables import CommonTables

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Handover:
    """Where a service hands its results on: the path at the gateway, and the field of the body that lists them."""

    path: str
    items: str


class OutboxMetrics:
    """What the hand-over shows to Prometheus."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.pending = Gauge("outbox_pending", "Rows waiting to be handed over", registry=registry)
        self.oldest = Gauge("outbox_oldest_seconds", "Age of the oldest waiting row", registry=registry)
        self.delivered = Counter("outbox_delivered_total", "Rows handed over", registry=registry)
        self.retried = Counter("outbox_retries_total", "Hand-overs that failed and are tried again", registry=registry)
        self.dead = Counter("outbox_dead_letters_total", "Rows sent to the dead letters", registry=registry)
        self.seconds = Histogram("outbox_handover_seconds", "Time of one hand-over", registry=registry)


@dataclass(slots=True)
class Verdict:
    """What is to happen to the claimed rows: positions in the batch."""

    delivered: list[int] = field(default_factory=list)
    dead: dict[int, dict[str, Any]] = field(default_factory=dict)
    retry: list[int] = field(default_factory=list)
    neighbour_down: bool = False


class Outbox:
    """The outbox of one service and its relay."""

    def __init__(
        self,
        database: Database,
        tables: CommonTables,
        handover: Handover,
        http: httpx.AsyncClient,
        settings: ServiceSettings,
        clock: Clock,
        registry: CollectorRegistry,
    ) -> None:
        self._database = database
        self._outbox = tables.outbox
        self._dead_letter = tables.dead_letter
        self._handover = handover
        self._http = http
        self._settings = settings
        self._clock = clock
        self._wake = asyncio.Event()
        self.metrics = OutboxMetrics(registry)

    async def put(self, connection: Connection, payloads: Sequence[str]) -> None:
        """Write `payloads`, each the JSON text of one item, in the caller's transaction."""
        context, now = current_context(), self._clock.now()
        rows = [
            {
                "outbox_id": uuid7(),
                "payload": payload,
                "traceparent": context.traceparent(),
                "request_id": context.request_id,
                "created_at": now,
                "next_attempt_at": now,
            }
            for payload in payloads
        ]
        if rows:
            await copy_rows(connection, self._outbox, rows)
            after_commit(connection, self.wake)

    def wake(self) -> None:
        """Let the relay look for rows now."""
        self._wake.set()

    async def relay(self) -> None:
        """Hand rows over until cancelled; wakes on every commit of this process and polls for those of others."""
        failures = 0
        while True:
            self._wake.clear()
            moved, neighbour_down = await self._relay_once()
            if neighbour_down:
                failures += 1
                self.metrics.retried.inc()
                await asyncio.sleep(self._backoff_seconds(failures))
                continue
            failures = 0
            if moved < self._settings.outbox_batch_items:
                await self._wait_for_rows()

    async def measure(self) -> None:
        """Update the gauges of what is waiting."""
        table = self._outbox
        async with self._database.reading() as connection:
            row = (
                await connection.execute(select(func.count(), func.min(table.c.created_at)).select_from(table))
            ).one()
        pending, oldest = row
        self.metrics.pending.set(pending)
        self.metrics.oldest.set((self._clock.now() - oldest).total_seconds() if oldest else 0.0)

    async def _wait_for_rows(self) -> None:
        # Seconds between looks vary by a quarter, so that replicas do not look in step.
        seconds = self._settings.outbox_poll_seconds * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, no secret
        # Not `wait_for`: on Python 3.11 it can swallow the cancellation that stops the relay.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    def _backoff_seconds(self, failures: int) -> float:
        ceiling = min(self._settings.outbox_backoff_max_seconds, 0.1 * 2.0 ** min(failures, 20))
        return random.uniform(0.5, 1.0) * ceiling  # noqa: S311 - jitter, no secret

    async def _relay_once(self) -> tuple[int, bool]:
        """Return how many rows left the outbox, and whether the neighbour is unreachable."""
        async with self._database.transaction() as connection:
            rows = await self._claim(connection)
            if not rows:
                return 0, False
            with self.metrics.seconds.time():
                verdict = await self._deliver(rows, list(range(len(rows))))
            await self._settle(connection, rows, verdict)
        return len(verdict.delivered) + len(verdict.dead), verdict.neighbour_down

    async def _claim(self, connection: Connection) -> Sequence[Row[Any]]:
        table = self._outbox
        statement = (
            select(table)
            .where(table.c.next_attempt_at <= self._clock.now())
            .order_by(table.c.outbox_id)
            .limit(self._settings.outbox_batch_items)
            .with_for_update(skip_locked=True)
        )
        return (await connection.execute(statement)).all()

    async def _deliver(self, rows: Sequence[Row[Any]], positions: list[int]) -> Verdict:
        """POST the rows at `positions`; a refused batch is halved until the row that is to blame stands alone."""
        bind_context(new_context(rows[positions[0]].request_id, rows[positions[0]].traceparent))
        body = f'{{"{self._handover.items}":[{",".join(rows[position].payload for position in positions)}]}}'
        try:
            response = await self._http.post(
                self._handover.path, content=body.encode(), headers={"Content-Type": "application/json"}
            )
        except httpx.TransportError as error:
            logger.warning("handover_unreachable", path=self._handover.path, error=repr(error))
            return Verdict(neighbour_down=True)
        if response.is_success:
            return _read_answers(response, positions)
        # These say "not now" or "not you" and blame no row.
        if response.status_code in {401, 403, 404, 408, 429, 502, 503, 504}:
            logger.warning("handover_refused", path=self._handover.path, status=response.status_code)
            return Verdict(neighbour_down=True)
        if len(positions) == 1:
            return _blame(response, positions[0])
        middle = len(positions) // 2
        return _merged(await self._deliver(rows, positions[:middle]), await self._deliver(rows, positions[middle:]))

    async def _settle(self, connection: Connection, rows: Sequence[Row[Any]], verdict: Verdict) -> None:
        now = self._clock.now()
        for position in verdict.retry:
            if rows[position].attempts + 1 >= self._settings.outbox_max_attempts:
                verdict.dead[position] = {
                    "code": "attempts_exhausted",
                    "detail": "The neighbour kept failing on this row.",
                }
        letters = [
            {
                "dead_letter_id": rows[position].outbox_id,
                "payload": rows[position].payload,
                "traceparent": rows[position].traceparent,
                "request_id": rows[position].request_id,
                "problem": problem,
                "attempts": rows[position].attempts + 1,
                "created_at": rows[position].created_at,
                "failed_at": now,
            }
            for position, problem in verdict.dead.items()
        ]
        await copy_rows(connection, self._dead_letter, letters)
        table = self._outbox
        gone = [rows[position].outbox_id for position in (*verdict.delivered, *verdict.dead)]
        if gone:
            await connection.execute(delete(table).where(table.c.outbox_id.in_(gone)))
        for position in set(verdict.retry) - set(verdict.dead):
            row = rows[position]
            wait = timedelta(seconds=self._backoff_seconds(row.attempts + 3))
            await connection.execute(
                update(table)
                .where(table.c.outbox_id == row.outbox_id)
                .values(attempts=row.attempts + 1, next_attempt_at=now + wait)
            )
        after_commit(connection, lambda: self._count(verdict))

    def _count(self, verdict: Verdict) -> None:
        self.metrics.delivered.inc(len(verdict.delivered))
        self.metrics.dead.inc(len(verdict.dead))
        self.metrics.retried.inc(len(set(verdict.retry) - set(verdict.dead)))


def _read_answers(response: httpx.Response, positions: list[int]) -> Verdict:
    """Return what the neighbour answered per item; an item without an answer is tried again."""
    try:
        answers: dict[Any, dict[str, Any]] = {answer["index"]: dict(answer) for answer in response.json()["data"]}
    except (ValueError, KeyError, TypeError):
        logger.warning("handover_answer_unreadable", status=response.status_code)
        return Verdict(retry=list(positions))
    verdict = Verdict()
    for index, position in enumerate(positions):
        answer = answers.get(index)
        if answer is None or answer.get("status") is None:
            verdict.retry.append(position)
        elif answer["status"] == "rejected":
            verdict.dead[position] = answer.get("error") or {"code": "rejected"}
        else:
            verdict.delivered.append(position)
    return verdict


def _blame(response: httpx.Response, position: int) -> Verdict:
    """Return the verdict on a single row that the neighbour refused: 4xx is final, 5xx is tried again."""
    if response.status_code >= 500:
        return Verdict(retry=[position])
    try:
        problem = response.json()
    except json.JSONDecodeError:
        problem = {"code": "unreadable_problem", "status": response.status_code, "detail": response.text[:1000]}
    return Verdict(dead={position: problem})


def _merged(first: Verdict, second: Verdict) -> Verdict:
    return Verdict(
        delivered=first.delivered + second.delivered,
        dead=first.dead | second.dead,
        retry=first.retry + second.retry,
        neighbour_down=first.neighbour_down or second.neighbour_down,
    )
