"""Routes that every service has: its stream of events, its dead letters, and its counts."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field, StringConstraints

from common.api.dependencies import ConnectionDep, ReadConnectionDep, RuntimeDep
from common.api.pagination import PageDep
from common.api.routing import ServiceRouter, require_admin, service_router
from common.errors import NotFound, problems
from common.gateway import Service
from common.handover import dead_letters
from common.handover.dead_letters import DeadLetterRow
from common.handover.event_log import POSITION
from common.handover.neighbour import Handover
from common.handover.outbox import count_pending
from common.postgres.database import Connection, after_commit
from common.postgres.paging import Page
from common.runtime import Runtime

_DeadLetterID = Annotated[UUID, Path(description="Identifier of the dead letter.")]


class DeadLetter(BaseModel):
    """A hand-over that the next service refused permanently, kept until someone resends or deletes it."""

    dead_letter_id: UUID = Field(description="Identifier of the dead letter.")
    payload: str = Field(description="The item as it was handed over, as JSON text.")
    problem: dict[str, Any] = Field(description="Response of the next service.")
    attempts: int = Field(description="Number of attempts.")
    created_at: datetime = Field(description="When the hand-over was first due (RFC 3339).")
    failed_at: datetime = Field(description="When it was given up (RFC 3339).")
    request_id: str = Field(description="Identifier of the request that the item came from, as in the logs.")

    @classmethod
    def from_row(cls, row: DeadLetterRow) -> "DeadLetter":
        """Return the wire form of a stored dead letter."""
        return cls(**row._asdict())


class Counts(BaseModel):
    """How many items have gone through this service since its database was created; every figure counts items."""

    counts: dict[str, int] = Field(description="Number of items by outcome.")
    outbox_pending: int = Field(description="Results not yet handed over.")
    dead_letters: int = Field(description="Results that the next service refused.")


CountsFunction = Callable[[Connection], Awaitable[Mapping[str, int]]]


def common_router(
    service: Service, events: tuple[str, ...], counts: CountsFunction, handover: Handover | None
) -> ServiceRouter:
    """Return the common routes of `service`."""
    router = service_router(service, "operations", "Counts of items, dead letters, and the live stream of events.")
    _add_counts(router, counts)
    if events:
        _add_stream(router, events)
    if handover is not None:
        _add_dead_letters(router)
    return router


def _add_counts(router: APIRouter, counts: CountsFunction) -> None:
    @router.get("/counts")
    async def read_counts(connection: ReadConnectionDep, runtime: RuntimeDep) -> Counts:
        """Count the items that went through this service; the counts of all services add up along the pipeline."""
        found = await counts(connection)
        pending = await count_pending(connection, runtime.tables.outbox)
        dead = await dead_letters.count_dead_letters(connection, runtime.tables.dead_letter)
        return Counts(counts=dict(found), outbox_pending=pending, dead_letters=dead)


def _add_stream(router: APIRouter, events: tuple[str, ...]) -> None:
    description = f"Only these events; all when absent. Event names: {', '.join(events)}."
    known = StringConstraints(pattern=f"^({'|'.join(map(re.escape, events))})$")

    @router.get("/stream", response_class=EventSourceResponse)
    async def stream_events(
        runtime: RuntimeDep,
        last_event_id: Annotated[str, Header(pattern=POSITION, description="Resume after this event.")] = "",
        event: Annotated[list[Annotated[str, known]] | None, Query(max_length=20, description=description)] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """Stream events as they happen (server-sent events); with `Last-Event-ID`, resume after that event.

        The first event is `gap` when the log no longer reaches back that far. A comment every 15 seconds keeps
        the connection open.
        """
        async for item in runtime.events.stream(last_event_id or None, frozenset(event) if event else None):
            yield item


def _add_dead_letters(router: APIRouter) -> None:
    @router.get("/dead-letters", responses=problems(404))
    async def list_dead_letters(connection: ReadConnectionDep, runtime: RuntimeDep, page: PageDep) -> Page[DeadLetter]:
        """List hand-overs that the next service refused, the newest first, each with its response."""
        rows = await dead_letters.list_dead_letters(connection, page, runtime.tables.dead_letter)
        return page.answer(rows, key=lambda row: (row.dead_letter_id,), read=DeadLetter.from_row)

    @router.post(
        "/dead-letters/{dead_letter_id}:resend",
        status_code=202,
        responses=problems(404),
        dependencies=[Depends(require_admin)],
    )
    async def resend_dead_letter(
        dead_letter_id: _DeadLetterID, connection: ConnectionDep, runtime: RuntimeDep
    ) -> DeadLetter:
        """Put a refused hand-over back into the outbox, once the next service has been fixed."""
        letter = await _delete_dead_letter(connection, runtime, dead_letter_id)
        await dead_letters.insert_into_outbox(connection, runtime.tables, letter, runtime.clock.now())
        after_commit(connection, runtime.handover().wake)
        return DeadLetter.from_row(letter)

    @router.delete(
        "/dead-letters/{dead_letter_id}",
        status_code=204,
        responses=problems(404),
        dependencies=[Depends(require_admin)],
    )
    async def delete_dead_letter(dead_letter_id: _DeadLetterID, connection: ConnectionDep, runtime: RuntimeDep) -> None:
        """Discard a refused hand-over."""
        await _delete_dead_letter(connection, runtime, dead_letter_id)


async def _delete_dead_letter(connection: Connection, runtime: Runtime, dead_letter_id: UUID) -> DeadLetterRow:
    letter = await dead_letters.delete_dead_letter(connection, runtime.tables.dead_letter, dead_letter_id)
    return NotFound.unless(letter, "dead letter", dead_letter_id)
