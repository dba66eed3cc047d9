"""Fetches sources: claims each with a lease, requests its articles, ingests them, and schedules the next fetch."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from opentelemetry.trace import SpanKind, StatusCode

from common.clock import uuid7
from common.contracts.batch import MAX_BATCH_ITEMS
from common.errors import Conflict, NotFound, describe
from common.outgoing.header_values import validator
from common.postgres.database import Connection, after_commit
from common.secrets.secret_box import UnreadableSecret
from common.telemetry.request_context import current_context
from common.telemetry.tracing import spanned
from news_ingestion.articles.draft import Item
from news_ingestion.engine import Engine
from news_ingestion.ingestion import take_in
from news_ingestion.providers.provider import Fetched, MissedWindow, Provider, SourceState
from news_ingestion.providers.provider_errors import ProviderError, as_provider_error, fit_to_show
from news_ingestion.providers.schedule import next_fetch_at
from news_ingestion.providers.window import Window
from news_ingestion.repository import sources
from news_ingestion.source_rows import FetchRow, GapRow, QuotaUse, SourceRow
from news_ingestion.sources.next_state import (
    after_failure,
    after_success,
    becomes_degraded,
    covered_by,
    with_schedule_of,
)

logger = structlog.get_logger(__name__)
_DAY = timedelta(days=1)
# Entering an abandoned run in the ledger keeps nobody waiting for longer, not even a process that is to end.
_ENTERING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class FetchRun:
    """One claimed source on its way through a fetch; `owner` holds its lease, and names the run in the ledger."""

    engine: Engine
    source: SourceRow
    owner: UUID
    started_at: datetime

    @property
    def provider(self) -> Provider:
        """Return the provider of the source's kind."""
        return self.engine.providers[self.source.kind]


def unknown_kind(kind: str) -> str:
    """Return why a source is only shown: a newer release has created it."""
    return f"This release does not know sources of kind {kind}: it shows them, but neither fetches nor changes them."


def required_provider(engine: Engine, source: SourceRow) -> Provider:
    """Return the provider of a source; `Conflict` when this process does not know its kind."""
    provider = engine.providers.get(source.kind)
    if provider is None:
        raise Conflict(unknown_kind(source.kind), code="kind_unknown")
    return provider


def state_of(source: SourceRow, used: QuotaUse, url: str | None) -> SourceState:
    """Return a stored source as its provider sees it: with the address as it is asked for, not as it is stored."""
    return SourceState(
        source_id=source.source_id,
        url=url,
        config=source.config,
        interval_seconds=source.interval_seconds,
        # An earlier release stored what a provider entered as it was, and what cannot be sent fails every request.
        etag=validator(source.etag),
        last_modified=validator(source.last_modified),
        seen_until=source.seen_until,
        last_ok_at=source.last_ok_at,
        requests_used=used.n_requests,
        n_sharing=max(used.n_sharing, 1),
    )


async def fetch_now(engine: Engine, source_id: UUID) -> FetchRow:
    """Fetch one source at once, whatever its schedule says, and return the entry of the ledger.

    Raises
    ------
    NotFound, Conflict
        There is no such source; nothing is fetched from its kind, this process does not know it, or the source is being
        fetched just now.
    """
    runtime, owner = engine.runtime, uuid7()
    now = runtime.clock.now()
    async with runtime.database.transaction() as connection:
        found = NotFound.unless(await sources.find_source(connection, source_id), "source", source_id)
        if not required_provider(engine, found).is_fetched:
            raise Conflict(f"Articles of a source of kind {found.kind} are posted, not fetched.", code="not_fetched")
        claimed = await sources.claim_source(connection, source_id, owner, now, engine.settings.fetch_lease_seconds)
    if claimed is None:
        raise Conflict("The source is already being fetched.", code="being_fetched")
    return await _run(FetchRun(engine, claimed, owner, now))


async def fetch_due(engine: Engine) -> None:
    """Fetch sources as they become due, several at a time, until cancelled."""
    settings = engine.settings
    running: set[asyncio.Task[None]] = set()
    try:
        while True:
            while len(running) < settings.fetch_concurrency and (run := await _claim(engine)) is not None:
                running.add(asyncio.create_task(_run_supervised(run)))
            await asyncio.sleep(settings.fetch_poll_seconds)
            running = {task for task in running if not task.done()}
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _claim(engine: Engine) -> FetchRun | None:
    owner, now = uuid7(), engine.runtime.clock.now()
    async with engine.runtime.database.transaction() as connection:
        claimed = await sources.claim_due_source(
            connection, owner, now, engine.settings.fetch_lease_seconds, kinds=list(engine.providers)
        )
    return FetchRun(engine, claimed, owner, now) if claimed is not None else None


