"""Creating, changing and planning sources."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from common.api.etags import Conditional, etag_of
from common.clock import uuid7
from common.errors import Conflict, NotFound
from common.postgres.database import Connection
from common.secrets.masking import masked_feed
from common.secrets.secret_box import UnreadableSecret
from news_ingestion.engine import Engine
from news_ingestion.providers.provider import FetchPlan, Kind
from news_ingestion.repository import sources
from news_ingestion.schemas.sources import PlanRead, QuotaRead, SourceCreate, SourceRead, SourceUpdate, WindowRead
from news_ingestion.sources.fetching import state_of


def tag_of(source: Row[Any]) -> str:
    """Return the entity tag of a source; fetches do not change it, only people do."""
    return etag_of(source.source_id, source.version)


def read(engine: Engine, source: Row[Any]) -> SourceRead:
    """Return a source as the API shows it."""
    return SourceRead.from_row(source, _shown_url(engine, source), expected_delay_seconds(engine, source))


def _shown_url(engine: Engine, source: Row[Any]) -> str | None:
    try:
        return None if source.url is None else masked_feed(engine.runtime.secret_box.open(source.url))
    except UnreadableSecret:
        return None


def expected_delay_seconds(engine: Engine, source: Row[Any]) -> float:
    """Return how late the provider of a source shows articles."""
    adapter = engine.providers[source.kind]
    return adapter.plan(state_of(source), engine.runtime.clock.now()).expected_delay_seconds


async def _check(engine: Engine, kind: Kind, url: str | None, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the complete configuration; `Conflict` says what does not fit together."""
    adapter = engine.providers[kind]
    if adapter.needs_url != (url is not None):
        detail = f"A source of kind {kind} {'needs' if adapter.needs_url else 'has no'} url."
        raise Conflict(detail, code="url_missing" if adapter.needs_url else "url_not_allowed")
    if url is not None:
        await engine.address_guard.require(url)
    try:
        return adapter.read_config(config)
    except ValueError as error:
        raise Conflict(f"config: {error}.", code="config_invalid") from error


async def create(engine: Engine, connection: Connection, given: SourceCreate) -> Row[Any]:
    """Store a new source and return it; it is due at once.

    Raises
    ------
    Conflict
        The configuration does not fit the kind, the address may not be reached, or the name is taken.
    """
    config = await _check(engine, given.kind, given.url, given.config)
    now = engine.runtime.clock.now()
    is_scheduled = given.is_enabled and engine.providers[given.kind].is_fetched
    values = {
        **given.model_dump(exclude={"config"}),
        "url": None if given.url is None else engine.runtime.secret_box.seal(given.url),
        "config": config,
        "source_id": uuid7(),
        "version": 1,
        "created_at": now,
        "updated_at": now,
        "next_fetch_at": now if is_scheduled else None,
    }
    created = await sources.create_source(connection, values)
    if created is None:
        raise Conflict(f"There is a source named {given.name!r} already.", code="name_taken")
    return created


async def change(
    engine: Engine, connection: Connection, source_id: UUID, given: SourceUpdate, conditional: Conditional
) -> Row[Any]:
    """Change a source and return it; a changed or re-enabled source is due at once, and starts without errors.

    The address as it is shown, with what may be a key hidden, is no new one: the source keeps the one it has.

    Raises
    ------
    NotFound, PreconditionFailed, Conflict
        There is no such source; `If-Match` is stale; see `create`.
    """
    current = await required(connection, source_id, lock=True)
    conditional.require(tag_of(current))
    values = given.model_dump(exclude_none=True)
    if "name" in values and await sources.is_name_taken(connection, values["name"], source_id):
        raise Conflict(f"There is a source named {values['name']!r} already.", code="name_taken")
    if "url" in values and values["url"] == _shown_url(engine, current):
        del values["url"]
    if {"url", "config"} & values.keys():
        url, config = values.get("url"), values.get("config", current.config)
        if url is not None:
            values["url"] = engine.runtime.secret_box.seal(url)
        elif current.url is not None:
            url = _opened(engine, current.url)
        values["config"] = await _check(engine, current.kind, url, config)
        values |= {"etag": None, "last_modified": None}
    now = engine.runtime.clock.now()
    is_enabled = values.get("is_enabled", current.is_enabled)
    is_scheduled = is_enabled and engine.providers[current.kind].is_fetched
    values |= {
        "version": current.version + 1,
        "updated_at": now,
        "next_fetch_at": now if is_scheduled else None,
        "error_count": 0,
        "backoff_seconds": 0.0,
        "last_error": None,
        "disabled_reason": None if is_enabled else current.disabled_reason,
    }
    changed = await sources.update_source(connection, source_id, values)
    if changed is None:
        raise NotFound.of("source", source_id)
    return changed


def _opened(engine: Engine, stored: str) -> str:
    try:
        return engine.runtime.secret_box.open(stored)
    except UnreadableSecret as error:
        raise Conflict(f"{error}; give the url again.", code="address_unreadable") from error


async def required(connection: Connection, source_id: UUID, *, lock: bool = False) -> Row[Any]:
    """Return a source; `NotFound` when there is none."""
    found = await sources.source(connection, source_id, lock=lock)
    if found is None:
        raise NotFound.of("source", source_id)
    return found


async def _plan(engine: Engine, connection: Connection, source: Row[Any]) -> tuple[FetchPlan, int]:
    now = engine.runtime.clock.now()
    used, sharing = await sources.quota_use(connection, source.kind, now - timedelta(days=1))
    return engine.providers[source.kind].plan(state_of(source, used, sharing), now), used


async def plan(engine: Engine, connection: Connection, source: Row[Any]) -> PlanRead:
    """Return how a source will be fetched from now on."""
    found, used = await _plan(engine, connection, source)
    quota = None
    if found.requests_per_day is not None:
        remaining = max(0, found.requests_per_day - used)
        quota = QuotaRead(requests_per_day=found.requests_per_day, used=used, remaining=remaining)
    window = WindowRead(starts_at=found.window.start, ends_at=found.window.end) if found.window else None
    return PlanRead(
        source_id=source.source_id,
        kind=source.kind,
        interval_seconds=source.interval_seconds,
        effective_interval_seconds=found.effective_interval_seconds,
        expected_delay_seconds=found.expected_delay_seconds,
        next_fetch_at=source.next_fetch_at,
        quota=quota,
        window=window,
        warnings=list(found.warnings),
    )
