"""Encrypts secrets stored in the clear or under an older key, row by row, while they are in use."""

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from sqlalchemy import Column, select, update

from common.postgres.database import Connection, Database
from common.secrets.secret_box import SecretBox, UnreadableSecret

logger = structlog.get_logger(__name__)

SealedColumn = Column[Any]


async def seal_all(database: Database, box: SecretBox, columns: Sequence[SealedColumn]) -> int:
    """Seal every value of `columns` that the first key has not sealed, and return how many that were."""
    return await _rewrite(database, columns, lambda stored: stored if box.is_current(stored) else _again(box, stored))


async def unseal_all(database: Database, box: SecretBox, columns: Sequence[SealedColumn]) -> int:
    """Store every value of `columns` in the clear, as the previous release reads it, and return their number."""
    return await _rewrite(database, columns, box.open)


def _again(box: SecretBox, stored: str) -> str:
    return box.seal(box.open(stored))


async def _rewrite(database: Database, columns: Sequence[SealedColumn], change: Callable[[str], str]) -> int:
    n_changed = n_unreadable = 0
    for column in columns:
        async with database.transaction() as connection:
            for key, stored in await _values(connection, column):
                try:
                    changed = change(stored)
                except UnreadableSecret:
                    n_unreadable += 1
                    continue
                if changed != stored:
                    n_changed += await _replace(connection, column, key, stored, changed)
    if n_unreadable:
        logger.error("secrets_unreadable", count=n_unreadable, effect="SECRETS_KEY lacks the key that sealed them")
    if n_changed:
        logger.info("secrets_rewritten", count=n_changed)
    return n_changed


async def _values(connection: Connection, column: SealedColumn) -> Sequence[Any]:
    statement = select(_key_of(column), column).where(column.is_not(None))
    return (await connection.execute(statement)).all()


async def _replace(connection: Connection, column: SealedColumn, key: object, stored: str, changed: str) -> int:
    """Put `changed` where `stored` still is: somebody may have written another value meanwhile."""
    statement = update(column.table).where(_key_of(column) == key, column == stored).values({column.name: changed})
    return (await connection.execute(statement)).rowcount


def _key_of(column: SealedColumn) -> Column[Any]:
    (key,) = column.table.primary_key.columns
    return key
