"""Paths of services: a parameter is one segment without a colon, and Starlette's own paths stay as they are."""

import pytest
from starlette.convertors import CONVERTOR_TYPES, StringConvertor
from starlette.routing import Match

from common.api.routing import service_router
from common.gateway import ALERTS

router = service_router(ALERTS, "notes", "Short texts.")


@router.get("/notes/{note_id}/lines/{line}")
async def read_line(note_id: str, line: str) -> str:
    return note_id + line


def matches(path: str) -> bool:
    (route,) = router.routes
    match, _ = route.matches({"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []})
    return match is Match.FULL


@pytest.mark.parametrize(
    ("path", "is_matched"),
    [
        ("/alerts/v1/notes/a1/lines/2", True),
        ("/alerts/v1/notes/a1:resolve/lines/2", False),
        ("/alerts/v1/notes/a1/lines/2:resolve", False),
        ("/alerts/v1/notes/a1/b/lines/2", False),
        ("/alerts/v1/notes//lines/2", False),
    ],
)
def test_a_parameter_is_one_segment_without_a_colon(path: str, is_matched: bool) -> None:
    assert matches(path) is is_matched


def test_a_route_keeps_the_path_by_which_metrics_and_documents_name_it() -> None:
    (route,) = router.routes

    assert (route.path, route.path_format) == ("/alerts/v1/notes/{note_id}/lines/{line}",) * 2


def test_the_convertor_of_starlette_is_its_own() -> None:
    assert type(CONVERTOR_TYPES["str"]) is StringConvertor
