"""Corrections and retractions of articles, whatever the order and however many workers: the newest holds."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from sqlalchemy import text

from common.clock import uuid7
from common.contracts import Article, BatchResult
from common.postgres.database import Connection, within
from nlp.analysis import analyse
from tests.conftest import RunningService
from tests.integration.interleaving import Interleaving, Story, handed_on, on_stage, play, until_someone_waits

_PUBLISHED = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def article(article_id: UUID, revision: int, *, is_retracted: bool = False) -> Article:
    state = "retracted" if is_retracted else "created" if revision == 1 else "revised"
    return Article(
        article_id=article_id,
        revision=revision,
        state=state,
        story_id=article_id,
        title=f"Apple raises its dividend by {revision} cents",
        url=f"https://wire.example/{article_id}",
        published_at=_PUBLISHED,
        received_at=_PUBLISHED,
    )


class Analyses(Interleaving[Article]):
    """NLP: every revision that was ever current is handed on once, the newest last in the database."""

    def publish(self, story: Story[Article], draw: Callable[[st.SearchStrategy[Any]], Any]) -> Article:
        is_retracted = bool(story.revisions) and draw(st.booleans())
        return article(story.article_id, len(story.revisions) + 1, is_retracted=is_retracted)

    async def work(self, connection: Connection, items: Sequence[Article]) -> BatchResult:
        return await analyse(self.service.engine, within(connection), items)

    async def held(self, connection: Connection, article_id: UUID) -> dict[int, tuple[set[str], bool]]:
        found = await connection.execute(
            text("SELECT revision, analysis_id, superseded_at FROM analysis WHERE article_id = :article_id"),
            {"article_id": article_id},
        )
        return {row.revision: ({str(row.analysis_id)}, row.superseded_at is None) for row in found}

    async def check_story(self, connection: Connection, story: Story[Article]) -> None:
        held = await self.held(connection, story.article_id)
        items = await handed_on(self.service, connection)
        told = [item for item in items if item["article_id"] == str(story.article_id)]
        assert sorted(item["revision"] for item in told) == sorted(held)
        assert {item["analysis_id"] for item in told} == {each for ids, _ in held.values() for each in ids}
        states = {item["revision"]: item["state"] for item in told}
        assert all(states[revision] == story.revisions[revision - 1].state for revision in held)


def test_the_newest_revision_holds_whatever_the_order_and_whoever_delivers(
    postgres: str, redis: str, migrated_template: Callable[[str], Any]
) -> None:
    with on_stage("nlp", postgres, redis, migrated_template) as stage:
        play(Analyses, stage)


async def test_a_correction_that_comes_while_the_first_is_being_written_is_not_lost(nlp: RunningService) -> None:
    ids = [uuid7() for _ in range(200)]

    async def post(revision: int) -> list[str]:
        items = [article(each, revision).model_dump(mode="json") for each in ids]
        answer = await nlp.client.post("/nlp/v1/analyses", json={"articles": items})
        return [one["status"] for one in answer.json()["data"]]

    first, second = await asyncio.gather(post(1), post(2))

    assert set(first) <= {"stored", "superseded"}
    assert second == ["stored"] * 200
    handed = await nlp.neighbour.wait_for_items(200 + first.count("stored"))
    assert sorted(item["article_id"] for item in handed if item["revision"] == 2) == sorted(map(str, ids))


async def test_an_insert_that_gave_way_to_an_older_revision_is_tried_again(nlp: RunningService) -> None:
    engine, article_id = nlp.engine, uuid7()
    async with nlp.database.transaction() as first:
        await analyse(engine, within(first), [article(article_id, 1)])

        async def correct() -> str:
            async with nlp.database.transaction() as second:
                return (await analyse(engine, within(second), [article(article_id, 2)])).data[0].status

        correction = asyncio.create_task(correct())
        await until_someone_waits(nlp)

    assert await correction == "stored"


async def test_versions_of_one_article_never_overlap_in_time(nlp: RunningService) -> None:
    article_id = uuid7()
    posts = [
        nlp.client.post("/nlp/v1/analyses", json={"articles": [article(article_id, revision).model_dump(mode="json")]})
        for revision in range(1, 9)
    ]
    await asyncio.gather(*posts)

    async with nlp.database.reading() as connection:
        overlapping = await connection.scalar(
            text(
                "SELECT count(*) FROM analysis a JOIN analysis b USING (article_id) WHERE a.revision < b.revision "
                "AND (a.superseded_at IS NULL OR a.superseded_at > b.recorded_at)"
            )
        )
    assert overlapping == 0
