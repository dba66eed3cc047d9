"""Creates, changes and plans sources."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pydantic import ValidationError

from common.api.etags import Conditional, etag_of
from common.clock import uuid7
from common.errors import Conflict, NotFound, describe
from common.postgres.database import Connection, Transaction
from common.secrets.masking import masked_feed
from common.secrets.secret_box import UnreadableSecret
from news_ingestion.engine import Engine
from news_ingestion.providers.configuration import refuse_secrets, sentence_of
from news_ingestion.repository import sources
from news_ingestion.schemas.sources import PlanRead, QuotaRead, SourceCreate, SourceRead, SourceUpdate, WindowRead
from news_ingestion.source_rows import SourceRow
from news_ingestion.sources.fetching import required_provider
from news_ingestion.sources.plans import address_of, planned, require_plan


def tag_of(source: SourceRow) -> str:
    """Return the entity tag of a source; fetches do not change it, only people do."""
    return etag_of(source.source_id, source.revision)


def read(engine: Engine, source: SourceRow) -> SourceRead:
    """Return a source as the API shows it."""
    found = planned(engine, source)
    return SourceRead.from_row(
        source,
        _shown_url(engine, source),
        found.plan.expected_delay_seconds,
        plan_error=found.error,
        is_supported=source.kind in engine.providers,
    )


def _shown_url(engine: Engine, source: SourceRow) -> str | None:
    address = address_of(engine, source)
    return None if address is None else masked_feed(address)


async def _check(engine: Engine, kind: str, url: str | None, config: Mapping[str, object]) -> dict[str, object]:
    """Return the complete configuration; `Conflict` says what does not fit together."""
    provider = engine.providers[kind]
    if provider.needs_url != (url is not None):
        detail = f"A source of kind {kind} {'needs' if provider.needs_url else 'has no'} url."
        raise Conflict(detail, code="url_missing" if provider.needs_url else "url_not_allowed")
    if url is not None:
        await engine.address_guard.require(url)
    try:
        complete = provider.read_config(config)
        refuse_secrets(complete)
    except ValidationError as error:
        # Its own text shows the value, which may be anything.
        raise Conflict(f"config: {sentence_of(error)}.", code="config_invalid") from error
    except ValueError as error:
        raise Conflict(f"config: {error}.", code="config_invalid") from error
    except Exception as error:
        engine.runtime.failures.labels("source_config").inc()
        told = f"The configuration could not be checked: {describe(error)}"
        raise Conflict(told, code="configuration_not_checked") from error
    return complete


async def create(engine: Engine, transaction: Transaction, given: SourceCreate) -> SourceRow:
    """Store a new source and return it; it is due at once.

    Notes
    -----
    Looking its address up may take seconds, in which no connection is held.

    Raises
    ------
    Conflict
        The configuration does not fit the kind, the address may not be reached, or the name is taken.
    """
    config = await _check(engine, given.kind, given.url, given.config)
    now = engine.runtime.clock.now()
    is_scheduled = given.is_enabled and engine.providers[given.kind].is_fetched
    created = SourceRow(
        source_id=uuid7(),
        kind=given.kind,
        name=given.name,
        url=_sealed(engine, given.url),
        config=config,
        is_enabled=given.is_enabled,
        interval_seconds=given.interval_seconds,
        revision=1,
        created_at=now,
        updated_at=now,
        next_fetch_at=now if is_scheduled else None,
    )
    require_plan(engine, created)
    async with transaction() as connection:
        return await sources.insert_source(connection, created)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a source is to be asked by, which is checked before it is stored."""

    kind: str
    url: str | None
    config: Mapping[str, object]


