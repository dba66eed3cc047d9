"""Charts of single securities."""

from typing import Annotated

from fastapi import Path, Query

from common.api.routing import service_router
from common.contracts import Basis
from common.contracts.text import Ticker
from common.errors import problems
from common.gateway import MARKET_IMPACT
from market_impact.dates import Day
from market_impact.dependencies import EngineDep
from market_impact.event_studies.chart_data import Timeline, ticker_timeline
from market_impact.routes.event_studies import SVG, SVGResponse

router = service_router(MARKET_IMPACT, "tickers", "What is known of one security, as charts.")


@router.get("/tickers/{ticker}/timeline.svg", response_class=SVGResponse, responses={**problems(404), **SVG})
async def draw_timeline(
    ticker: Annotated[Ticker, Path(description="Ticker of a security that has bars.")],
    engine: EngineDep,
    basis: Annotated[Basis, Query(description="Basis of the estimates to mark.")] = "reaction",
    horizon_days: Annotated[
        int | None,
        Query(
            ge=1,
            le=250,
            description="Horizon of the estimates to mark, in trading sessions; the shortest configured one when "
            "absent.",
        ),
    ] = None,
    date_from: Annotated[Day | None, Query(description="First day.")] = None,
    date_to: Annotated[Day | None, Query(description="Last day; that of the latest bar when absent.")] = None,
    sessions: Annotated[
        int, Query(ge=2, le=2_600, description="Maximum sessions shown, counted back from the last.")
    ] = 250,
) -> SVGResponse:
    """Draw a security's price with the news about it: the expected direction and the strength of each item."""
    wanted = Timeline(
        ticker=ticker,
        basis=basis,
        horizon_days=horizon_days,
        date_from=date_from,
        date_to=date_to,
        max_sessions=sessions,
    )
    return SVGResponse(await ticker_timeline(engine, wanted))
