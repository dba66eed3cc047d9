"""Rows are inserted from dictionaries and from named tuples alike."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import select

from common.clock import uuid7
from common.postgres.bulk import copy_rows, insert_returning, insert_rows
from tests.conftest import StartService
from tests.toy_service import NOTE


class NewNote(NamedTuple):
    note_id: UUID
    text: str
    created_at: datetime


class WrittenNote(NamedTuple):
    text: str


def new_notes(*texts: str) -> list[NewNote]:
    return [NewNote(uuid7(), text, datetime(2026, 1, 2, tzinfo=UTC)) for text in texts]


def dictionaries(*texts: str) -> list[dict[str, Any]]:
    return [note._asdict() for note in new_notes(*texts)]


@pytest.mark.parametrize("rows", [new_notes, dictionaries])
async def test_each_way_of_inserting_takes_named_tuples_and_dictionaries(toy: StartService, rows: Any) -> None:
    async with toy() as service, service.database.transaction() as connection:
        await copy_rows(connection, NOTE, rows("copied", "copied too"))
        await insert_rows(connection, NOTE, rows("copied", "inserted"), on_conflict=("text",))

        written: Sequence[WrittenNote] = await insert_returning(
            connection, NOTE, rows("inserted", "returned"), WrittenNote, on_conflict=("text",)
        )

        assert written == [WrittenNote("returned")]
        texts = set(await connection.scalars(select(NOTE.c.text)))
        assert texts == {"copied", "copied too", "inserted", "returned"}
        assert await insert_returning(connection, NOTE, rows(), WrittenNote) == []
