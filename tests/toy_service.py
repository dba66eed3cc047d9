"""A service of one table, on which the common package is tried without any real service."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Column, DateTime, Text, Uuid, func, select
from sqlmodel import Field as ColumnField

from common.api.dependencies import ConnectionDep, ReadConnectionDep, RuntimeDep
from common.api.etags import ConditionalDep, etag_of
from common.api.pagination import PageDep
from common.api.routing import service_router
from common.application import ServiceDefinition
from common.batches.item_isolation import answer_handover, shared_by_items
from common.clock import uuid7
from common.contracts import BatchResult, InvalidItem, ItemError, ItemResult, Tolerant
from common.errors import NotFound, problems
from common.gateway import Service
from common.handover.neighbour import Handover
from common.postgres.bulk import insert_rows
from common.postgres.database import Connection
from common.postgres.paging import Page, keyset
from common.postgres.tables import declare_base, declare_tables
from common.runtime import Runtime
from common.settings import ServiceSettings

TOY = Service("toy", "/toy", 8099, "toy", "toy", "TOY_DB", "Toy")


class Settings(ServiceSettings):
    service = TOY


Base = declare_base()


class Note(Base, table=True):
    __tablename__ = "note"

    note_id: UUID = ColumnField(sa_column=Column(Uuid, primary_key=True))
    text: str = ColumnField(sa_column=Column(Text, nullable=False, unique=True))
    created_at: datetime = ColumnField(sa_column=Column(DateTime(timezone=True), nullable=False))


NOTE = Note.__table__
TABLES = declare_tables(Base.metadata)
router = service_router(TOY, "notes", "Short texts, handed on to a neighbour.")


class NoteCreate(BaseModel):
    text: str = Field(min_length=1, max_length=100)


class NoteRead(BaseModel):
    note_id: UUID
    text: str

    @classmethod
    def from_row(cls, row: Any) -> "NoteRead":
        return cls(note_id=row.note_id, text=row.text)


class NoteBatch(BaseModel):
    notes: list[Tolerant[NoteCreate]] = Field(min_length=1, max_length=500)


async def _store(connection: Connection, runtime: Runtime, texts: list[str]) -> None:
    now = runtime.clock.now()
    rows = [{"note_id": uuid7(), "text": text, "created_at": now} for text in texts]
    await insert_rows(connection, NOTE, rows, on_conflict=("text",))
    await runtime.handover().put(connection, [NoteCreate(text=text).model_dump_json() for text in texts])
    await runtime.events.publish(
        connection, [("note.created", NoteCreate(text=text).model_dump_json()) for text in texts]
    )


@router.post("/notes:batch")
async def store_notes(batch: NoteBatch, runtime: RuntimeDep) -> BatchResult:
    async def work(connection: Connection, notes: Sequence[NoteCreate | InvalidItem]) -> BatchResult:
        texts = [note.text for note in notes if not isinstance(note, InvalidItem)]
        await _store(connection, runtime, texts)
        with shared_by_items("The weather"):
            if "it rains" in texts:
                raise LookupError("no item is to blame for the rain")
        if "a bug" in texts:
            raise ZeroDivisionError("the password is hunter2")
        if "break the connection" in texts:
            await connection.execute(select(func.pg_terminate_backend(func.pg_backend_pid())))
        return BatchResult(
            data=[
                ItemResult(index=index, status="rejected", error=ItemError.of(note))
                if isinstance(note, InvalidItem)
                else ItemResult(index=index, status="stored")
                for index, note in enumerate(notes)
            ]
        )

    return await answer_handover(runtime, batch.notes, work)


@router.post("/notes", status_code=201, responses=problems(409))
async def create_note(note: NoteCreate, connection: ConnectionDep, runtime: RuntimeDep) -> NoteRead:
    row = {"note_id": uuid7(), "text": note.text, "created_at": runtime.clock.now()}
    await insert_rows(connection, NOTE, [row])
    if note.text == "break the commit":
        await connection.execute(select(func.pg_terminate_backend(func.pg_backend_pid())))
    return NoteRead(note_id=row["note_id"], text=note.text)


@router.get("/notes", responses=problems(404))
async def list_notes(
    connection: ReadConnectionDep,
    page: PageDep,
    q: Annotated[str | None, Query(max_length=50, pattern=r"^[^\x00]*$")] = None,
) -> Page[NoteRead]:
    statement = select(NOTE) if q is None else select(NOTE).where(NOTE.c.text == q)
    rows = (await connection.execute(keyset(statement, page, (NOTE.c.created_at, NOTE.c.note_id)))).all()
    return page.answer(rows, key=lambda row: (row.created_at, row.note_id), read=NoteRead.from_row)


async def _note(connection: Connection, note_id: UUID) -> Any:
    row = (await connection.execute(select(NOTE).where(NOTE.c.note_id == note_id))).first()
    if row is None:
        raise NotFound(f"No note {note_id}.")
    return row


@router.get("/notes/{note_id}", responses=problems(404))
async def read_note(note_id: UUID, connection: ReadConnectionDep, conditional: ConditionalDep) -> NoteRead:
    row = await _note(connection, note_id)
    conditional.answer(etag_of(row.note_id, row.text))
    return NoteRead.from_row(row)


@router.put("/notes/{note_id}", responses=problems(404, 409, 412))
async def change_note(
    note_id: UUID, note: NoteCreate, connection: ConnectionDep, conditional: ConditionalDep
) -> NoteRead:
    row = await _note(connection, note_id)
    conditional.require(etag_of(row.note_id, row.text))
    await connection.execute(NOTE.update().where(NOTE.c.note_id == note_id).values(text=note.text))
    conditional.tag(etag_of(row.note_id, note.text))
    return NoteRead(note_id=note_id, text=note.text)


@router.get("/broken")
async def fail(request: Request) -> None:
    raise RuntimeError(f"a bug at {request.url.path} with the password hunter2")


async def counts(connection: Connection) -> Mapping[str, int]:
    return {"notes": await connection.scalar(select(func.count()).select_from(NOTE)) or 0}


@asynccontextmanager
async def lifespan(runtime: Runtime) -> AsyncIterator[None]:
    async with runtime.database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


create_app = ServiceDefinition(
    service=TOY,
    settings=Settings,
    tables=TABLES,
    routers=(router,),
    description="A toy.",
    counts=counts,
    handover=Handover("/next/v1/notes", items="notes"),
    events=("note.created", "note.deleted"),
    lifespan=lifespan,
).create_app
