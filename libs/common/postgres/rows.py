"""Running a statement and reading its rows, with the types of what comes back."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Executable, Row

from common.postgres.database import Connection

AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]


async def all_rows(connection: Connection, statement: Executable) -> Rows:
    """Return every row of `statement`."""
    rows: Rows = (await connection.execute(statement)).all()
    return rows


async def first_row(connection: Connection, statement: Executable) -> AnyRow | None:
    """Return the first row of `statement`, or None when it has none."""
    row: AnyRow | None = (await connection.execute(statement)).first()
    return row
