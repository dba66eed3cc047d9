"""Fetching sources: claimed with a lease, asked by their adapter, taken in, and scheduled again."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from prometheus_client import CollectorRegistry
from prometheus_client import Counter as CounterMetric
from sqlalchemy import Row

from common.clock import uuid7
from common.contracts.batch import MAX_BATCH_ITEMS
from common.errors import Conflict, NotFound, describe
from common.postgres.database import Connection, after_commit
from common.runtime import Runtime
from common.secrets.secret_box import UnreadableSecret
from news_ingestion.articles.draft import Item
from news_ingestion.ingestion import take_in
from news_ingestion.providers.provider import Adapter, Fetched, SourceState
from news_ingestion.providers.provider_errors import UpstreamError, as_upstream_error
from news_ingestion.providers.schedule import DEGRADED_AFTER_ERRORS, backoff_seconds, next_fetch_at
from news_ingestion.repository import sources
from news_ingestion.settings import Settings

_DAY = timedelta(days=1)
# Asking again changes nothing about these: a person has to.
_DISABLING = frozenset({"auth", "request"})
# Whether and when a source is fetched is also a person's to say.
_SCHEDULE = frozenset({"is_enabled", "disabled_reason", "next_fetch_at"})


class FetchMetrics:
    """What fetching shows to Prometheus."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.fetches = CounterMetric(
            "news_fetches_total", "Runs of sources, by kind and outcome", ["kind", "status"], registry=registry
        )
        self.requests = CounterMetric(
            "news_fetch_requests_total", "Requests to providers, by kind of source", ["kind"], registry=registry
        )


@dataclass(frozen=True, slots=True)
class FetchRun:
    """One claimed source on its way through a fetch."""

    runtime: Runtime
    source: Row[Any]
    owner: UUID
    trigger: str
    started_at: datetime


def state_of(source: Row[Any], requests_used: int = 0, n_sharing: int = 1) -> SourceState:
    """Return a stored source as its adapter sees it; its address is still sealed."""
    return SourceState(
        source_id=source.source_id,
        kind=source.kind,
        url=source.url,
        config=source.config,
        interval_seconds=source.interval_seconds,
        etag=source.etag,
        last_modified=source.last_modified,
        seen_until=source.seen_until,
        last_ok_at=source.last_ok_at,
        requests_used=requests_used,
        n_sharing=max(n_sharing, 1),
    )


async def fetch_now(runtime: Runtime, source_id: UUID) -> Row[Any]:
    """Fetch one source at once, whatever its schedule says, and return the entry of the ledger.

    Raises
    ------
    NotFound, Conflict
        There is no such source; nothing is fetched from its kind, or it is being fetched just now.
    """
    settings, owner, now = runtime.settings_as(Settings), uuid7(), runtime.clock.now()
    async with runtime.database.transaction() as connection:
        found = await sources.source(connection, source_id)
        if found is None:
            raise NotFound(f"No source {source_id}.")
        if not _adapter(runtime, found).is_fetched:
            raise Conflict(f"Articles of a source of kind {found.kind} are posted, not fetched.", code="not_fetched")
        claimed = await sources.claim_one(connection, source_id, owner, now, settings.fetch_lease_seconds)
    if claimed is None:
        raise Conflict("The source is being fetched just now.", code="being_fetched")
    return await _run(FetchRun(runtime, claimed, owner, "manual", now))


async def fetch_due(runtime: Runtime) -> None:
    """Fetch sources as they become due, several at a time, until cancelled."""
    settings = runtime.settings_as(Settings)
    running: set[asyncio.Task[None]] = set()
    try:
        while True:
            while len(running) < settings.fetch_concurrency and (run := await _claim(runtime)) is not None:
                running.add(asyncio.create_task(_run_supervised(run)))
            await asyncio.sleep(settings.fetch_poll_seconds)
            running = {task for task in running if not task.done()}
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _claim(runtime: Runtime) -> FetchRun | None:
    owner, now = uuid7(), runtime.clock.now()
    async with runtime.database.transaction() as connection:
        lease_seconds = runtime.settings_as(Settings).fetch_lease_seconds
        claimed = await sources.claim_due(connection, owner, now, lease_seconds)
    return FetchRun(runtime, claimed, owner, "schedule", now) if claimed is not None else None


