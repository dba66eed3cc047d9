"""One item's failure is its own: the others go through, and what is no item's doing is blamed on none."""

import httpx
import pytest
from sqlalchemy import select

from tests.conftest import RunningService, StartService
from tests.integration.common.test_outbox import counts, post_notes, wait_until_settled
from tests.toy_service import NOTE


async def post(service: RunningService, *texts: str) -> httpx.Response:
    return await service.client.post("/toy/v1/notes:batch", json={"notes": [{"text": text} for text in texts]})


async def stored(service: RunningService) -> set[str]:
    async with service.database.reading() as connection:
        return set(await connection.scalars(select(NOTE.c.text)))


@pytest.mark.parametrize(
    ("bad", "kind"), [("a bug", "ZeroDivisionError"), ("nul \x00", "CharacterNotInRepertoireError")]
)
@pytest.mark.parametrize("places", [(0,), (499,), (3, 250), tuple(range(100, 130))])
async def test_the_others_go_through_and_the_one_says_what_was_raised(
    toy: StartService, bad: str, kind: str, places: tuple[int, ...]
) -> None:
    async with toy() as service:
        good = {index: f"note {index}" for index in range(500) if index not in places}

        response = await post(service, *(good.get(index, bad) for index in range(500)))

        answers = response.json()["data"]
        assert [answer["index"] for answer in answers] == list(range(500))
        assert {answer["index"] for answer in answers if answer["status"] == "rejected"} == set(places)
        error = answers[places[0]]["error"]
        assert (error["code"], error["exception"]) == ("internal_error", kind)
        assert error["request_id"] == response.headers["X-Request-ID"]
        assert "hunter2" not in response.text
        assert await stored(service) == set(good.values())
        handed = await service.neighbour.wait_for_items(len(good))
        assert sorted(item["text"] for item in handed) == sorted(good.values())


async def test_a_single_item_is_refused_as_well(toy: StartService) -> None:
    async with toy() as service:
        response = await post(service, "a bug")

        assert (response.status_code, response.json()["data"][0]["status"]) == (200, "rejected")
        metrics = (await service.client.get("/metrics")).text
        assert 'items_failed_total{exception="ZeroDivisionError"} 1.0' in metrics


@pytest.mark.parametrize("text", ["break the connection", "it rains"])
async def test_what_is_no_items_doing_fails_the_request_and_is_tried_again(toy: StartService, text: str) -> None:
    async with toy() as service:
        response = await post(service, "good", text)

        assert response.status_code == 503
        assert await stored(service) == set()


async def test_a_refused_item_is_a_dead_letter_with_the_exception_and_the_request(toy: StartService) -> None:
    async with toy() as receiver, toy() as sender:

        def pass_on(request: httpx.Request) -> httpx.Response:
            texts = [item["text"] for item in httpx.Response(200, content=request.content).json()["notes"]]
            return httpx.Response(200, json=answers.json()) if "a bug" in texts else httpx.Response(503)

        answers = await post(receiver, "fine", "a bug")
        sender.neighbour.answer = pass_on
        await post_notes(sender, "fine")
        async with sender.database.transaction() as connection:
            await sender.runtime.handover().put(connection, ['{"text": "a bug"}'])
        await wait_until_settled(sender)

        assert await counts(sender) == {"pending": 0, "dead": 1}
        (letter,) = (await sender.client.get("/toy/v1/dead-letters")).json()["data"]
        assert letter["problem"]["exception"] == "ZeroDivisionError"
        assert letter["problem"]["request_id"] == answers.headers["X-Request-ID"]
