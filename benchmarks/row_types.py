"""CPU of reading and using a page of rows in four types. Goal: a named tuple costs no more than SQLAlchemy's Row.

The table has 20 columns, of which a page uses 12. A POST is what it does with rows: it makes them, inserts them by one
statement over arrays, and reads what was written; JSON, HTTP and the commit are left out. Each round measures every
type, so that a busy machine slows them all.
"""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import make_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from measuring import cpu_microseconds, median, run
from sqlalchemy import Column, DateTime, MetaData, Table, bindparam, column, func, insert, make_url, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine
from sqlalchemy.orm import registry
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import Field, SQLModel

from common.clock import uuid7
from common.postgres.bulk import insert_returning
from common.postgres.rows import columns_for, find_rows
from standalone.embedded.servers import EmbeddedPostgres

ROUNDS = 9
# Rows of a page, and pages of a round.
PAGES = {20: 200, 100: 60}
# Items of a POST, and POSTs of a round.
POSTED, POSTS = 100, 60
METADATA = MetaData()


class Base(SQLModel, registry=registry(metadata=METADATA)):
    """Base of the one table, on a metadata of its own."""

    metadata = METADATA


class Order(Base, table=True):
    """A row as SQLModel's ORM makes it, and the table."""

    order_id: UUID = Field(primary_key=True)
    name: str
    customer: str
    city: str
    conditions: dict[str, Any] = Field(sa_type=JSONB)
    labels: dict[str, Any] = Field(sa_type=JSONB)
    tags: list[Any] = Field(sa_type=JSONB)
    severity: str
    status: str
    is_enabled: bool
    revision: int
    wait_seconds: int
    interval_seconds: int
    repeat_seconds: int
    window_seconds: int
    price: float
    weight: float
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    deleted_at: datetime | None = Field(sa_column=Column(DateTime(timezone=True)))


class OrderRow(NamedTuple):
    """A row as a named tuple."""

    order_id: UUID
    name: str
    customer: str
    city: str
    conditions: dict[str, Any]
    labels: dict[str, Any]
    tags: list[Any]
    severity: str
    status: str
    is_enabled: bool
    revision: int
    wait_seconds: int
    interval_seconds: int
    repeat_seconds: int
    window_seconds: int
    price: float
    weight: float
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


# A row as a frozen dataclass with slots.
FrozenOrder = make_dataclass("FrozenOrder", OrderRow.__annotations__.items(), frozen=True, slots=True)
ORDER: Table = METADATA.tables["order"]
Read = Callable[[AsyncConnection, int], Awaitable[Iterable[Any]]]
Orders = Sequence[dict[str, Any]]
Write = Callable[[AsyncConnection, Orders], Awaitable[Iterable[Any]]]
Act = Callable[[], Awaitable[None]]


class WrittenOrder(NamedTuple):
    """What an insert returns of each row."""

    order_id: UUID
    revision: int


def _insert_statement() -> ReturningInsert[Any]:
    types = {name: ORDER.c[name].type for name in OrderRow._fields}
    arrays = func.unnest(*(bindparam(name, type_=ARRAY(kind, dimensions=1)) for name, kind in types.items()))
    given = arrays.table_valued(*(column(name, kind) for name, kind in types.items()), name="given").render_derived()
    statement = insert(ORDER).from_select(list(types), select(*(given.c[name] for name in types)))
    return statement.returning(*columns_for(WrittenOrder, ORDER))


INSERT_ORDERS = _insert_statement()


async def rows(connection: AsyncConnection, limit: int) -> Iterable[Any]:
    """Read SQLAlchemy's own rows."""
    return (await connection.execute(select(ORDER).limit(limit))).all()


async def named_tuples(connection: AsyncConnection, limit: int) -> Iterable[Any]:
    """Read named tuples, as repositories do."""
    return await find_rows(connection, select(*columns_for(OrderRow, ORDER)).limit(limit), OrderRow)


async def frozen_dataclasses(connection: AsyncConnection, limit: int) -> Iterable[Any]:
    """Read frozen dataclasses with slots."""
    return [FrozenOrder(*row) for row in (await connection.execute(select(ORDER).limit(limit))).all()]


async def orm_instances(connection: AsyncConnection, limit: int) -> Iterable[Any]:
    """Read instances of the SQLModel class through a session."""
    async with AsyncSession(bind=connection) as session:
        return (await session.execute(select(Order).limit(limit))).scalars().all()


KINDS: dict[str, Read] = {
    "Row": rows,
    "NamedTuple": named_tuples,
    "frozen slots dataclass": frozen_dataclasses,
    "SQLModel instance": orm_instances,
}


