"""An analysis that cannot be scored or stored costs no other analysis anything."""

from datetime import date
from json import dumps
from typing import Any

import pytest

from tests.builders.market import analysis_body
from tests.conftest import StartService
from tests.integration.market_impact.conftest import at

_NEWS_AT = at(date(2025, 6, 3))


def _of_no_zone(body: dict[str, Any]) -> None:
    body["lineage"]["published_at"] = "2025-06-03T15:00:00"


def _at_the_end_of_time(body: dict[str, Any]) -> None:
    body["lineage"]["published_at"] = "9999-12-31T23:59:59-14:00"


def _of_endless_relevance(body: dict[str, Any]) -> None:
    body["entities"][0]["relevance"] = float("nan")


@pytest.mark.parametrize("spoil", [_of_no_zone, _at_the_end_of_time, _of_endless_relevance])
async def test_one_analysis_is_rejected_and_the_others_are_stored(start_service: StartService, spoil: Any) -> None:
    bodies = [analysis_body(f"news {number}", _NEWS_AT) for number in range(40)]
    spoil(bodies[11])
    async with start_service("market_impact") as service:
        response = await service.client.post(
            "/impact/v1/impacts", content=dumps({"analyses": bodies}), headers={"Content-Type": "application/json"}
        )

        answers = response.json()["data"]
        assert [answer["index"] for answer in answers if answer["status"] != "stored"] == [11]
        assert answers[11]["status"] == "rejected"
        assert {item["article_id"] for item in await service.neighbour.wait_for_items(39)} == {
            body["article_id"] for body in bodies
        } - {bodies[11]["article_id"]}
