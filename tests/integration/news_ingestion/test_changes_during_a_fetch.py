"""Sources that a person changes while they are being fetched: what the person said stands."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from tests.emulators.faults import server_error
from tests.emulators.feeds import RSS, Feed, FeedSite
from tests.emulators.newsapi import NewsAPIEmulator, error
from tests.integration.news_ingestion.test_sources import connect, create, create_newsapi, events, fetch, index, read


class Held:
    """A provider that answers when it is told to."""

    def __init__(self, provider):
        self.provider = provider
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def __call__(self, scope, receive, send):
        self.is_asked.set()
        await self.may_answer.wait()
        await self.provider(scope, receive, send)

    @asynccontextmanager
    async def while_fetching(self, news, source):
        """Let the body run while the source is being fetched, and wait for the end of the fetch."""
        run = asyncio.create_task(fetch(news, source))
        async with asyncio.timeout(10):
            await self.is_asked.wait()
        yield run
        self.may_answer.set()
        await run


async def change(news, source, **values):
    answer = await news.client.patch(f"/news/v1/sources/{source['source_id']}", json=values)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def is_leased(news):
    async with news.database.reading() as connection:
        return bool((await connection.execute(text("SELECT 1 FROM source WHERE lease_owner IS NOT NULL"))).all())


@pytest.mark.parametrize("fault", [None, server_error()], ids=["fetched", "failed"])
async def test_a_source_switched_off_during_its_fetch_stays_off(news, fault):
    site = FeedSite()
    site.faults.extend([fault] if fault else [])
    held = Held(site)
    connect(news, site=held)
    source = await create(news)

    async with held.while_fetching(news, source) as run:
        await change(news, source, is_enabled=False)

    after = await read(news, source)
    assert (after["is_enabled"], after["next_fetch_at"]) == (False, None)
    assert after["error_count"] == (1 if fault else 0)
    assert (await run)["status"] == ("error" if fault else "ok")
    assert await events(news) == ([] if fault else ["article.created"] * 2)
    assert not await is_leased(news)


async def test_a_source_enabled_during_a_fetch_that_its_provider_refuses_stays_enabled(news):
    newsapi = NewsAPIEmulator("a-key-for-tests")
    newsapi.faults.append(error(401, "apiKeyInvalid"))
    held = Held(newsapi)
    connect(news, newsapi=held)
    source = await create_newsapi(news, is_enabled=False)

    async with held.while_fetching(news, source):
        changed = await change(news, source, is_enabled=True)

    after = await read(news, source)
    assert (after["is_enabled"], after["disabled_reason"]) == (True, None)
    assert after["next_fetch_at"] == changed["next_fetch_at"]


@pytest.mark.parametrize("fault", [None, server_error()], ids=["fetched", "failed"])
async def test_what_the_old_address_answered_is_not_told_the_new_one(news, fault):
    site = FeedSite({"/rss": Feed(RSS), "/new": Feed(RSS)})
    site.faults.extend([fault] if fault else [])
    held = Held(site)
    connect(news, site=held)
    source = await create(news)

    async with held.while_fetching(news, source):
        changed = await change(news, source, url="http://feeds.test/new")
    after = await read(news, source)
    await fetch(news, source)

    learned = {name: after[name] for name in ("etag", "last_ok_at", "last_fetch_at", "last_error", "error_count")}
    assert learned == {"etag": None, "last_ok_at": None, "last_fetch_at": None, "last_error": None, "error_count": 0}
    assert after["next_fetch_at"] == changed["next_fetch_at"]
    assert "if-none-match" not in site.requests[-1].headers
    assert site.requests[-1].path == "/new"


async def test_what_another_query_fetched_is_not_counted_as_seen(news):
    held = Held(NewsAPIEmulator("a-key-for-tests", index(150, span_minutes=0.0)))
    connect(news, newsapi=held)
    source = await create_newsapi(news)

    async with held.while_fetching(news, source):
        await change(news, source, config={"q": "mines", "language": "en"})

    async with news.database.reading() as connection:
        (stored,) = (await connection.execute(text("SELECT seen_until, last_ok_at FROM source"))).all()
    assert tuple(stored) == (None, None)
    coverage = (await news.client.get("/news/v1/coverage")).json()["data"][0]
    assert "cap" not in [gap["reason"] for gap in coverage["gaps"]]


async def test_a_source_whose_interval_is_changed_is_due_at_once_and_keeps_what_was_fetched(news):
    site = FeedSite()
    held = Held(site)
    connect(news, site=held)
    source = await create(news)

    async with held.while_fetching(news, source):
        changed = await change(news, source, interval_seconds=60)

    after = await read(news, source)
    assert (after["interval_seconds"], after["next_fetch_at"]) == (60, changed["next_fetch_at"])
    assert after["etag"] == site.feeds["/rss"].etag
    assert after["last_ok_at"] is not None


async def test_a_source_deleted_during_its_fetch_is_gone_and_the_run_is_told(news):
    held = Held(FeedSite())
    connect(news, site=held)
    source = await create(news)

    async with held.while_fetching(news, source) as run:
        deleted = await news.client.delete(f"/news/v1/sources/{source['source_id']}")

    assert (deleted.status_code, (await run)["status"]) == (204, "ok")
    assert (await news.client.get("/news/v1/sources")).json()["data"] == []
