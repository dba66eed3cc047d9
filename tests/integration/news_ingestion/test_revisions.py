"""Corrections, retractions and failing articles at the same moment: the versions follow each other, each told once."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from news_ingestion.articles.draft import Item, clean_item
from news_ingestion.ingestion import take_in
from news_ingestion.repository.candidates import list_candidates
from tests.conftest import RunningService, StartService

_PUBLISHED = "2026-03-02T14:30:00Z"


def body(url: str, title: str) -> dict[str, Any]:
    return {"title": title, "url": url, "published_at": _PUBLISHED}


async def post(service: RunningService, *articles: dict[str, Any]) -> list[dict[str, Any]]:
    response = await service.client.post("/news/v1/articles", json={"articles": list(articles)})
    assert response.status_code == 200, response.text
    answers: list[dict[str, Any]] = response.json()["data"]
    return answers


async def test_corrections_and_retractions_at_once_are_told_once_each_and_in_order(start_service: StartService) -> None:
    url = "https://wire.example/a"
    async with start_service("news_ingestion", fetch_enabled=False) as service:
        (first,) = await post(service, body(url, "Acme raises its outlook"))
        path = f"/news/v1/articles/{first['article_id']}"
        corrections = [post(service, body(url, f"Acme cuts its outlook by {cents} cents")) for cents in range(20)]

        async def retract() -> int:
            return (await service.client.delete(path)).status_code

        (*_, statuses) = await asyncio.gather(*corrections, asyncio.gather(*(retract() for _ in range(5))))

        assert set(statuses) <= {204, 404}
        n_versions = 1 + 20 + statuses.count(204)
        told = await service.neighbour.wait_for_items(n_versions)
        assert sorted(item["revision"] for item in told) == list(range(1, n_versions + 1))
        async with service.database.reading() as connection:
            rows = (
                await connection.execute(
                    text("SELECT revision, state, recorded_at, superseded_at FROM article ORDER BY revision")
                )
            ).all()
        assert [row.superseded_at is None for row in rows] == [False] * (n_versions - 1) + [True]
        assert all(before.superseded_at <= after.recorded_at for before, after in pairwise(rows))
        states = {item["revision"]: item["state"] for item in told}
        assert [row.state for row in rows] == [states[row.revision] for row in rows]


async def test_an_article_at_the_end_of_time_is_rejected_and_the_others_are_taken_in(
    start_service: StartService,
) -> None:
    articles = [body(f"https://wire.example/{number}", f"Acme opens plant number {number}") for number in range(20)]
    articles[9]["published_at"] = "9999-12-31T23:59:59-14:00"
    async with start_service("news_ingestion", fetch_enabled=False) as service:
        answers = await post(service, *articles)

    rejected = [answer for answer in answers if answer["status"] == "rejected"]
    assert [(answer["index"], answer["error"]["code"]) for answer in rejected] == [(9, "invalid_item")]


@pytest.mark.parametrize("place", [0, 7, 19])
async def test_what_nobody_foresaw_in_one_article_costs_no_other_and_is_counted(
    start_service: StartService, place: int
) -> None:
    items = [
        Item(f"Acme opens plant number {number}", f"https://wire.example/{number}", datetime(2026, 3, 2, tzinfo=UTC))
        for number in range(20)
    ]
    items[place] = Item(5, "https://wire.example/five", None)  # type: ignore[arg-type]  # no title ever was a number
    async with start_service("news_ingestion", fetch_enabled=False) as service:
        results = (await take_in(service.engine, items)).data

        assert [result.index for result in results] == list(range(20))
        assert [index for index, result in enumerate(results) if result.status == "rejected"] == [place]
        error = results[place].error
        assert error is not None
        assert (error.code, error.exception) == ("internal_error", "TypeError")
        counts = (await service.client.get("/news/v1/counts")).json()["counts"]
        assert (counts["received"], counts["rejected"]) == (20, 1)


async def read(service: RunningService, answer: dict[str, Any]) -> dict[str, Any]:
    article: dict[str, Any] = (await service.client.get(f"/news/v1/articles/{answer['article_id']}")).json()
    return article


async def test_a_late_repetition_of_an_older_version_is_told_and_corrects_nothing(news: RunningService) -> None:
    url = "https://wire.example/a"
    for title in ("Acme cuts its outlook", "Acme raises its outlook", "Acme cuts its outlook"):
        (answer,) = await post(news, body(url, title))

    assert (answer["status"], answer["error"]["code"]) == ("duplicate", "older_version")
    assert (await read(news, answer))["title"] == "Acme raises its outlook"
    told = await news.neighbour.wait_for_items(2)
    assert [item["title"].split()[1] for item in told] == ["cuts", "raises"]


async def test_of_an_article_of_very_many_versions_the_newest_are_compared_and_no_body_is_read_again(
    news: RunningService,
) -> None:
    article = body("https://wire.example/a", "Acme files its results")
    await post(news, {**article, "summary": "The latest version."})
    async with news.database.transaction() as connection:
        await connection.execute(text("UPDATE article SET revision = 2000"))
        await connection.execute(
            text("""
                INSERT INTO article SELECT (jsonb_populate_record(current, jsonb_build_object(
                    'revision', 2000 - age, 'content_hash', gen_random_uuid(), 'superseded_at', now(),
                    'summary', 'Version of age ' || age, 'body', repeat('x', 1000)))).*
                FROM article AS current, generate_series(1, 1200) AS age
            """)
        )
    at = datetime(2026, 3, 2, tzinfo=UTC)
    draft = clean_item(Item(article["title"], article["url"], at), received_at=at)
    async with news.database.reading() as connection:
        (known,) = await list_candidates(connection, [draft], 48.0)

    recent, ancient = await post(
        news, {**article, "summary": "Version of age 30"}, {**article, "summary": "Version of age 900"}
    )

    assert (known.draft.summary, known.revision) == ("The latest version.", 2000)
    assert (len(known.content_hashes), len(known.summaries)) == (1_000, 50)
    assert (recent["status"], recent["error"]["code"]) == ("duplicate", "older_version")
    assert ancient["status"] == "revised"


async def test_a_corrected_summary_is_handed_on_and_a_missing_one_is_kept(news: RunningService) -> None:
    article = body("https://wire.example/a", "Acme files its results")
    await post(news, {**article, "summary": "A fraud was found."})

    (corrected,) = await post(news, {**article, "summary": "Profit rose to a record."})
    (without,) = await post(news, article)

    assert (corrected["status"], without["status"]) == ("revised", "duplicate")
    assert (await read(news, without))["summary"] == "Profit rose to a record."
    told = await news.neighbour.wait_for_items(2)
    assert [item["summary"] for item in told] == ["A fraud was found.", "Profit rose to a record."]


async def test_an_older_version_of_a_feed_does_not_undo_a_correction(news: RunningService) -> None:
    url, source = "https://wire.example/a", uuid4()
    at = datetime(2026, 3, 2, tzinfo=UTC)
    for title, summary in (("Acme cuts its outlook", "One."), ("Acme raises its outlook", "Two.")):
        await take_in(news.engine, [Item(title, url, at, summary=summary)], fetched_from=source)

    stale = [Item("Acme cuts its outlook", url, at, summary="One."), Item("Acme raises its outlook", url, at)]
    answers = await take_in(news.engine, stale, fetched_from=source)

    told = [(one.status, one.error and one.error.code) for one in answers.data]
    assert told == [("duplicate", "older_version"), ("duplicate", None)]
    (stored,) = (await news.client.get("/news/v1/articles")).json()["data"]
    assert (stored["title"], stored["summary"], stored["revision"]) == ("Acme raises its outlook", "Two.", 2)


async def test_a_retracted_article_that_is_posted_again_is_told_to_be_retracted(news: RunningService) -> None:
    article = body("https://wire.example/a", "Acme raises its outlook")
    (first,) = await post(news, article)
    await news.client.delete(f"/news/v1/articles/{first['article_id']}")

    (again,) = await post(news, article)
    (rewritten,) = await post(news, {**article, "title": "Acme withdraws its outlook"})

    assert (again["status"], again["article_id"]) == ("duplicate", first["article_id"])
    assert again["error"]["code"] == "article_retracted"
    assert (rewritten["status"], rewritten["error"]) == ("revised", None)


async def test_a_correction_at_the_second_address_of_an_article_corrects_it(news: RunningService) -> None:
    first, second = "https://wire.example/a", "https://wire.example/b"
    (created,) = await post(news, body(first, "Acme profit falls 12% in the third quarter"))
    (same,) = await post(news, body(second, "Acme profit falls 12% in the third quarter"))

    (corrected,) = await post(news, body(second, "Acme profit rises 12% in the third quarter"))
    (again,) = await post(news, body(second, "Acme profit rises 12% in the third quarter"))

    assert [answer["status"] for answer in (same, corrected, again)] == ["duplicate", "revised", "duplicate"]
    assert {answer["article_id"] for answer in (created, same, corrected, again)} == {created["article_id"]}
    stored = await read(news, created)
    assert (stored["title"], stored["url"]) == ("Acme profit rises 12% in the third quarter", first)
    told = await news.neighbour.wait_for_items(2)
    assert [(item["revision"], item["url"]) for item in told] == [(1, first), (2, first)]


async def test_a_copy_of_another_publisher_is_an_article_of_its_own_still(news: RunningService) -> None:
    (created,) = await post(news, body("https://wire.example/a", "Acme profit falls 12% in the third quarter"))
    (copy,) = await post(news, body("https://other.example/a", "Acme profit falls 12% in the third quarter"))

    (corrected,) = await post(news, body("https://other.example/a", "Acme profit rises 12% in the third quarter"))

    assert (copy["status"], corrected["status"]) == ("near_duplicate", "revised")
    assert corrected["article_id"] == copy["article_id"] != created["article_id"]