async def _run_supervised(run: FetchRun) -> None:
    """Fetch; a failure of our own is counted and logged, and the lease runs out by itself."""
    try:
        await _run(run)
    except Exception as error:  # noqa: BLE001 - one source must not stop the others; the metric counts it
        run.runtime.failures.labels("fetch").inc()
        run.runtime.logger.warning("fetch_failed", source_id=str(run.source.source_id), error=describe(error))


def _adapter(runtime: Runtime, source: Row[Any]) -> Adapter:
    adapters: Mapping[str, Adapter] = runtime.state.adapters
    return adapters[source.kind]


async def _run(run: FetchRun) -> Row[Any]:
    runtime, source = run.runtime, run.source
    async with runtime.database.reading() as connection:
        used, sharing = await sources.quota_use(connection, source.kind, run.started_at - _DAY)
    state = state_of(source, used, sharing)
    fetched, counted = Fetched(seen_until=source.seen_until), Counter[str]()
    try:
        await _fetch(run, state, fetched)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes raise is recorded, counted and backed off
        fetched.error = _noted(run, error)
    try:
        await _take_in(run, fetched.items, counted)
    except Exception as error:  # noqa: BLE001 - as above; what was not taken in is asked for again
        fetched.error = _noted(run, error)
        fetched.seen_until, fetched.covered = source.seen_until, None
    async with runtime.database.transaction() as connection:
        return await _settle(run, connection, fetched, counted)


async def _fetch(run: FetchRun, state: SourceState, fetched: Fetched) -> None:
    runtime = run.runtime
    try:
        url = None if state.url is None else runtime.secret_box.open(state.url)
    except UnreadableSecret as error:
        raise UpstreamError("unknown", "address_unreadable", str(error)) from error
    await _adapter(runtime, run.source).fetch(replace(state, url=url), runtime.state.fetcher, run.started_at, fetched)


async def _take_in(run: FetchRun, items: Sequence[Item], counted: Counter[str]) -> None:
    for start in range(0, len(items), MAX_BATCH_ITEMS):
        batch = items[start : start + MAX_BATCH_ITEMS]
        outcomes = await take_in(run.runtime, batch, fetched_from=run.source.source_id)
        counted.update(outcome.status for outcome in outcomes)


def _noted(run: FetchRun, error: Exception) -> UpstreamError:
    """Return what ended a run; what no provider is known to do is also logged, and counted as a failure of ours."""
    if not isinstance(error, UpstreamError):
        run.runtime.failures.labels("fetch").inc()
        run.runtime.logger.warning("fetch_raised", source_id=str(run.source.source_id), error=describe(error))
    return as_upstream_error(error)


def _status(fetched: Fetched, counted: Mapping[str, int]) -> str:
    if fetched.error is not None:
        return "partial" if counted else "error"
    return "ok" if fetched.is_modified else "not_modified"


async def _settle(run: FetchRun, connection: Connection, fetched: Fetched, counted: Mapping[str, int]) -> Row[Any]:
    runtime, source, now = run.runtime, run.source, run.runtime.clock.now()
    status = _status(fetched, counted)
    current = await sources.leased_source(connection, source.source_id, run.owner)
    if current is not None:
        await _remember(run, connection, current, fetched, now)
    metrics: FetchMetrics = runtime.state.fetch_metrics
    after_commit(connection, lambda: metrics.fetches.labels(source.kind, status).inc())
    after_commit(connection, lambda: metrics.requests.labels(source.kind).inc(len(fetched.requests)))
    return await sources.record_fetch(
        connection,
        {
            "fetch_id": uuid7(),
            "source_id": source.source_id,
            "started_at": run.started_at,
            "finished_at": now,
            "status": status,
            "requests": [record.as_json() for record in fetched.requests],
            "n_requests": len(fetched.requests),
            "articles": dict(counted),
            "error": _error_json(fetched.error),
        },
    )


