"""Bulk inserts: binary COPY where no row can conflict with an existing one, else one static statement over `unnest`."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from asyncpg import InterfaceError, PostgresConnectionError
from sqlalchemy import Table, bindparam, column, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, asyncpg, insert
from sqlalchemy.dialects.postgresql.dml import Insert
from sqlalchemy.sql.dml import ReturningInsert

from common.errors import DatabaseUnavailable
from common.postgres.database import Connection
from common.postgres.rows import RowT, arrays_of, find_rows

# Named tuples, whose fields are the columns, cost less than dictionaries with the columns as keys.
Rows = Sequence[Mapping[str, Any]] | Sequence[tuple[Any, ...]]

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]


async def insert_rows(
    connection: Connection,
    table: Table,
    rows: Rows,
    *,
    on_conflict: tuple[str, ...] | None = None,
    update: tuple[str, ...] = (),
    where: str | None = None,
) -> None:
    """Insert `rows`, all with the keys or fields of the first one.

    For rows that can meet existing ones; `copy_rows` is faster for all others.

    Parameters
    ----------
    on_conflict : columns of a unique index; a row that meets an existing one is left out, or updates its columns
        `update`. An empty one means any unique index. Without it a conflict is an error.
    where : predicate of a partial unique index, as SQL.

    Notes
    -----
    The statement is built once per table and set of columns, so neither SQLAlchemy nor PostgreSQL compiles it again.
    List-valued columns must be JSONB, since `unnest` flattens arrays of arrays.
    """
    if rows:
        arrays = _arrays(rows)
        statement = _insert_statement(table, tuple(arrays), on_conflict, update=update, where=where)
        await connection.execute(statement, arrays)


async def insert_returning(
    connection: Connection,
    table: Table,
    rows: Rows,
    row_type: type[RowT],
    *,
    on_conflict: tuple[str, ...] | None = None,
    update: tuple[str, ...] = (),
    where: str | None = None,
) -> list[RowT]:
    """Insert `rows` as `insert_rows` does; return the columns of `row_type` of those that were really written."""
    if not rows:
        return []
    arrays = _arrays(rows)
    returning: tuple[str, ...] = row_type._fields  # type: ignore[attr-defined]
    statement = _insert_statement(table, tuple(arrays), on_conflict, update=update, where=where, returning=returning)
    return await find_rows(connection, statement, row_type, arrays)


def _arrays(rows: Rows) -> dict[str, list[Any]]:
    """Return the values of each column of `rows`, at least one, by its name."""
    if isinstance(rows[0], tuple):
        return arrays_of(cast("Sequence[tuple[Any, ...]]", rows))
    mappings = cast("Sequence[Mapping[str, Any]]", rows)
    return {name: [row[name] for row in mappings] for name in mappings[0]}


async def copy_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert `rows`, all with the keys or fields of the first one, by binary COPY in the caller's transaction.

    Raises
    ------
    DatabaseUnavailable
        The connection breaks.

    Notes
    -----
    A row that meets an existing one fails them all. 400 rows of 26 columns cost a third of what arrays do.
    """
    if not rows:
        return
    arrays = _arrays(rows)
    names = tuple(arrays)
    columns = [
        arrays[name] if process is None else [None if value is None else process(value) for value in arrays[name]]
        for name, process in zip(names, _bind_processors(table, names), strict=True)
    ]
    driver: Any = (await connection.get_raw_connection()).driver_connection
    if not driver.is_in_transaction():
        # SQLAlchemy sends BEGIN with the first statement; a COPY before it would be a transaction of its own.
        await connection.execute(text("SELECT 1"))
    try:
        await driver.copy_records_to_table(table.name, records=zip(*columns, strict=True), columns=names)
    except (PostgresConnectionError, InterfaceError, OSError) as error:
        raise DatabaseUnavailable(error) from error


@lru_cache(maxsize=256)
def _bind_processors(table: Table, names: tuple[str, ...]) -> list[Callable[[Any], Any] | None]:
    """Return what turns a Python value into the driver's, by column; None where they are the same."""
    return [table.c[name].type.dialect_impl(_DIALECT).bind_processor(_DIALECT) for name in names]


@lru_cache(maxsize=256)
def _insert_statement(
    table: Table,
    names: tuple[str, ...],
    on_conflict: tuple[str, ...] | None,
    *,
    update: tuple[str, ...],
    where: str | None,
    returning: tuple[str, ...] = (),
) -> Insert | ReturningInsert[Any]:
    types = {name: table.c[name].type for name in names}
    arrays = func.unnest(*(bindparam(name, type_=ARRAY(types[name], dimensions=1)) for name in names))
    source = arrays.table_valued(*(column(name, types[name]) for name in names), name="given").render_derived()
    statement = insert(table).from_select(names, select(*(source.c[name] for name in names)))
    if on_conflict is not None:
        condition = text(where) if where else None
        if update:
            statement = statement.on_conflict_do_update(
                index_elements=list(on_conflict),
                index_where=condition,
                set_={name: statement.excluded[name] for name in update},
            )
        else:
            # Without a target a row gives way to any unique index.
            statement = statement.on_conflict_do_nothing(
                index_elements=list(on_conflict) or None, index_where=condition
            )
    return statement.returning(*(table.c[name] for name in returning)) if returning else statement
