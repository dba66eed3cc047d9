"""Fetches that are given up: they stand in the ledger, their requests count, and the source is free at once."""

import asyncio

import pytest

from common.gateway import DEADLINE_HEADER
from news_ingestion.sources.fetching import fetch_due
from tests.emulators.feeds import FeedSite
from tests.emulators.newsapi import NewsAPIEmulator
from tests.integration.news_ingestion.test_changes_during_a_fetch import Held, is_leased
from tests.integration.news_ingestion.test_sources import connect, create, create_newsapi, fetch, index, read


async def abandon(news, source):
    """Fetch with a deadline that passes meanwhile."""
    path = f"/news/v1/sources/{source['source_id']}:fetch"
    answer = await news.client.post(path, headers={DEADLINE_HEADER: "0.5"})
    assert (answer.status_code, answer.json()["code"]) == (504, "deadline_exceeded")


async def ledger(news):
    return (await news.client.get("/news/v1/fetches")).json()["data"]


def outcomes(fetches):
    return [(each["status"], each["error"]["code"], each["n_requests"], each["articles"]) for each in fetches]


ABANDONED = ("error", "abandoned", 1, {})


async def test_a_fetch_past_its_deadline_is_in_the_ledger_and_the_source_is_free(news):
    held = Held(FeedSite())
    connect(news, site=held)
    source = await create(news)

    await abandon(news, source)

    entered = await ledger(news)
    assert outcomes(entered) == [ABANDONED]
    assert [(each["status"], each["error"]) for each in entered[0]["requests"]] == [(None, "abandoned")]
    assert not await is_leased(news)
    held.may_answer.set()
    assert (await fetch(news, source))["status"] == "ok"


async def test_an_abandoned_fetch_says_nothing_about_its_source(news):
    connect(news, site=Held(FeedSite()))
    source = await create(news)
    before = await read(news, source)

    await abandon(news, source)

    told = ("is_enabled", "error_count", "last_error", "next_fetch_at", "last_fetch_at", "last_ok_at")
    after = await read(news, source)
    assert {name: after[name] for name in told} == {name: before[name] for name in told}


async def test_requests_of_an_abandoned_fetch_count_towards_the_quota(news):
    connect(news, newsapi=Held(NewsAPIEmulator("a-key-for-tests", index(3))))
    source = await create_newsapi(news)

    await abandon(news, source)

    plan = (await news.client.get(f"/news/v1/sources/{source['source_id']}/plan")).json()
    assert plan["quota"]["used"] == 1


async def test_a_fetch_whose_caller_leaves_is_in_the_ledger(news):
    held = Held(FeedSite())
    connect(news, site=held)
    source = await create(news)

    calling = asyncio.create_task(fetch(news, source))
    async with asyncio.timeout(10):
        await held.is_asked.wait()
    # Once by the caller, and once more by whoever ends all tasks.
    calling.cancel()
    await asyncio.sleep(0)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    async with asyncio.timeout(10):
        while not (entered := await ledger(news)):
            await asyncio.sleep(0.01)

    assert outcomes(entered) == [ABANDONED]
    assert not await is_leased(news)


async def test_fetches_under_way_when_the_process_stops_are_in_the_ledger(news):
    held = Held(FeedSite())
    connect(news, site=held)
    await create(news)

    schedule = asyncio.create_task(fetch_due(news.app.state.engine))
    async with asyncio.timeout(10):
        await held.is_asked.wait()
    schedule.cancel()
    with pytest.raises(asyncio.CancelledError):
        await schedule

    assert outcomes(await ledger(news)) == [ABANDONED]
    assert not await is_leased(news)
