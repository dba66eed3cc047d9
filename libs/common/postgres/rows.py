"""Runs a statement and returns its rows as named tuples, whose fields name the columns.

A `NamedTuple` costs less than SQLAlchemy's own `Row`, whose attributes are looked up by name on every access.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, FromClause

from common.postgres.database import Connection

# A subclass of `NamedTuple`, which is no type that a bound could name.
RowT = TypeVar("RowT", bound=tuple[Any, ...])

# The values of the names in a textual statement.
Parameters = Mapping[str, object]


def columns_for(row_type: type[RowT], *tables: FromClause) -> list[Any]:
    """Return the columns that fill `row_type`, in its order, each from the first of `tables` that has it."""
    return [next(table.c[name] for table in tables if name in table.c) for name in _fields(row_type)]


async def find_rows(
    connection: Connection, statement: Executable, row_type: type[RowT], parameters: Parameters | None = None
) -> list[RowT]:
    """Return every row of `statement` as `row_type`, whose fields are named as the statement's columns."""
    result = await connection.execute(statement, parameters)
    make = _maker(result, row_type)
    return [make(row) for row in result.all()]


async def find_row(
    connection: Connection, statement: Executable, row_type: type[RowT], parameters: Parameters | None = None
) -> RowT | None:
    """Return the first row of `statement` as `row_type`, or None when it has none."""
    result = await connection.execute(statement, parameters)
    make = _maker(result, row_type)
    row = result.first()
    return None if row is None else make(row)


async def find_one_row(
    connection: Connection, statement: Executable, row_type: type[RowT], parameters: Parameters | None = None
) -> RowT:
    """Return the one row of `statement`, which always has one, as `row_type`."""
    result = await connection.execute(statement, parameters)
    return _maker(result, row_type)(result.one())


def _maker(result: CursorResult[Any], row_type: type[RowT]) -> Callable[[Iterable[Any]], RowT]:
    fields = _fields(row_type)
    if tuple(result.keys()) != fields:
        raise TypeError(f"{row_type.__name__} has the fields {fields}, and the statement the columns {result.keys()}")
    make: Callable[[Iterable[Any]], RowT] = row_type._make  # type: ignore[attr-defined]
    return make


def _fields(row_type: type[RowT]) -> tuple[str, ...]:
    fields: tuple[str, ...] = row_type._fields  # type: ignore[attr-defined]
    return fields
