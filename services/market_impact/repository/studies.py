"""Event studies as they were answered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select

from common.postgres.database import Connection
from market_impact.models import STUDY


async def insert_study(connection: Connection, study_id: UUID, created_at: datetime, answer: str) -> None:
    """Keep an answer."""
    await connection.execute(insert(STUDY).values(study_id=study_id, created_at=created_at, answer=answer))


async def read_study(connection: Connection, study_id: UUID) -> Row[Any] | None:
    """Return the study, or None."""
    return (await connection.execute(select(STUDY).where(STUDY.c.study_id == study_id))).first()


async def delete_studies(connection: Connection, before: UUID) -> int:
    """Delete the studies whose identifier, a UUIDv7, is smaller than `before`; return how many."""
    return (await connection.execute(delete(STUDY).where(STUDY.c.study_id < before))).rowcount
