"""Stored event studies and their results."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, insert, select

from common.postgres.database import Connection
from common.postgres.rows import columns_for, find_row
from market_impact.models import STUDY


class StoredStudy(NamedTuple):
    """The answer of an event study, JSON text."""

    answer: str


async def insert_study(connection: Connection, study_id: UUID, created_at: datetime, answer: str) -> None:
    """Keep an answer."""
    await connection.execute(insert(STUDY).values(study_id=study_id, created_at=created_at, answer=answer))


async def find_study(connection: Connection, study_id: UUID) -> StoredStudy | None:
    """Return the study, or None."""
    statement = select(*columns_for(StoredStudy, STUDY)).where(STUDY.c.study_id == study_id)
    return await find_row(connection, statement, StoredStudy)


async def delete_studies(connection: Connection, before: UUID) -> int:
    """Delete the studies whose identifier, a UUIDv7, is smaller than `before`; return how many."""
    return (await connection.execute(delete(STUDY).where(STUDY.c.study_id < before))).rowcount
