"""Estimates: made from received analyses, read with their explanation and outcome."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from common.api.dependencies import AsOf, ReadConnectionDep
from common.api.etags import ConditionalDep, etag_of
from common.api.pagination import PageDep
from common.api.routing import service_router
from common.batches.item_isolation import answer_handover
from common.contracts import Basis, BatchResult, Direction, Impact
from common.contracts.text import Ticker
from common.contracts.timestamps import Moment
from common.errors import problems
from common.gateway import MARKET_IMPACT
from common.postgres.paging import Page
from market_impact.assessment import assess
from market_impact.dependencies import EngineDep
from market_impact.impacts import reading
from market_impact.impacts.stored import readable_impact_of
from market_impact.repository.impacts import ImpactFilter, list_impacts
from market_impact.schemas.impacts import ExplanationRead, ImpactBatch, Outcome

ImpactID = Annotated[UUID, Path(description="Identifier of the impact.")]
router = service_router(
    MARKET_IMPACT, "impacts", "Estimates of abnormal returns after news, with their explanation and outcome."
)
Score = Annotated[float | None, Query(ge=0, le=100, allow_inf_nan=False, description="Minimum impact score.")]


@router.post("/impacts")
async def store_impacts(batch: ImpactBatch, engine: EngineDep) -> BatchResult:
    """Score 1 to 500 analyses and hand the estimates on.

    One estimate for each security with enough relevance, each configured horizon and both bases. Idempotent on
    (article, revision); a retracted article withdraws its estimates, a revised one replaces them.
    """
    return await answer_handover(engine.runtime, batch.analyses, partial(assess, engine))


@router.get("/impacts", responses=problems(400, 404))
async def find_impacts(
    engine: EngineDep,
    connection: ReadConnectionDep,
    page: PageDep,
    as_of: AsOf = None,
    ticker: Annotated[Ticker | None, Query(description="Only estimates for this security.")] = None,
    direction: Annotated[Direction | None, Query(description="Only estimates with this direction.")] = None,
    basis: Annotated[Basis | None, Query(description="Only estimates on this basis.")] = None,
    horizon_days: Annotated[
        int | None, Query(ge=1, le=250, description="Only estimates for this horizon, in trading sessions.")
    ] = None,
    min_impact_score: Score = None,
    article_id: Annotated[UUID | None, Query(description="Only estimates based on this article.")] = None,
    model_version: Annotated[
        str | None, Query(max_length=100, pattern=r"^[ -~]*$", description="Only estimates of this model.")
    ] = None,
    scored_from: Annotated[Moment | None, Query(description="Only estimates made at or after this time.")] = None,
    scored_to: Annotated[Moment | None, Query(description="Only estimates made at or before this time.")] = None,
) -> Page[Impact]:
    """List current estimates, the latest scored first; with `as_of` those that were current then."""
    wanted = ImpactFilter(
        as_of=as_of,
        ticker=ticker,
        direction=direction,
        basis=basis,
        horizon_days=horizon_days,
        min_impact_score=min_impact_score,
        article_id=article_id,
        model_version=model_version,
        scored_from=scored_from,
        scored_to=scored_to,
    )
    rows = await list_impacts(connection, page, wanted)
    return page.answer(
        rows,
        key=lambda row: (row.scored_at, row.impact_id),
        read=lambda row: readable_impact_of(row.impact_id, row.document, engine.metrics),
    )


@router.get("/impacts/{impact_id}", responses=problems(404))
async def read_impact(
    impact_id: ImpactID, connection: ReadConnectionDep, conditional: ConditionalDep, as_of: AsOf = None
) -> Impact:
    """Read one estimate. An earlier version keeps its id; `state` says whether it was withdrawn."""
    impact = await reading.read_impact(connection, impact_id, as_of)
    conditional.answer(etag_of(impact_id, impact.state))
    return impact


@router.get("/impacts/{impact_id}/explanation", responses=problems(404))
async def read_explanation(impact_id: ImpactID, connection: ReadConnectionDep) -> ExplanationRead:
    """Read what an estimate is made of, and the nearest past events with what happened after them."""
    return await reading.read_explanation(connection, impact_id)


@router.get("/impacts/{impact_id}/outcome", responses=problems(404))
async def read_outcome(impact_id: ImpactID, connection: ReadConnectionDep) -> Outcome:
    """Read what really happened; `status` is `pending` until the horizon has passed and its bars are available."""
    return await reading.read_outcome(connection, impact_id)