async def _run_supervised(run: FetchRun) -> None:
    """Fetch; a failure of our own is counted and logged, and the lease runs out by itself."""
    try:
        await _run(run)
    except Exception as error:  # noqa: BLE001 - one source must not stop the others; the metric counts it
        run.engine.runtime.failures.labels("fetch").inc()
        logger.warning("fetch_failed", source_id=str(run.source.source_id), error=describe(error))


async def _run(run: FetchRun) -> FetchRow:
    """Fetch, and enter the run in the ledger, also one that is cancelled: its requests were made all the same."""
    fetched, counted = Fetched(seen_until=run.source.seen_until), Counter[str]()
    try:
        tracing, name = run.engine.runtime.tracing, f"fetch {run.source.kind}"
        with spanned(tracing, name, SpanKind.INTERNAL, current_context()) as span:
            entered = await _fetch_and_settle(run, fetched, counted)
            if entered.error is not None:
                span.set_status(StatusCode.ERROR, entered.error["code"])
            return entered
    except asyncio.CancelledError:
        # A task of its own: whoever cancelled may do so again.
        entering = asyncio.create_task(_enter_abandoned(run, fetched, counted))
        await asyncio.shield(entering)
        raise


async def _fetch_and_settle(run: FetchRun, fetched: Fetched, counted: Counter[str]) -> FetchRow:
    runtime, source = run.engine.runtime, run.source
    async with runtime.database.reading() as connection:
        used = await sources.find_quota_use(connection, source.kind, run.started_at - _DAY)
    try:
        await _fetch(run, used, fetched)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes raise is recorded, counted and backed off
        fetched.error = _noted(run, error)
    try:
        await _take_in(run, fetched.items, counted)
    except Exception as error:  # noqa: BLE001 - as above; what was not taken in is asked for again
        fetched.error = _noted(run, error)
        fetched.seen_until, fetched.covered = source.seen_until, None
    async with runtime.database.transaction() as connection:
        return await _settle(run, connection, fetched, counted)


async def _enter_abandoned(run: FetchRun, fetched: Fetched, counted: Counter[str]) -> None:
    """Enter a run that was cancelled in the ledger, and give its lease back.

    Notes
    -----
    It says nothing about the source, which stays as it was: due at once where it was due. A run that was cancelled
    while it was being entered is entered once.
    """
    detail = "The fetch was given up: its caller left, the caller's time was over, or the service stopped."
    fetched.error = ProviderError("unknown", "abandoned", detail)
    try:
        async with asyncio.timeout(_ENTERING_SECONDS), run.engine.runtime.database.transaction() as connection:
            current = await sources.find_leased_source(connection, run.source.source_id, run.owner)
            if current is not None:
                await sources.update_source(connection, current._replace(lease_owner=None, lease_until=None))
            await _enter(run, connection, fetched, counted)
    except Exception as error:  # noqa: BLE001 - what remains is to end; it is counted, and the lease runs out by itself
        run.engine.runtime.failures.labels("fetch").inc()
        logger.warning("fetch_not_entered", source_id=str(run.source.source_id), error=describe(error))


async def _fetch(run: FetchRun, used: QuotaUse, fetched: Fetched) -> None:
    engine, source = run.engine, run.source
    try:
        url = None if source.url is None else engine.runtime.secret_box.open(source.url)
    except UnreadableSecret as error:
        raise ProviderError("unknown", "address_unreadable", str(error)) from error
    await run.provider.fetch(state_of(source, used, url), engine.provider_client, run.started_at, fetched)


async def _take_in(run: FetchRun, items: Sequence[Item], counted: Counter[str]) -> None:
    for start in range(0, len(items), MAX_BATCH_ITEMS):
        batch = items[start : start + MAX_BATCH_ITEMS]
        results = await take_in(run.engine, batch, fetched_from=run.source.source_id)
        counted.update(result.status for result in results.data)


def _noted(run: FetchRun, error: Exception) -> ProviderError:
    """Return what ended a run; what no provider is known to do is also logged, and counted as a failure of ours."""
    if not isinstance(error, ProviderError):
        run.engine.runtime.failures.labels("fetch").inc()
        logger.warning("fetch_raised", source_id=str(run.source.source_id), error=describe(error))
    return as_provider_error(error)