async def _remember(run: FetchRun, connection: Connection, current: Row[Any], fetched: Fetched, now: datetime) -> None:
    """Write what the run learned about its source as it is now, locked, and give the lease back.

    Notes
    -----
    A fetch takes its time, in which a person may change the source. What was learned at another address or with another
    configuration says nothing about the source any more. Of another change, whether and when to fetch stays as it is
    now: a changed source is due at once, and one that was switched off is not.
    """
    source = run.source
    if (current.kind, current.url, current.config) != (source.kind, source.url, source.config):
        await sources.settle(connection, source.source_id, run.owner, {})
        return
    learned = (
        _failed(run, current, fetched, fetched.error, now) if fetched.error else _succeeded(run, current, fetched, now)
    )
    if current.version != source.version:
        learned = {name: value for name, value in learned.items() if name not in _SCHEDULE}
    await sources.settle(connection, source.source_id, run.owner, learned)
    await _keep_gaps(connection, source, fetched, now)
    state = {"is_enabled": current.is_enabled, **learned}
    if fetched.error is not None and _becomes_degraded(current, state):
        await run.runtime.events.publish(connection, [_degraded_event(current, state, fetched.error)])


def _jittered(run: FetchRun, now: datetime, wait_seconds: float) -> datetime:
    ratio = run.runtime.settings_as(Settings).fetch_jitter_ratio
    return next_fetch_at(now, wait_seconds, ratio, random.random())  # noqa: S311 - jitter, no secret


def _succeeded(run: FetchRun, source: Row[Any], fetched: Fetched, now: datetime) -> dict[str, Any]:
    is_back = source.disabled_reason is not None
    return {
        "next_fetch_at": _jittered(run, now, fetched.wait_seconds) if source.is_enabled or is_back else None,
        "is_enabled": source.is_enabled or is_back,
        "disabled_reason": None,
        "last_fetch_at": now,
        "last_ok_at": now,
        "error_count": 0,
        "backoff_seconds": 0.0,
        "last_error": None,
        "etag": fetched.etag,
        "last_modified": fetched.last_modified,
        "seen_until": fetched.seen_until,
    }


def _failed(run: FetchRun, source: Row[Any], fetched: Fetched, error: UpstreamError, now: datetime) -> dict[str, Any]:
    error_count = source.error_count + 1
    is_final = source.kind == "newsapi" and error.problem in _DISABLING
    wait = backoff_seconds(error_count, source.interval_seconds, error.retry_after_seconds)
    is_enabled = source.is_enabled and not is_final
    return {
        "next_fetch_at": _jittered(run, now, wait) if is_enabled else None,
        "is_enabled": is_enabled,
        "disabled_reason": error.code if is_final else source.disabled_reason,
        "last_fetch_at": now,
        "error_count": error_count,
        "backoff_seconds": wait,
        "last_error": {**(_error_json(error) or {}), "at": now.isoformat()},
        "seen_until": fetched.seen_until,
    }


def _error_json(error: UpstreamError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return {"problem": error.problem, "code": error.code, "detail": error.detail}


def _becomes_degraded(source: Row[Any], state: Mapping[str, Any]) -> bool:
    """Return whether this failure is the one to tell about: the third in a row, or the one that switches it off."""
    return state["error_count"] == DEGRADED_AFTER_ERRORS or (source.is_enabled and not state["is_enabled"])


def _degraded_event(source: Row[Any], state: Mapping[str, Any], error: UpstreamError) -> tuple[str, str]:
    told = {
        "source_id": str(source.source_id),
        "name": source.name,
        "kind": source.kind,
        "error_count": state["error_count"],
        "is_enabled": state["is_enabled"],
        "error": _error_json(error),
    }
    return "source.degraded", json.dumps(told)


async def _keep_gaps(connection: Connection, source: Row[Any], fetched: Fetched, now: datetime) -> None:
    """Close the gaps that this run filled, and enter those it leaves."""
    if fetched.covered is not None:
        await sources.close_gaps(connection, source.source_id, fetched.covered)
    missed: list[tuple[str, str, datetime, datetime]] = [
        (one.reason, one.detail, one.window.start, one.window.end) for one in fetched.missed
    ]
    # A feed shows its latest entries only: what came and went during an outage was never seen.
    if source.kind == "rss" and fetched.error is None and source.error_count and source.last_ok_at is not None:
        detail = f"{source.error_count} fetches in a row failed."
        missed.append(("error", detail, source.last_ok_at, now))
    await sources.record_gaps(connection, _gap_rows(source.source_id, missed, now))


def _gap_rows(
    source_id: UUID, missed: Sequence[tuple[str, str, datetime, datetime]], now: datetime
) -> list[dict[str, Any]]:
    return [
        {
            "gap_id": uuid7(),
            "source_id": source_id,
            "reason": reason,
            "detail": detail,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "recorded_at": now,
        }
        for reason, detail, starts_at, ends_at in missed
    ]
