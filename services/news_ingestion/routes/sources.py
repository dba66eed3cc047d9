"""Sources: where articles are fetched from, when, and how it went."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from common.api.dependencies import ConnectionDep, ReadConnectionDep, TransactionDep
from common.api.etags import ConditionalDep
from common.api.pagination import PageDep
from common.api.routing import service_router
from common.errors import problems
from common.gateway import NEWS_INGESTION
from common.postgres.paging import Page
from news_ingestion.dependencies import EngineDep
from news_ingestion.repository import sources
from news_ingestion.schemas.sources import (
    CoverageRead,
    FetchRead,
    FetchStatus,
    PlanRead,
    SourceCreate,
    SourceRead,
    SourceUpdate,
)
from news_ingestion.sources import management
from news_ingestion.sources.coverage import coverage_page
from news_ingestion.sources.fetching import fetch_now

SourceID = Annotated[UUID, Path(description="Identifier of the source.")]
router = service_router(NEWS_INGESTION, "sources", "Where articles are fetched from, when, and with what success.")


@router.post("/sources", status_code=201, summary="Create a source", responses=problems(409))
async def create_source(
    source: SourceCreate, transaction: TransactionDep, engine: EngineDep, conditional: ConditionalDep
) -> SourceRead:
    """Create a source; it is fetched for the first time within seconds, and then on its schedule.

    An address that leads to a private, loopback or link-local network is refused.
    """
    created = await management.create(engine, transaction, source)
    conditional.tag(management.tag_of(created))
    return management.read(engine, created)


@router.get("/sources", summary="List sources", responses=problems(404))
async def list_sources(connection: ReadConnectionDep, engine: EngineDep, page: PageDep) -> Page[SourceRead]:
    """Return sources, the newest first."""
    rows = await sources.list_sources(connection, page)
    return page.answer(
        rows, key=lambda row: (row.created_at, row.source_id), read=lambda row: management.read(engine, row)
    )


@router.get("/sources/{source_id}", summary="Read a source", responses=problems(404))
async def read_source(
    source_id: SourceID, connection: ReadConnectionDep, engine: EngineDep, conditional: ConditionalDep
) -> SourceRead:
    """Return a source, its schedule and how its last fetches went."""
    found = await management.required_source(connection, source_id)
    # Never a 304: fetches change what is shown, and only people change the tag.
    conditional.tag(management.tag_of(found))
    return management.read(engine, found)


@router.patch("/sources/{source_id}", summary="Change a source", responses=problems(404, 409, 412))
async def change_source(
    source_id: SourceID,
    source: SourceUpdate,
    transaction: TransactionDep,
    engine: EngineDep,
    conditional: ConditionalDep,
) -> SourceRead:
    """Change the given fields and leave the rest; the source is then due at once and its errors are cleared."""
    changed = await management.change(engine, transaction, source_id, source, conditional)
    conditional.tag(management.tag_of(changed))
    return management.read(engine, changed)


@router.delete("/sources/{source_id}", status_code=204, summary="Delete a source", responses=problems(404, 412))
async def delete_source(source_id: SourceID, connection: ConnectionDep, conditional: ConditionalDep) -> None:
    """Delete a source; its articles stay."""
    await management.delete(connection, source_id, conditional)


@router.post("/sources/{source_id}:fetch", summary="Fetch a source now", responses=problems(404, 409))
async def fetch_source(source_id: SourceID, engine: EngineDep) -> FetchRead:
    """Fetch a source at once, regardless of its schedule, and return the result.

    A source that was disabled because of its key or its query is enabled again when this succeeds. While
    another fetch of it is running, the answer is 409. A fetch that its caller gives up stands among the fetches with
    the error `abandoned`.
    """
    return FetchRead.from_row(await fetch_now(engine, source_id))


@router.get("/sources/{source_id}/plan", summary="Read a source's plan", responses=problems(404))
async def read_plan(source_id: SourceID, connection: ReadConnectionDep, engine: EngineDep) -> PlanRead:
    """Return when and how often a source will be fetched, within its provider's quota, delay and window."""
    found = await management.required_source(connection, source_id)
    return await management.plan(engine, connection, found)


@router.get("/fetches", summary="List fetches", responses=problems(404))
async def list_fetches(
    connection: ReadConnectionDep,
    page: PageDep,
    source_id: Annotated[UUID | None, Query(description="Only fetches of this source.")] = None,
    status: Annotated[FetchStatus | None, Query(description="Only fetches with this status.")] = None,
) -> Page[FetchRead]:
    """Return the ledger of fetches, newest first: requests, their statuses, and what became of the articles."""
    rows = await sources.list_fetches(connection, page, source_id, status)
    return page.answer(rows, key=lambda row: (row.started_at, row.fetch_id), read=FetchRead.from_row)


@router.get("/coverage", summary="List what could not be fetched", responses=problems(404))
async def list_coverage(connection: ReadConnectionDep, engine: EngineDep, page: PageDep) -> Page[CoverageRead]:
    """Return for each source the periods that were not fetched in full, and why.

    `delay`: the plan does not show the articles yet; `cap`: one query had more results than the plan shows;
    `quota`: the day's requests were used up; `error`: the source failed; `disabled`: it was disabled.
    """
    return await coverage_page(engine, connection, page)