async def post_dicts(connection: AsyncConnection, given: Orders) -> Iterable[Any]:
    """Insert dictionaries and read SQLAlchemy's own rows."""
    orders = [{**values} for values in given]
    arrays = {name: [order[name] for order in orders] for name in orders[0]}
    written: Sequence[Any] = (await connection.execute(INSERT_ORDERS, arrays)).all()
    return written


async def post_named_tuples(connection: AsyncConnection, given: Orders) -> Iterable[Any]:
    """Insert named tuples and read named tuples, as repositories do."""
    return await insert_returning(connection, ORDER, [OrderRow(**values) for values in given], WrittenOrder)


POST_KINDS: dict[str, Write] = {"Row": post_dicts, "NamedTuple": post_named_tuples}


def use(order: Any) -> tuple[object, ...]:  # noqa: ANN401 - the same names in four types
    """Return 12 columns, as a route does that writes a page."""
    return (
        order.order_id,
        order.name,
        order.conditions,
        order.labels,
        order.tags,
        order.severity,
        order.is_enabled,
        order.revision,
        order.price,
        order.created_at,
        order.updated_at,
        order.deleted_at,
    )


@asynccontextmanager
async def orders() -> AsyncIterator[AsyncConnection]:
    """Yield a connection to a fresh, embedded PostgreSQL with a table of 100 orders."""
    folder = Path(tempfile.mkdtemp(prefix="mia-bench-"))
    try:
        async with EmbeddedPostgres(folder / "postgres", is_durable=False) as postgres:
            engine = create_async_engine(make_url(postgres.url).set(drivername="postgresql+asyncpg"))
            async with engine.begin() as connection:
                await connection.run_sync(METADATA.create_all)
                await connection.execute(insert(ORDER), [_order(number) for number in range(100)])
            async with engine.connect() as connection:
                yield connection
            await engine.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _order(number: int) -> dict[str, Any]:
    texts = {name: f"{name} {number}" for name in ("name", "customer", "city", "severity", "status")}
    numbers = ("revision", "wait_seconds", "interval_seconds", "repeat_seconds", "window_seconds", "price", "weight")
    now = datetime.now(UTC)
    return {
        "order_id": uuid7(),
        **texts,
        **dict.fromkeys(numbers, number),
        "conditions": {"min_impact_score": number},
        "labels": {"desk": "rates"},
        "tags": ["one", "two"],
        "is_enabled": True,
        "created_at": now,
        "updated_at": now,
        "deleted_at": None,
    }


async def main() -> None:
    """Measure and report."""
    async with orders() as connection:
        for n_rows, repeat in PAGES.items():
            report(
                f"page of {n_rows}",
                await _rounds({kind: _page(connection, read, n_rows) for kind, read in KINDS.items()}, repeat),
            )
        given = [_order(number) for number in range(POSTED)]
        report(
            f"POST of {POSTED}",
            await _rounds({kind: _post(connection, write, given) for kind, write in POST_KINDS.items()}, POSTS),
        )
    print(f"  medians of {ROUNDS} rounds, load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")


def report(what: str, found: Mapping[str, Sequence[float]]) -> None:
    """Print the medians, and their ratios to `Row`."""
    base = median(list(found["Row"]))
    print(f"{what}, CPU against SQLAlchemy's Row (goal: NamedTuple <= 1)")
    for kind, values in found.items():
        print(f"  {kind}: {median(list(values)) / base:.2f} ({median(list(values)) / 1000:.2f} ms)")


def _page(connection: AsyncConnection, read: Read, limit: int) -> Act:
    async def act() -> None:
        for order in await read(connection, limit):
            use(order)

    return act


def _post(connection: AsyncConnection, write: Write, given: Orders) -> Act:
    async def act() -> None:
        # The orders keep their identifiers: what was written is taken back.
        written = {order.order_id: order.revision for order in await write(connection, given)}
        if len(written) != len(given):
            raise RuntimeError(f"{len(written)} of {len(given)} orders were written")
        await connection.rollback()

    return act


async def _rounds(acts: Mapping[str, Act], repeat: int) -> dict[str, list[float]]:
    """Return, for each kind, the CPU time of its act in every round, one kind after the other."""
    found: dict[str, list[float]] = {kind: [] for kind in acts}
    for _ in range(ROUNDS):
        for kind, act in acts.items():
            found[kind].append(await cpu_microseconds(act, repeat))
    return found


if __name__ == "__main__":
    run(main)
