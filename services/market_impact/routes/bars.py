"""Upload and listing of price bars."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request

from common.api.dependencies import ConnectionDep, ReadConnectionDep
from common.api.pagination import PageDep
from common.api.routing import service_router
from common.contracts.text import Ticker
from common.errors import Malformed, problems
from common.gateway import MARKET_IMPACT
from common.postgres.paging import Page
from market_impact.bar_import import MAX_BARS, import_bars, read_bars
from market_impact.dates import Day
from market_impact.dependencies import EngineDep
from market_impact.prices.bar_parsing import ParsedBars
from market_impact.repository import bars
from market_impact.repository.bars import BarFilter
from market_impact.schemas.bars import BarRead, BarsResult, BarWrite

router = service_router(
    MARKET_IMPACT, "bars", "Daily prices and volumes, from which estimates and event studies are computed."
)

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["bars"],
                    "properties": {
                        "bars": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": MAX_BARS,
                            "description": "A row that does not fit is answered in `errors` and fails no other.",
                            "items": {"anyOf": [BarWrite.model_json_schema(), {}]},
                        }
                    },
                }
            },
            "text/csv": {
                "schema": {
                    "type": "string",
                    "pattern": r"^ticker,date,open,high,low,close,(adjusted_close|adj_close),volume\r?\n[^\r\n]+",
                    "description": "A header and at least one row; the columns may come in any order.",
                }
            },
        },
    }
}


async def read_upload(request: Request) -> ParsedBars:
    """Return the bars of the body; it is read and parsed before a connection is taken, however slowly it comes."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    decoded = None if media_type == "text/csv" else await _json(request)
    return await read_bars(await request.body(), media_type, decoded)


UploadDep = Annotated[ParsedBars, Depends(read_upload)]


@router.put("/bars", openapi_extra=_BODY, responses=problems(400, 413, 415))
async def put_bars(parsed: UploadDep, connection: ConnectionDep, engine: EngineDep) -> BarsResult:
    """Store daily bars, as JSON or CSV, up to 5 MB: a new (ticker, date) is added, a known one overwritten.

    Idempotent: the same upload again changes nothing. The bars of the benchmark come in the same way. Estimates whose
    outcome waited for these bars are completed within moments.
    """
    return await import_bars(engine, connection, parsed)


async def _json(request: Request) -> object:
    try:
        decoded: object = await request.json()
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is not JSON.", code="malformed_json") from error
    return decoded


@router.get("/bars", responses=problems(400, 404))
async def list_bars(
    connection: ReadConnectionDep,
    page: PageDep,
    ticker: Annotated[Ticker | None, Query(description="Only this ticker.")] = None,
    date_from: Annotated[Day | None, Query(description="Only sessions from this day on.")] = None,
    date_to: Annotated[Day | None, Query(description="Only sessions up to this day.")] = None,
) -> Page[BarRead]:
    """List stored bars, the latest session first."""
    rows = await bars.list_bars(connection, page, BarFilter(ticker, date_from, date_to))
    return page.answer(rows, key=lambda row: (row.session_date.isoformat(), row.ticker), read=BarRead.from_row)
