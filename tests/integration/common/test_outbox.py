"""The hand-over: nothing is lost, nothing is dropped, and one bad row stops no other."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import func, select

from tests.conftest import RunningService, StartService


async def post_notes(service: RunningService, *texts: str) -> None:
    response = await service.client.post("/toy/v1/notes:batch", json={"notes": [{"text": text} for text in texts]})
    assert response.status_code == 200


async def counts(service: RunningService) -> dict[str, int]:
    body = (await service.client.get("/toy/v1/counts")).json()
    return {"pending": body["outbox_pending"], "dead": body["dead_letters"]}


async def wait_until_settled(service: RunningService) -> None:
    async with service.database.reading() as connection:
        for _ in range(500):
            if not await connection.scalar(select(func.count()).select_from(service.runtime.tables.outbox)):
                return
            await connection.execute(select(func.pg_sleep(0.02)))
    pytest.fail("the outbox did not empty within 10 seconds")


def refuse_bad_notes(request: httpx.Request) -> httpx.Response:
    """Behaves like a strict neighbour: a batch with the text `bad` is a 422 as a whole."""
    items = json.loads(request.content)["notes"]
    if any(item["text"] == "bad" for item in items):
        return httpx.Response(422, json={"code": "invalid_request", "detail": "bad"})
    return httpx.Response(200, json={"data": [{"index": index, "status": "stored"} for index in range(len(items))]})


async def test_results_are_handed_over_in_one_batch(toy: StartService) -> None:
    async with toy() as service:
        await post_notes(service, "a", "b", "c")

        items = await service.neighbour.wait_for_items(3)

        assert [item["text"] for item in items] == ["a", "b", "c"]
        assert len(service.neighbour.requests) == 1


class Drip(httpx.AsyncByteStream):
    """A body of which a byte comes now and then, and never the last."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.02)
            yield b" "


async def test_a_neighbour_that_answers_a_byte_now_and_then_holds_nothing_up(toy: StartService) -> None:
    async with toy(http_timeout_seconds=0.2, outbox_backoff_max_seconds=0.05) as service:
        service.neighbour.answer = lambda _request: httpx.Response(200, stream=Drip())
        await post_notes(service, "a")
        async with asyncio.timeout(10):
            while len(service.neighbour.requests) < 2:
                await asyncio.sleep(0.01)

        service.neighbour.answer = None
        await wait_until_settled(service)

        assert await counts(service) == {"pending": 0, "dead": 0}


async def test_an_unreachable_neighbour_fails_no_caller_and_loses_nothing(toy: StartService) -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there", request=request)

    async with toy(outbox_backoff_max_seconds=0.05) as service:
        service.neighbour.answer = unreachable
        await post_notes(service, "a", "b")
        while len(service.neighbour.requests) < 3:
            await asyncio.sleep(0.01)
        assert await counts(service) == {"pending": 2, "dead": 0}

        service.neighbour.answer = None
        await wait_until_settled(service)

        assert await counts(service) == {"pending": 0, "dead": 0}


async def test_a_refused_batch_is_halved_until_the_bad_row_stands_alone(toy: StartService) -> None:
    async with toy() as service:
        service.neighbour.answer = refuse_bad_notes
        await post_notes(service, "a", "b", "bad", "c", "d")

        await wait_until_settled(service)

        letters = (await service.client.get("/toy/v1/dead-letters")).json()["data"]
        assert [json.loads(letter["payload"])["text"] for letter in letters] == ["bad"]
        assert letters[0]["problem"]["code"] == "invalid_request"


async def test_a_rejected_item_becomes_a_dead_letter_and_can_be_sent_again(toy: StartService) -> None:
    def reject_second(request: httpx.Request) -> httpx.Response:
        answers = [
            {"index": 0, "status": "stored"},
            {"index": 1, "status": "rejected", "error": {"code": "invalid_item"}},
        ]
        return httpx.Response(200, json={"data": answers})

    async with toy() as service:
        service.neighbour.answer = reject_second
        await post_notes(service, "good", "odd")
        await wait_until_settled(service)
        (letter,) = (await service.client.get("/toy/v1/dead-letters")).json()["data"]

        service.neighbour.answer = None
        resent = await service.client.post(f"/toy/v1/dead-letters/{letter['dead_letter_id']}:resend")
        await wait_until_settled(service)

        assert resent.status_code == 202
        assert json.loads(service.neighbour.requests[-1].content)["notes"] == [{"text": "odd"}]
        assert await counts(service) == {"pending": 0, "dead": 0}


async def test_a_row_that_keeps_breaking_the_neighbour_ends_as_a_dead_letter(toy: StartService) -> None:
    def break_on_bad(request: httpx.Request) -> httpx.Response:
        answer = refuse_bad_notes(request)
        return answer if answer.is_success else httpx.Response(500, text="boom")

    async with toy(outbox_max_attempts=2, outbox_backoff_max_seconds=0.05) as service:
        service.neighbour.answer = break_on_bad
        await post_notes(service, "a", "bad", "b")

        await wait_until_settled(service)

        (letter,) = (await service.client.get("/toy/v1/dead-letters")).json()["data"]
        assert letter["problem"]["code"] == "attempts_exhausted"
        assert letter["attempts"] == 2


async def test_what_waits_is_shown_to_prometheus(toy: StartService) -> None:
    def unavailable(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(503)

    async with toy() as service:
        service.neighbour.answer = unavailable
        await post_notes(service, "a", "b")
        assert service.runtime.outbox is not None
        await service.runtime.outbox.measure()

        metrics = (await service.client.get("/metrics")).text

        assert "outbox_pending 2.0" in metrics
        assert "outbox_oldest_seconds" in metrics
