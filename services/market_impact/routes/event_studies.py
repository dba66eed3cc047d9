"""Event studies over REST."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Response

from common.api.answer_headers import content_security_policy
from common.api.dependencies import ReadConnectionDep, TransactionDep
from common.api.etags import ConditionalDep, etag_of
from common.api.routing import service_router
from common.errors import problems
from common.gateway import MARKET_IMPACT
from market_impact.dependencies import EngineDep
from market_impact.event_studies import chart_data
from market_impact.event_studies.answer import StudyRead
from market_impact.event_studies.answering import answer_study
from market_impact.event_studies.request import StudyRequest

StudyID = Annotated[UUID, Path(description="Identifier of the event study.")]
router = service_router(
    MARKET_IMPACT, "event studies", "Abnormal returns around your own events, with the tests of their significance."
)
SVG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}, "description": "The picture."}
}


# What it draws with is in it. Opened on its own a picture is a page: of an origin of its own, without scripts.
_POLICY = content_security_policy(style_src="'unsafe-inline'", img_src="data:", sandbox="")


class SVGResponse(Response):
    """A picture."""

    media_type = "image/svg+xml"

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """Set the headers, and the policy with them."""
        super().init_headers({**(headers or {}), "Content-Security-Policy": _POLICY})


def _json(document: str, status_code: int, head: Response) -> Response:
    """Return JSON text as it is, with the headers that were set: neither read nor written again."""
    return Response(document, status_code, head.headers, media_type="application/json")


@router.post("/event-studies", status_code=201, response_model=StudyRead, responses=problems(404, 409))
async def create_event_study(
    study: StudyRequest, transaction: TransactionDep, engine: EngineDep, response: Response
) -> Response:
    """Run an event study: abnormal returns of each event, averages, a battery of tests, and warnings about them.

    The returns come from this service's bars, or from `panel`. The estimation window of `length` days ends `gap` days
    before the first day of the event window. An event on a day without trading moves to the next trading day, within
    five days. An event without enough returns stays in `events` with `usable` false and is left out of the averages. A
    ticker without returns is a 404; a panel whose series do not fit its dates, or that lacks what the model needs, is
    a 409. Events times days of the event window are limited by `STUDY_MAX_EVENT_DAYS` (50,000 by default): more are a
    422 `study_too_large`. A study can be read again for `STUDY_RETENTION_DAYS` (30 by default).
    """
    answer = await answer_study(engine, transaction, study)
    response.headers["Location"] = str(router.url_path_for("read_event_study", study_id=str(answer.study_id)))
    return _json(answer.document, 201, response)


@router.get("/event-studies/{study_id}", response_model=StudyRead, responses=problems(404))
async def read_event_study(
    study_id: StudyID, connection: ReadConnectionDep, conditional: ConditionalDep, response: Response
) -> Response:
    """Read an event study that was run before."""
    document = await chart_data.read_study(connection, study_id)
    conditional.answer(etag_of(study_id))
    return _json(document, 200, response)


@router.get("/event-studies/{study_id}/chart.svg", response_class=SVGResponse, responses={**problems(404), **SVG})
async def draw_event_study(study_id: StudyID, engine: EngineDep) -> SVGResponse:
    """Draw the cumulative average abnormal return with its 95 % band, and the daily averages."""
    return SVGResponse(await chart_data.study_chart(engine, study_id))
