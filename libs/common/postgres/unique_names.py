"""Writes rows whose names are unique."""

from sqlalchemy import Executable
from sqlalchemy.exc import IntegrityError

from common.errors import Conflict
from common.postgres.database import Connection
from common.postgres.rows import RowT, find_one_row


async def write_named(
    connection: Connection, statement: Executable, row_type: type[RowT], *, kind: str, name: str
) -> RowT:
    """Return the row that `statement` writes, without ending the transaction when it fails.

    Raises
    ------
    Conflict
        Another `kind` has the name.
    """
    try:
        async with connection.begin_nested():
            return await find_one_row(connection, statement, row_type)
    except IntegrityError as error:
        raise Conflict(f"A {kind} named {name!r} already exists.", code="name_taken") from error
