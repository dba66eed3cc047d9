"""Sources, their schedules, the ledger of fetches and the gaps."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql

from common.postgres.bulk import insert_rows
from common.postgres.database import Connection
from common.postgres.paging import PageRequest, keyset
from common.postgres.rows import columns_for, find_one_row, find_row, find_rows
from common.postgres.unique_names import write_named
from news_ingestion.models import FETCH, GAP, SOURCE
from news_ingestion.providers.window import Window
from news_ingestion.source_rows import FetchRow, GapRow, QuotaUse, SourceRow

_ALL = SOURCE.c


_SOURCE = columns_for(SourceRow, SOURCE)
_FETCH = columns_for(FetchRow, FETCH)


async def insert_source(connection: Connection, source: SourceRow) -> SourceRow:
    """Write a new source and return it; `Conflict` when its name is taken."""
    statement = insert(SOURCE).values(**source._asdict()).returning(*_SOURCE)
    return await write_named(connection, statement, SourceRow, kind="source", name=source.name)


async def list_sources(connection: Connection, page: PageRequest) -> list[SourceRow]:
    """Return the sources of a page and one more, newest first."""
    statement = keyset(select(*_SOURCE), page, (_ALL.created_at, _ALL.source_id))
    return await find_rows(connection, statement, SourceRow)


async def find_source(connection: Connection, source_id: UUID, *, for_update: bool = False) -> SourceRow | None:
    """Return one source, locked until the transaction ends if asked; None when there is none."""
    statement = select(*_SOURCE).where(_ALL.source_id == source_id)
    return await find_row(connection, statement.with_for_update() if for_update else statement, SourceRow)


async def update_source(connection: Connection, source: SourceRow) -> SourceRow:
    """Write a source that this transaction has locked, and return it; `Conflict` when its name is taken."""
    statement = update(SOURCE).where(_ALL.source_id == source.source_id).values(**source._asdict())
    return await write_named(connection, statement.returning(*_SOURCE), SourceRow, kind="source", name=source.name)


async def delete_source(connection: Connection, source_id: UUID) -> None:
    """Delete a source and its gaps; its articles and the ledger of its fetches stay."""
    await connection.execute(delete(GAP).where(GAP.c.source_id == source_id))
    await connection.execute(delete(SOURCE).where(_ALL.source_id == source_id))


def _unleased(now: datetime) -> ColumnElement[bool]:
    return or_(_ALL.lease_until.is_(None), _ALL.lease_until <= now)


async def claim_due_source(
    connection: Connection, owner: UUID, now: datetime, lease_seconds: float, *, kinds: Collection[str]
) -> SourceRow | None:
    """Lease the source of these kinds that has been due longest to `owner` and return it; None when none is due.

    Notes
    -----
    Rows that another replica is just claiming are skipped, not waited for. The lease outlives the transaction, and ends
    by itself when its owner dies.
    """
    due = (
        select(_ALL.source_id)
        .where(_ALL.is_enabled, _ALL.next_fetch_at <= now, _unleased(now), _ALL.kind.in_(kinds))
        .order_by(_ALL.next_fetch_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return await _lease(connection, _ALL.source_id == due, owner, now, lease_seconds)


async def claim_source(
    connection: Connection, source_id: UUID, owner: UUID, now: datetime, lease_seconds: float
) -> SourceRow | None:
    """Lease one source to `owner` and return it; None when somebody else is fetching it."""
    condition = and_(_ALL.source_id == source_id, _unleased(now))
    return await _lease(connection, condition, owner, now, lease_seconds)


async def _lease(
    connection: Connection, condition: ColumnElement[bool], owner: UUID, now: datetime, lease_seconds: float
) -> SourceRow | None:
    lease = {"lease_owner": owner, "lease_until": now + timedelta(seconds=lease_seconds)}
    statement = update(SOURCE).where(condition).values(**lease).returning(*_SOURCE)
    return await find_row(connection, statement, SourceRow)


async def find_leased_source(connection: Connection, source_id: UUID, owner: UUID) -> SourceRow | None:
    """Return a source that `owner` holds the lease of, as it is now and locked; None when the lease has passed on."""
    statement = select(*_SOURCE).where(_ALL.source_id == source_id, _ALL.lease_owner == owner)
    return await find_row(connection, statement.with_for_update(), SourceRow)


async def find_quota_use(connection: Connection, kind: str, since: datetime) -> QuotaUse:
    """Return the requests made since then for sources of a kind, and how many enabled ones there are."""
    of_kind = select(_ALL.source_id).where(_ALL.kind == kind)
    used = select(func.coalesce(func.sum(FETCH.c.n_requests), 0)).where(
        FETCH.c.source_id.in_(of_kind), FETCH.c.started_at >= since
    )
    sharing = select(func.count()).select_from(SOURCE).where(_ALL.kind == kind, _ALL.is_enabled)
    statement = select(used.scalar_subquery().label("n_requests"), sharing.scalar_subquery().label("n_sharing"))
    return await find_one_row(connection, statement, QuotaUse)


async def insert_fetch(connection: Connection, fetch: FetchRow) -> bool:
    """Enter one run in the ledger; return whether it was not there yet."""
    statement = postgresql.insert(FETCH).values(**fetch._asdict()).on_conflict_do_nothing(index_elements=["fetch_id"])
    return (await connection.execute(statement)).rowcount > 0


async def list_fetches(
    connection: Connection, page: PageRequest, source_id: UUID | None, status: str | None
) -> list[FetchRow]:
    """Return the runs of a page and one more, newest first."""
    statement = select(*_FETCH)
    if source_id is not None:
        statement = statement.where(FETCH.c.source_id == source_id)
    if status is not None:
        statement = statement.where(FETCH.c.status == status)
    statement = keyset(statement, page, (FETCH.c.started_at, FETCH.c.fetch_id))
    return await find_rows(connection, statement, FetchRow)


async def insert_gaps(connection: Connection, gaps: Iterable[GapRow]) -> None:
    """Enter stretches of time that could not be fetched."""
    await insert_rows(connection, GAP, list(gaps))


async def delete_gaps(connection: Connection, source_id: UUID, covered: Window) -> None:
    """Remove the gaps that lie within what has now been fetched; what a cap hides stays hidden."""
    await connection.execute(
        delete(GAP).where(
            GAP.c.source_id == source_id,
            GAP.c.reason.in_(("quota", "error")),
            GAP.c.starts_at >= covered.start,
            GAP.c.ends_at <= covered.end,
        )
    )


async def list_gaps(connection: Connection, source_ids: Sequence[UUID], limit: int) -> list[GapRow]:
    """Return the latest gaps of these sources, at most `limit` of each."""
    place = func.row_number().over(partition_by=GAP.c.source_id, order_by=(GAP.c.starts_at.desc(), GAP.c.gap_id.desc()))
    placed = select(GAP, place.label("place")).where(GAP.c.source_id.in_(source_ids)).subquery()
    statement = (
        select(*columns_for(GapRow, placed)).where(placed.c.place <= limit).order_by(placed.c.source_id, placed.c.place)
    )
    return await find_rows(connection, statement, GapRow)


async def delete_fetches(connection: Connection, started_before: datetime) -> int:
    """Delete the lines of the ledger that are older; return how many."""
    return (await connection.execute(delete(FETCH).where(FETCH.c.started_at < started_before))).rowcount
