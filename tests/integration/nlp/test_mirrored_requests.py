"""A request and its copy at the same time, as a gateway that mirrors sends them: what is done once, and what twice."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text

from tests.conftest import RunningService

_APPLE = "/nlp/v1/entities/company-320193"


async def mirrored(nlp: RunningService, method: str, path: str, **request: Any) -> list[httpx.Response]:
    """Return both answers, the smaller status first."""
    answers = await asyncio.gather(*(nlp.client.request(method, path, **request) for _ in range(2)))
    return sorted(answers, key=lambda answer: answer.status_code)


async def test_articles_are_stored_and_handed_on_once(nlp: RunningService) -> None:
    articles = [
        {
            "article_id": str(uuid4()),
            "revision": 1,
            "story_id": str(uuid4()),
            "title": f"Apple raises its dividend by {number} cents",
            "url": f"https://wire.example/{number}",
            "published_at": "2026-03-02T14:30:00Z",
            "received_at": "2026-03-02T14:30:05Z",
        }
        for number in range(50)
    ]

    first, second = await mirrored(nlp, "POST", "/nlp/v1/analyses", json={"articles": articles})

    for told in zip(first.json()["data"], second.json()["data"], strict=True):
        assert {one["status"] for one in told} == {"stored", "unchanged"}
        assert len({one["id"] for one in told}) == 1
    handed = await nlp.neighbour.wait_for_items(50)
    assert sorted(one["article_id"] for one in handed) == sorted(one["article_id"] for one in articles)
    async with nlp.database.reading() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM analysis")) == 50


async def test_of_names_under_a_condition_the_later_request_finds_it_broken(nlp: RunningService) -> None:
    tag = (await nlp.client.get(_APPLE)).headers["ETag"]

    first, second = await mirrored(
        nlp, "PUT", f"{_APPLE}/aliases", json={"aliases": ["Fruit Stand"]}, headers={"If-Match": tag}
    )

    assert (first.status_code, second.status_code) == (200, 412)
    assert (await nlp.client.get(_APPLE)).json()["user_aliases"] == ["Fruit Stand"]


async def test_a_dead_letter_is_discarded_once_and_the_later_request_finds_none(nlp: RunningService) -> None:
    letter = uuid4()
    async with nlp.database.transaction() as connection:
        await connection.execute(
            text(
                "INSERT INTO dead_letter (dead_letter_id, payload, traceparent, request_id, problem, attempts, "
                "created_at, failed_at) VALUES (:letter, '{}', '', '', '{}', 1, now(), now())"
            ),
            {"letter": letter},
        )

    first, second = await mirrored(nlp, "DELETE", f"/nlp/v1/dead-letters/{letter}")

    assert (first.status_code, second.status_code) == (204, 404)
