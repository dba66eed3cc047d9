"""Running a statement, with the type of what comes back."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Executable, Row

from common.database import Connection


async def all_rows(connection: Connection, statement: Executable) -> Sequence[Row[Any]]:
    """Return every row of `statement`."""
    rows: Sequence[Row[Any]] = (await connection.execute(statement)).all()
    return rows


async def first_row(connection: Connection, statement: Executable) -> Row[Any] | None:
    """Return the first row of `statement`, None when it has none."""
    row: Row[Any] | None = (await connection.execute(statement)).first()
    return row
