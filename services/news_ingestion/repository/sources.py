"""Sources, their schedules, the ledger of fetches and the gaps."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, Row, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from common.api.pagination import PageRequest, keyset
from common.postgres.bulk import insert_rows
from common.postgres.database import Connection
from common.postgres.rows import all_rows, first_row
from news_ingestion.models import FETCH, GAP, SOURCE
from news_ingestion.providers.windows import Window

_ALL = SOURCE.c


async def create_source(connection: Connection, values: Mapping[str, Any]) -> Row[Any] | None:
    """Write a new source and return it; None when its name is taken."""
    statement = insert(SOURCE).values(**values).on_conflict_do_nothing(index_elements=["name"]).returning(SOURCE)
    return await first_row(connection, statement)


async def list_sources(connection: Connection, page: PageRequest) -> Sequence[Row[Any]]:
    """Return the sources of a page and one more, newest first."""
    return await all_rows(connection, keyset(select(SOURCE), page, (_ALL.created_at, _ALL.source_id)))


async def source(connection: Connection, source_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    """Return one source, locked until the transaction ends if asked; None when there is none."""
    statement = select(SOURCE).where(_ALL.source_id == source_id)
    return await first_row(connection, statement.with_for_update() if lock else statement)


async def is_name_taken(connection: Connection, name: str, but: UUID) -> bool:
    """Return whether another source than `but` has this name."""
    statement = select(_ALL.source_id).where(_ALL.name == name, _ALL.source_id != but)
    return await first_row(connection, statement) is not None


async def update_source(connection: Connection, source_id: UUID, values: Mapping[str, Any]) -> Row[Any] | None:
    """Change a source and return it; None when there is none."""
    statement = update(SOURCE).where(_ALL.source_id == source_id).values(**values).returning(SOURCE)
    return await first_row(connection, statement)


async def delete_source(connection: Connection, source_id: UUID) -> None:
    """Delete a source and its gaps; its articles and the ledger of its fetches stay."""
    await connection.execute(delete(GAP).where(GAP.c.source_id == source_id))
    await connection.execute(delete(SOURCE).where(_ALL.source_id == source_id))


def _unleased(now: datetime) -> Any:
    return or_(_ALL.lease_until.is_(None), _ALL.lease_until <= now)


async def claim_due(connection: Connection, owner: UUID, now: datetime, lease_seconds: float) -> Row[Any] | None:
    """Lease the source that has been due longest to `owner` and return it; None when none is due.

    Notes
    -----
    Rows that another replica is just claiming are skipped, not waited for. The lease outlives the transaction, and ends
    by itself when its owner dies.
    """
    due = (
        select(_ALL.source_id)
        .where(_ALL.is_enabled, _ALL.next_fetch_at <= now, _unleased(now))
        .order_by(_ALL.next_fetch_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return await _lease(connection, _ALL.source_id == due, owner, now, lease_seconds)


async def claim_one(
    connection: Connection, source_id: UUID, owner: UUID, now: datetime, lease_seconds: float
) -> Row[Any] | None:
    """Lease one source to `owner` and return it; None when somebody else is fetching it."""
    condition = and_(_ALL.source_id == source_id, _unleased(now))
    return await _lease(connection, condition, owner, now, lease_seconds)


async def _lease(
    connection: Connection, condition: Any, owner: UUID, now: datetime, lease_seconds: float
) -> Row[Any] | None:
    lease = {"lease_owner": owner, "lease_until": now + timedelta(seconds=lease_seconds)}
    return await first_row(connection, update(SOURCE).where(condition).values(**lease).returning(SOURCE))


async def leased_source(connection: Connection, source_id: UUID, owner: UUID) -> Row[Any] | None:
    """Return a source that `owner` holds the lease of, as it is now and locked; None when the lease has passed on."""
    statement = select(SOURCE).where(_ALL.source_id == source_id, _ALL.lease_owner == owner)
    return await first_row(connection, statement.with_for_update())


async def settle(connection: Connection, source_id: UUID, owner: UUID, values: Mapping[str, Any]) -> None:
    """Write what a fetch learned and give the lease back; a lease that has passed to somebody else stays theirs."""
    statement = (
        update(SOURCE)
        .where(_ALL.source_id == source_id, _ALL.lease_owner == owner)
        .values(**values, lease_owner=None, lease_until=None)
    )
    await connection.execute(statement)


async def quota_use(connection: Connection, kind: str, since: datetime) -> tuple[int, int]:
    """Return the requests made since then for sources of a kind, and how many enabled ones there are."""
    of_kind = select(_ALL.source_id).where(_ALL.kind == kind)
    used = select(func.coalesce(func.sum(FETCH.c.n_requests), 0)).where(
        FETCH.c.source_id.in_(of_kind), FETCH.c.started_at >= since
    )
    sharing = select(func.count()).select_from(SOURCE).where(_ALL.kind == kind, _ALL.is_enabled)
    row = (await connection.execute(select(used.scalar_subquery(), sharing.scalar_subquery()))).one()
    return int(row[0]), int(row[1])


async def record_fetch(connection: Connection, values: Mapping[str, Any]) -> Row[Any]:
    """Enter one run in the ledger and return the entry."""
    result: CursorResult[Any] = await connection.execute(insert(FETCH).values(**values).returning(FETCH))
    return result.one()


async def list_fetches(
    connection: Connection, page: PageRequest, source_id: UUID | None, status: str | None
) -> Sequence[Row[Any]]:
    """Return the runs of a page and one more, newest first."""
    statement = select(FETCH)
    if source_id is not None:
        statement = statement.where(FETCH.c.source_id == source_id)
    if status is not None:
        statement = statement.where(FETCH.c.status == status)
    return await all_rows(connection, keyset(statement, page, (FETCH.c.started_at, FETCH.c.fetch_id)))


async def record_gaps(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Enter stretches of time that could not be fetched."""
    await insert_rows(connection, GAP, rows)


async def close_gaps(connection: Connection, source_id: UUID, covered: Window) -> None:
    """Remove the gaps that lie within what has now been fetched; what a cap hides stays hidden."""
    await connection.execute(
        delete(GAP).where(
            GAP.c.source_id == source_id,
            GAP.c.reason.in_(("quota", "error")),
            GAP.c.starts_at >= covered.start,
            GAP.c.ends_at <= covered.end,
        )
    )


async def gaps(connection: Connection, source_ids: Sequence[UUID], limit: int) -> Sequence[Row[Any]]:
    """Return the latest gaps of these sources, at most `limit` of each."""
    place = func.row_number().over(partition_by=GAP.c.source_id, order_by=(GAP.c.starts_at.desc(), GAP.c.gap_id.desc()))
    placed = select(GAP, place.label("place")).where(GAP.c.source_id.in_(source_ids)).subquery()
    statement = select(placed).where(placed.c.place <= limit).order_by(placed.c.source_id, placed.c.place)
    return await all_rows(connection, statement)


async def forget_fetches(connection: Connection, started_before: datetime) -> int:
    """Delete the lines of the ledger that are older; return how many."""
    return (await connection.execute(delete(FETCH).where(FETCH.c.started_at < started_before))).rowcount