def _status(fetched: Fetched, counted: Mapping[str, int]) -> str:
    if fetched.error is not None:
        return "partial" if counted else "error"
    return "ok" if fetched.is_modified else "not_modified"


async def _settle(run: FetchRun, connection: Connection, fetched: Fetched, counted: Mapping[str, int]) -> FetchRow:
    current = await sources.find_leased_source(connection, run.source.source_id, run.owner)
    if current is not None:
        await _remember(run, connection, current, fetched, run.engine.runtime.clock.now())
    return await _enter(run, connection, fetched, counted)


async def _enter(run: FetchRun, connection: Connection, fetched: Fetched, counted: Mapping[str, int]) -> FetchRow:
    """Enter a run in the ledger once, and count it."""
    kind, status = run.source.kind, _status(fetched, counted)
    fetch = FetchRow(
        fetch_id=run.owner,
        source_id=run.source.source_id,
        started_at=run.started_at,
        finished_at=run.engine.runtime.clock.now(),
        status=status,
        requests=[record.document() for record in fetched.requests],
        n_requests=len(fetched.requests),
        articles=dict(counted),
        error=None if fetched.error is None else fetched.error.document(),
    )
    if await sources.insert_fetch(connection, fetch):
        metrics = run.engine.metrics
        after_commit(connection, lambda: metrics.count_fetch(kind, status, len(fetched.requests)))
    return fetch


async def _remember(run: FetchRun, connection: Connection, current: SourceRow, fetched: Fetched, now: datetime) -> None:
    """Write what the run learned about its source as it is now, locked, and give the lease back.

    Notes
    -----
    A fetch takes its time, in which a person may change the source. What was learned at another address or with another
    configuration says nothing about the source any more. Of another change, whether and when to fetch stays as it is
    now: a changed source is due at once, and one that was switched off is not.
    """
    source, current = run.source, current._replace(lease_owner=None, lease_until=None)
    if (current.kind, current.url, current.config) != (source.kind, source.url, source.config):
        await sources.update_source(connection, current)
        return
    after = _after(run, current, fetched, now)
    if current.revision != source.revision:
        after = with_schedule_of(after, current)
    await sources.update_source(connection, after)
    await _keep_gaps(run, connection, fetched, now)
    if fetched.error is not None and becomes_degraded(current, after):
        await run.engine.runtime.events.publish(connection, [_degraded_event(after, fetched.error)])


def _after(run: FetchRun, source: SourceRow, fetched: Fetched, now: datetime) -> SourceRow:
    def again(wait_seconds: float) -> datetime:
        ratio = run.engine.settings.fetch_jitter_ratio
        return next_fetch_at(now, wait_seconds, ratio, random.random())  # noqa: S311 - jitter, no secret

    if fetched.error is None:
        return after_success(source, fetched, now=now, again=again)
    is_final = fetched.error.problem in run.provider.final_problems
    return after_failure(source, fetched, fetched.error, is_final=is_final, now=now, again=again)


def _degraded_event(source: SourceRow, error: ProviderError) -> tuple[str, str]:
    told = {
        "source_id": str(source.source_id),
        "name": source.name,
        "kind": source.kind,
        "error_count": source.error_count,
        "is_enabled": source.is_enabled,
        "error": error.document(),
    }
    return "source.degraded", json.dumps(told)


async def _keep_gaps(run: FetchRun, connection: Connection, fetched: Fetched, now: datetime) -> None:
    """Close the gaps that this run filled, and enter those it leaves."""
    source = run.source
    covered = covered_by(source, fetched, shows_latest_only=run.provider.shows_latest_only)
    if covered is not None:
        await sources.delete_gaps(connection, source.source_id, covered)
    missed = list(fetched.missed)
    is_back = fetched.error is None and source.error_count > 0
    if run.provider.shows_latest_only and is_back and source.last_ok_at is not None:
        detail = f"{source.error_count} fetches in a row failed."
        missed.append(MissedWindow(Window(source.last_ok_at, now), "error", detail))
    gaps = [
        GapRow(
            uuid7(),
            source.source_id,
            one.reason,
            fit_to_show(one.detail),
            one.window.start,
            one.window.end,
            recorded_at=now,
        )
        for one in missed
    ]
    await sources.insert_gaps(connection, gaps)