async def change(
    engine: Engine, transaction: Transaction, source_id: UUID, given: SourceUpdate, conditional: Conditional
) -> SourceRow:
    """Change a source and return it; a changed or re-enabled source is due at once, and starts without errors.

    The address as it is shown, with what may be a key hidden, is no new one: the source keeps the one it has.

    Notes
    -----
    Looking an address up may take seconds, in which no connection is held. Where somebody else has changed the source
    meanwhile, what it is then to be asked by is checked too.

    Raises
    ------
    NotFound, PreconditionFailed, Conflict
        There is no such source; `If-Match` is stale; this process does not know its kind, or see `create`.
    """
    checked: _Asked | None = None
    complete: dict[str, object] = {}
    while True:
        async with transaction() as connection:
            current = await required_source(connection, source_id, for_update=True)
            conditional.require(tag_of(current))
            required_provider(engine, current)
            asked = _asked_anew(engine, current, given)
            if asked is None or asked == checked:
                changed = _changed(engine, current, given)
                if asked is not None:
                    sealed = current.url if _is_as_shown(engine, current, given) else _sealed(engine, asked.url)
                    changed = changed._replace(url=sealed, config=complete, etag=None, last_modified=None)
                # Any other change must be possible whatever its provider says, switching the source off above all.
                if _plan_inputs(changed) != _plan_inputs(current):
                    require_plan(engine, changed)
                return await sources.update_source(connection, changed)
        complete = await _check(engine, asked.kind, asked.url, asked.config)
        checked = asked


def _plan_inputs(source: SourceRow) -> tuple[str | None, Mapping[str, object], float]:
    return source.url, source.config, source.interval_seconds


def _changed(engine: Engine, current: SourceRow, given: SourceUpdate) -> SourceRow:
    """Return the source with everything that it is not asked by as it is from now on."""
    now = engine.runtime.clock.now()
    is_enabled = current.is_enabled if given.is_enabled is None else given.is_enabled
    is_scheduled = is_enabled and engine.providers[current.kind].is_fetched
    return current._replace(
        name=current.name if given.name is None else given.name,
        interval_seconds=current.interval_seconds if given.interval_seconds is None else given.interval_seconds,
        is_enabled=is_enabled,
        revision=current.revision + 1,
        updated_at=now,
        next_fetch_at=now if is_scheduled else None,
        error_count=0,
        backoff_seconds=0.0,
        last_error=None,
        disabled_reason=None if is_enabled else current.disabled_reason,
    )


def _asked_anew(engine: Engine, current: SourceRow, given: SourceUpdate) -> _Asked | None:
    """Return the address and the configuration that a source is asked by from now on; None where they stay."""
    url = None if _is_as_shown(engine, current, given) else given.url
    if url is None and given.config is None:
        return None
    if url is None and current.url is not None:
        url = _opened(engine, current.url)
    return _Asked(current.kind, url, current.config if given.config is None else given.config)


def _is_as_shown(engine: Engine, current: SourceRow, given: SourceUpdate) -> bool:
    return given.url is None or given.url == _shown_url(engine, current)


def _sealed(engine: Engine, url: str | None) -> str | None:
    return None if url is None else engine.runtime.secret_box.seal(url)


def _opened(engine: Engine, stored: str) -> str:
    try:
        return engine.runtime.secret_box.open(stored)
    except UnreadableSecret as error:
        raise Conflict(f"{error}; give the url again.", code="address_unreadable") from error


async def delete(connection: Connection, source_id: UUID, conditional: Conditional) -> None:
    """Delete a source and its gaps; its articles and the ledger of its fetches stay.

    Raises
    ------
    NotFound, PreconditionFailed
        There is no such source; `If-Match` is stale.
    """
    conditional.require(tag_of(await required_source(connection, source_id, for_update=True)))
    await sources.delete_source(connection, source_id)


async def required_source(connection: Connection, source_id: UUID, *, for_update: bool = False) -> SourceRow:
    """Return a source, locked until the transaction ends if asked; `NotFound` when there is none."""
    return NotFound.unless(await sources.find_source(connection, source_id, for_update=for_update), "source", source_id)


async def plan(engine: Engine, connection: Connection, source: SourceRow) -> PlanRead:
    """Return how a source will be fetched from now on."""
    now = engine.runtime.clock.now()
    used = await sources.find_quota_use(connection, source.kind, now - timedelta(days=1))
    found = planned(engine, source, used).plan
    quota = None
    if found.requests_per_day is not None:
        remaining = max(0, found.requests_per_day - used.n_requests)
        quota = QuotaRead(requests_per_day=found.requests_per_day, used=used.n_requests, remaining=remaining)
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
