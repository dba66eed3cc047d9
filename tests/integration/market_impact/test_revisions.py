"""Corrections and retractions of analyses, whatever the order: the newest holds, and withdraws what it leaves out."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from sqlalchemy import text

from common.contracts import Analysis, BatchResult
from common.postgres.database import Connection
from market_impact.assessment import assess
from tests.builders.market import analysis
from tests.conftest import StartService
from tests.integration.interleaving import Interleaving, Story, handed_on, on_stage, play, until_someone_waits
from tests.integration.market_impact.conftest import at

_TICKERS = ("ACME", "BETA")
_DAY = at(date(2025, 6, 3))


def revised(article_id: UUID, revision: int, tickers: Sequence[str], state: str) -> Analysis:
    return analysis(
        str(article_id), _DAY, article_id=article_id, revision=revision, tickers=tuple(tickers), state=state
    )


def standing_of(items: Sequence[dict[str, Any]]) -> dict[tuple[str, int, str], dict[str, Any]]:
    """Return what a receiver holds that keeps the highest revision of each estimate, in whatever order they come."""
    found: dict[tuple[str, int, str], dict[str, Any]] = {}
    for item in items:
        key = (item["ticker"], item["horizon_days"], item["basis"])
        if key not in found or found[key]["revision"] < item["revision"]:
            found[key] = item
    return found


class Assessments(Interleaving[Analysis]):
    """Market impact: a receiver of what is handed on ends with the estimates of the newest revision, and no other."""

    def publish(self, story: Story[Analysis], draw: Callable[[st.SearchStrategy[Any]], Any]) -> Analysis:
        revision = len(story.revisions) + 1
        state = "created" if revision == 1 else draw(st.sampled_from(["revised", "revised", "retracted"]))
        tickers = [] if state == "retracted" else draw(st.lists(st.sampled_from(_TICKERS), unique=True))
        return revised(story.article_id, revision, tickers, state)

    async def work(self, connection: Connection, items: Sequence[Analysis]) -> BatchResult:
        return await assess(self.service.engine, connection, items)

    async def held(self, connection: Connection, article_id: UUID) -> dict[int, tuple[set[str], bool]]:
        found = await connection.execute(
            text("SELECT revision, analysis_id, superseded_at FROM assessment WHERE article_id = :article_id"),
            {"article_id": article_id},
        )
        return {row.revision: ({str(row.analysis_id)}, row.superseded_at is None) for row in found}

    async def check_story(self, connection: Connection, story: Story[Analysis]) -> None:
        held = await self.held(connection, story.article_id)
        items = await handed_on(self.service, connection)
        told = [item for item in items if item["article_id"] == str(story.article_id)]
        keys = [(item["revision"], item["ticker"], item["horizon_days"], item["basis"]) for item in told]
        assert len(keys) == len(set(keys))
        newest = story.revisions[max(held) - 1] if held else None
        wanted = {entity.ticker for entity in newest.entities} if newest else set()
        standing = standing_of(told)
        assert {key[0] for key, item in standing.items() if item["state"] != "retracted"} == wanted
        assert all(item["revision"] == max(held) for item in standing.values() if item["state"] != "retracted")
        current = await connection.execute(
            text("SELECT DISTINCT ticker, revision FROM impact WHERE article_id = :id AND superseded_at IS NULL"),
            {"id": story.article_id},
        )
        assert {(row.ticker, row.revision) for row in current} == {(ticker, max(held)) for ticker in wanted}


def test_the_newest_revision_holds_whatever_the_order_and_whoever_delivers(
    postgres: str, redis: str, migrated_template: Callable[[str], Any]
) -> None:
    with on_stage("market_impact", postgres, redis, migrated_template) as stage:
        play(Assessments, stage)


async def test_a_security_that_a_correction_leaves_out_is_withdrawn_though_the_first_is_not_yet_committed(
    start_service: StartService,
) -> None:
    article_id = UUID(int=7)
    async with start_service("market_impact") as service:
        engine = service.engine
        async with service.database.transaction() as first:
            await assess(engine, first, [revised(article_id, 1, _TICKERS, "created")])

            async def correct() -> str:
                async with service.database.transaction() as second:
                    return (await assess(engine, second, [revised(article_id, 2, ["ACME"], "revised")])).data[0].status

            correction = asyncio.create_task(correct())
            await until_someone_waits(service)

        assert await correction == "stored"
        async with service.database.reading() as connection:
            standing = standing_of(await handed_on(service, connection))
        states = {ticker: item["state"] for (ticker, _, _), item in standing.items()}
        assert states == {"ACME": "revised", "BETA": "retracted"}


async def test_an_estimate_of_a_horizon_that_is_no_longer_configured_is_withdrawn(start_service: StartService) -> None:
    article_id = UUID(int=8)
    async with start_service("market_impact", impact_horizons_days=[1, 5]) as service:
        engine = service.engine
        async with service.database.transaction() as connection:
            await assess(engine, connection, [revised(article_id, 1, ["ACME"], "created")])
        async with start_service(
            "market_impact", database=service.database.engine.url.database, impact_horizons_days=[1]
        ) as later:
            async with later.database.transaction() as connection:
                await assess(later.engine, connection, [revised(article_id, 2, ["ACME"], "revised")])
            async with later.database.reading() as connection:
                items = await handed_on(later, connection) + service.neighbour.items()
    states = {(key[1], item["state"]) for key, item in standing_of(items).items()}
    assert states == {(1, "revised"), (5, "retracted")}
