"""Runs a statement and returns its rows as named tuples, whose fields name the columns.

A `NamedTuple` costs less than SQLAlchemy's own `Row`, whose attributes are looked up by name on every access.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, FromClause

from common.postgres.database import Connection

# A subclass of `NamedTuple`, which is no type that a bound could name.
RowT = TypeVar("RowT", bound=tuple[Any, ...])
OtherRowT = TypeVar("OtherRowT", bound=tuple[Any, ...])

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


async def find_joined_rows(
    connection: Connection,
    statement: Executable,
    row_type: type[RowT],
    other_type: type[OtherRowT],
    parameters: Parameters | None = None,
) -> list[tuple[RowT, OtherRowT]]:
    """Return every row of `statement` as a `row_type` of its first columns and an `other_type` of the others."""
    result = await connection.execute(statement, parameters)
    fields = _fields(row_type)
    _require_columns(result, row_type, other_type)
    make, make_other = _maker_of(row_type), _maker_of(other_type)
    return [(make(row[: len(fields)]), make_other(row[len(fields) :])) for row in result.all()]


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
    _require_columns(result, row_type)
    return _maker_of(row_type)


def _require_columns(result: CursorResult[Any], *row_types: type[tuple[Any, ...]]) -> None:
    """Raise TypeError unless the columns of `result` are the fields of `row_types`, in their order."""
    fields = tuple(name for row_type in row_types for name in _fields(row_type))
    if tuple(result.keys()) != fields:
        names = " and ".join(row_type.__name__ for row_type in row_types)
        raise TypeError(f"{names} has the fields {fields}, and the statement the columns {result.keys()}")


def _maker_of(row_type: type[RowT]) -> Callable[[Iterable[Any]], RowT]:
    make: Callable[[Iterable[Any]], RowT] = row_type._make  # type: ignore[attr-defined]
    return make


def _fields(row_type: type[RowT]) -> tuple[str, ...]:
    fields: tuple[str, ...] = row_type._fields  # type: ignore[attr-defined]
    return fields


def arrays_of(rows: Sequence[RowT]) -> dict[str, list[object]]:
    """Return the values of each field of `rows`, at least one, by its name; `unnest` makes rows of them again."""
    return dict(zip(_fields(type(rows[0])), map(list, zip(*rows, strict=True)), strict=True))
