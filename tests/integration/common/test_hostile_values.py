"""Whatever stands in one place of a body: it is taken or refused there, and never a fault of the service."""

import pytest

from tests.integration.common.hostile_bodies import BODIES, ITEMS, poisoned

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("name", list(BODIES))
async def test_no_value_in_any_place_of_a_body_is_a_fault_of_the_service(start_service, name):
    faults = []
    async with start_service(name) as service:
        for path, body in BODIES[name]:
            method = "PUT" if path.endswith("/bars") else "POST"
            for place, content in poisoned(body):
                answer = await service.client.request(method, path, content=content, headers=JSON)
                # One item of a batch is refused alone: the others of the same request would be taken.
                fails_all = path in ITEMS and len(place) > 1 and answer.status_code != 200
                if answer.status_code >= 500 or fails_all:
                    faults.append((path, place, content[:60], answer.status_code))

    assert faults == []


async def test_a_coded_body_is_refused_as_such(start_service):
    async with start_service("news_ingestion") as service:
        headers = {**JSON, "Content-Encoding": "gzip"}
        answer = await service.client.post("/news/v1/articles", content=b"\x1f\x8b\x08", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
