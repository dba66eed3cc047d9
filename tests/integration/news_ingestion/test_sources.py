import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text, update

from news_ingestion.engine import provider_client_over
from news_ingestion.models import SOURCE
from news_ingestion.retention import prune_fetches
from news_ingestion.sources.fetching import fetch_due
from tests.emulators.faults import oversized, redirect, server_error, slow, too_many_requests
from tests.emulators.feeds import ATOM, RSS, Feed, FeedSite
from tests.emulators.newsapi import NewsAPIEmulator, PublishedArticle, body_of, error

NOW = datetime.now(UTC).replace(microsecond=0)


def connect(news, *, site=None, newsapi=None, **settings):
    """Let the service reach the emulated providers, and nothing else."""
    mounts = {
        "all://feeds.test": httpx.ASGITransport(site) if site else None,
        "all://newsapi.test": httpx.ASGITransport(newsapi) if newsapi else None,
    }
    client = httpx.AsyncClient(mounts={pattern: transport for pattern, transport in mounts.items() if transport})
    limited = provider_client_over(client, news.engine.settings.model_copy(update=settings))
    news.app.state.engine = replace(news.engine, provider_client=limited)


async def create(news, **fields):
    given = {"kind": "rss", "name": "Example Wire", "url": "http://feeds.test/rss", **fields}
    response = await news.client.post(
        "/news/v1/sources", json={name: value for name, value in given.items() if value is not None}
    )
    assert response.status_code == 201, response.text
    return response.json()


async def fetch(news, source):
    response = await news.client.post(f"/news/v1/sources/{source['source_id']}:fetch")
    assert response.status_code == 200, response.text
    return response.json()


async def read(news, source):
    return (await news.client.get(f"/news/v1/sources/{source['source_id']}")).json()


async def events(news):
    async with news.database.reading() as connection:
        return [row.name for row in (await connection.execute(news.runtime.tables.event.select())).all()]


def index(n_articles, *, hours_ago=30.0, span_minutes=60.0):
    start = NOW - timedelta(hours=hours_ago)
    return [
        PublishedArticle(
            f"Plant {number} of company {number} opens",
            f"https://wire.example.com/{number}",
            start + timedelta(minutes=span_minutes * number / n_articles),
        )
        for number in range(n_articles)
    ]


async def create_newsapi(news, **fields):
    return await create(
        news, kind="newsapi", name="Query", url=None, config={"q": "plants", "language": "en"}, **fields
    )


async def test_feed_is_taken_in(news):
    site = FeedSite()
    connect(news, site=site)
    source = await create(news)

    run = await fetch(news, source)

    assert run["status"] == "ok"
    assert run["articles"] == {"created": 2, "rejected": 1}
    assert [request["status"] for request in run["requests"]] == [200]
    listed = (await news.client.get("/news/v1/articles", params={"source_id": source["source_id"]})).json()["data"]
    assert [article["source"]["name"] for article in listed] == ["Example Wire", "Example Wire"]
    assert listed[1]["summary"] == "Orders & more."
    after = await read(news, source)
    assert (after["error_count"], after["last_error"]) == (0, None)
    waits = datetime.fromisoformat(after["next_fetch_at"]) - datetime.fromisoformat(after["last_ok_at"])
    assert timedelta(minutes=30) <= waits <= timedelta(minutes=33)


async def test_unchanged_feed_is_asked_for_conditionally(news):
    site = FeedSite()
    connect(news, site=site)
    source = await create(news)
    await fetch(news, source)

    run = await fetch(news, source)

    assert run["status"] == "not_modified"
    assert site.requests[1].headers["if-none-match"] == site.feeds["/rss"].etag
    assert (await read(news, source))["etag"] == site.feeds["/rss"].etag


async def test_a_private_address_is_asked_and_neither_stored_nor_shown(news):
    site = FeedSite()
    site.feeds["/private/8f14e45fceea167a/rss"] = site.feeds["/rss"]
    connect(news, site=site)
    source = await create(news, url="http://reader:hunter2@feeds.test/private/8f14e45fceea167a/rss?key=letmein")
    path = f"/news/v1/sources/{source['source_id']}"

    run = await fetch(news, source)
    changed = await news.client.patch(path, json={"url": source["url"], "interval_seconds": 600})
    again = await fetch(news, source)
    async with news.database.reading() as connection:
        stored = "\n".join([str(row) for row in await connection.execute(text("SELECT * FROM source"))])

    assert (run["status"], again["status"], changed.status_code) == ("ok", "not_modified", 200)
    assert site.requests[-1].path == "/private/8f14e45fceea167a/rss"
    assert source["url"] == "http://feeds.test/private/***/rss?***"
    pages = [(await news.client.get(one)).text for one in (path, "/news/v1/fetches")]
    shown = [source, run, again, changed.json(), *pages]
    for secret in ("hunter2", "8f14e45fceea167a", "letmein"):
        assert secret not in f"{shown}{stored}"


async def test_corrected_feed_item_is_a_revision(news):
    site = FeedSite()
    connect(news, site=site)
    source = await create(news)
    await fetch(news, source)

    site.publish("/rss", RSS.replace(b"raises", b"lowers"))
    run = await fetch(news, source)

    assert run["articles"] == {"revised": 1, "duplicate": 1, "rejected": 1}


async def test_filing_listed_once_per_role_is_one_article_about_the_issuer(news):
    connect(news, site=FeedSite({"/atom": Feed(ATOM, "application/atom+xml")}))
    source = await create(news, url="http://feeds.test/atom")

    run = await fetch(news, source)

    assert run["articles"] == {"created": 1}
    (article,) = (await news.client.get("/news/v1/articles")).json()["data"]
    assert article["title"].startswith("4 - Acme Robotics")


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (too_many_requests("7200"), "quota"),
        (server_error(), "unavailable"),
        (oversized(200_000), "too_large"),
        (slow(server_error(), 5.0), "unavailable"),
        (redirect("http://feeds.test/elsewhere"), "gone"),
    ],
    ids=["429", "500", "oversized", "slow", "redirect to nothing"],
)
async def test_failing_feed_is_backed_off_and_never_given_up(news, fault, problem):
    site = FeedSite()
    site.faults.append(fault)
    connect(news, site=site, fetch_max_bytes=100_000, fetch_timeout_seconds=0.2)
    source = await create(news)

    run = await fetch(news, source)

    assert (run["status"], run["error"]["problem"]) == ("error", problem)
    after = await read(news, source)
    assert after["error_count"] == 1
    assert after["is_enabled"]
    assert after["backoff_seconds"] >= (7200 if problem == "quota" else 300)
    assert after["next_fetch_at"] is not None
    assert (await fetch(news, source))["status"] == "ok"
    assert (await read(news, source))["backoff_seconds"] == 0


async def test_third_failure_in_a_row_is_told(news):
    site = FeedSite()
    site.faults.extend([server_error()] * 4)
    connect(news, site=site)
    source = await create(news)

    for _ in range(4):
        await fetch(news, source)

    assert await events(news) == ["source.degraded"]


async def test_redirect_is_followed_and_counted(news):
    site = FeedSite()
    site.faults.append(redirect("http://feeds.test/rss", 301))
    connect(news, site=site)
    source = await create(news, url="http://feeds.test/old")

    run = await fetch(news, source)

    assert [request["status"] for request in run["requests"]] == [301, 200]


async def test_error_page_is_no_feed(news):
    connect(news, site=FeedSite({"/rss": Feed(b"<html><body>Please enable cookies</body></html>", "text/html")}))
    source = await create(news)

    run = await fetch(news, source)

    assert run["error"]["code"] == "not_a_feed"


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/rss", "http://[::1]/rss", "http://169.254.169.254/latest", "http://10.1.2.3/"],
)
async def test_private_address_is_refused(news, url):
    response = await news.client.post("/news/v1/sources", json={"kind": "rss", "name": "inside", "url": url})

    assert response.status_code == 409
    assert response.json()["code"] == "forbidden_address"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"kind": "rss", "name": "a"}, "url_missing"),
        ({"kind": "push", "name": "a", "url": "https://example.com"}, "url_not_allowed"),
        ({"kind": "newsapi", "name": "a", "config": {}}, "config_invalid"),
        ({"kind": "newsapi", "name": "a", "config": {"q": "x", "colour": "red"}}, "config_invalid"),
        ({"kind": "newsapi", "name": "a", "config": {"q": "x", "category": "business"}}, "config_invalid"),
    ],
)
async def test_source_that_does_not_fit_its_kind_is_refused(news, given, code):
    response = await news.client.post("/news/v1/sources", json=given)

    assert (response.status_code, response.json()["code"]) == (409, code)


async def test_two_sources_of_one_name_conflict(news):
    await create(news)

    response = await news.client.post(
        "/news/v1/sources", json={"kind": "rss", "name": "Example Wire", "url": "http://feeds.test/other"}
    )

    assert (response.status_code, response.json()["code"]) == (409, "name_taken")


async def test_of_two_sources_renamed_at_once_to_one_name_one_gets_it(news):
    sources = [await create(news, name=name) for name in ("One", "Two")]

    answers = await asyncio.gather(
        *(news.client.patch(f"/news/v1/sources/{source['source_id']}", json={"name": "The Wire"}) for source in sources)
    )

    refused = next(answer for answer in answers if answer.status_code != 200)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert refused.json()["code"] == "name_taken"


async def test_source_is_changed_and_deleted_under_its_etag(news):
    source = await create(news)
    address = f"/news/v1/sources/{source['source_id']}"
    etag = (await news.client.get(address)).headers["ETag"]

    changed = await news.client.patch(address, json={"interval_seconds": 60}, headers={"If-Match": etag})
    stale = await news.client.patch(address, json={"interval_seconds": 90}, headers={"If-Match": etag})
    disabled = await news.client.patch(address, json={"is_enabled": False})
    deleted = await news.client.delete(address)

    assert (changed.status_code, changed.json()["interval_seconds"]) == (200, 60)
    assert stale.status_code == 412
    assert disabled.json()["next_fetch_at"] is None
    assert (deleted.status_code, (await news.client.get(address)).status_code) == (204, 404)


async def test_pushed_source_is_not_fetched(news):
    source = await create(news, kind="push", url=None)

    response = await news.client.post(f"/news/v1/sources/{source['source_id']}:fetch")

    assert (response.status_code, response.json()["code"]) == (409, "not_fetched")


async def test_window_over_the_cap_is_halved_until_everything_fits(news):
    newsapi = NewsAPIEmulator("a-key-for-tests", index(250))
    connect(news, newsapi=newsapi)
    source = await create_newsapi(news)

    run = await fetch(news, source)

    assert run["status"] == "ok"
    assert run["articles"]["created"] + run["articles"].get("near_duplicate", 0) == 250
    assert newsapi.requests[0].headers["x-api-key"] == "a-key-for-tests"
    assert not any("apiKey" in request.query for request in newsapi.requests)
    assert "a-key-for-tests" not in str(run)
    coverage = (await news.client.get("/news/v1/coverage")).json()["data"][0]
    assert [gap["reason"] for gap in coverage["gaps"]] == ["delay"]


async def test_more_than_the_cap_in_a_minute_is_a_gap(news):
    connect(news, newsapi=NewsAPIEmulator("a-key-for-tests", index(150, span_minutes=0.0)))
    source = await create_newsapi(news)

    await fetch(news, source)

    coverage = (await news.client.get("/news/v1/coverage")).json()["data"][0]
    assert "cap" in [gap["reason"] for gap in coverage["gaps"]]


async def test_next_window_begins_where_the_last_one_ended(news):
    newsapi = NewsAPIEmulator("a-key-for-tests", index(3))
    connect(news, newsapi=newsapi)
    source = await create_newsapi(news)
    await fetch(news, source)
    async with news.database.transaction() as connection:
        seen = NOW - timedelta(hours=40)
        await connection.execute(update(SOURCE).values(seen_until=seen))

    await fetch(news, source)

    asked = datetime.fromisoformat(newsapi.requests[-1].query["from"])
    assert asked == seen - timedelta(hours=1)


async def test_spent_quota_waits_and_is_a_gap(news):
    newsapi = NewsAPIEmulator("a-key-for-tests", index(250), requests_per_day=2)
    connect(news, newsapi=newsapi)
    source = await create_newsapi(news)

    run = await fetch(news, source)

    assert run["error"] == {"problem": "quota", "code": "rateLimited", "detail": "See the documentation.", "at": None}
    after = await read(news, source)
    assert after["is_enabled"]
    assert after["backoff_seconds"] >= 3600
    coverage = (await news.client.get("/news/v1/coverage")).json()["data"][0]
    assert {"quota", "delay"} <= {gap["reason"] for gap in coverage["gaps"]}


async def test_wrong_key_switches_the_source_off_until_a_fetch_goes_well(news):
    newsapi = NewsAPIEmulator("another-key", index(1))
    connect(news, newsapi=newsapi)
    source = await create_newsapi(news)

    run = await fetch(news, source)

    assert run["error"]["problem"] == "auth"
    after = await read(news, source)
    assert (after["is_enabled"], after["disabled_reason"]) == (False, "apiKeyInvalid")
    assert await events(news) == ["source.degraded"]
    connect(news, newsapi=NewsAPIEmulator("a-key-for-tests", index(1)))
    await fetch(news, source)
    assert (await read(news, source))["is_enabled"]


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (error(400, "parametersMissing"), "request"),
        (error(401, "apiKeyMissing"), "auth"),
        (error(426, "someFutureCode"), "cap"),
        (error(500, "unexpectedError"), "unavailable"),
        (error(418, "teapot"), "unknown"),
        (body_of(b"<html>gateway</html>"), "malformed"),
    ],
    ids=["400", "401", "426", "500", "unknown code", "not JSON"],
)
async def test_each_newsapi_error_has_its_meaning(news, fault, problem):
    newsapi = NewsAPIEmulator("a-key-for-tests")
    newsapi.faults.append(fault)
    connect(news, newsapi=newsapi)
    config = {"endpoint": "top-headlines", "category": "business"}
    source = await create(news, kind="newsapi", name="Top", url=None, config=config)

    run = await fetch(news, source)

    assert run["error"]["problem"] == problem


async def test_plan_tells_quota_delay_and_window(news):
    connect(news, newsapi=NewsAPIEmulator("a-key-for-tests", index(1)))
    source = await create_newsapi(news, interval_seconds=60)
    await fetch(news, source)

    plan = (await news.client.get(f"/news/v1/sources/{source['source_id']}/plan")).json()

    assert plan["effective_interval_seconds"] == 864
    assert plan["expected_delay_seconds"] == 86_400
    assert plan["quota"] == {"requests_per_day": 100, "used": 1, "remaining": 99}
    assert len(plan["warnings"]) == 2


async def test_two_schedulers_never_fetch_one_source_at_once(news):
    site = FeedSite({f"/{n}": Feed(RSS) for n in range(4)})
    connect(news, site=site)
    for n in range(4):
        await create(news, name=f"feed {n}", url=f"http://feeds.test/{n}")

    schedulers = [asyncio.create_task(fetch_due(news.engine)) for _ in range(3)]
    async with asyncio.timeout(10):
        while len((await news.client.get("/news/v1/fetches")).json()["data"]) < 4:
            await asyncio.sleep(0.02)
    for scheduler in schedulers:
        scheduler.cancel()
    await asyncio.gather(*schedulers, return_exceptions=True)

    assert sorted(request.path for request in site.requests) == ["/0", "/1", "/2", "/3"]


async def test_source_being_fetched_is_not_fetched_again(news):
    source = await create(news)
    async with news.database.transaction() as connection:
        until = datetime.now(UTC) + timedelta(minutes=1)
        await connection.execute(update(SOURCE).values(lease_until=until))

    response = await news.client.post(f"/news/v1/sources/{source['source_id']}:fetch")

    assert (response.status_code, response.json()["code"]) == (409, "being_fetched")


async def test_lease_of_a_dead_replica_runs_out(news):
    connect(news, site=FeedSite())
    source = await create(news)
    async with news.database.transaction() as connection:
        passed = datetime.now(UTC) - timedelta(seconds=1)
        await connection.execute(update(SOURCE).values(lease_until=passed))

    run = await fetch(news, source)

    assert run["status"] == "ok"


async def test_outage_of_a_feed_is_recorded_as_a_gap(news):
    site = FeedSite()
    connect(news, site=site)
    source = await create(news)
    await fetch(news, source)
    site.faults.append(server_error())
    await fetch(news, source)

    growing = (await news.client.get("/news/v1/coverage")).json()["data"][0]["gaps"]
    await fetch(news, source)
    closed = (await news.client.get("/news/v1/coverage")).json()["data"][0]["gaps"]

    assert [(gap["reason"], gap["ends_at"]) for gap in growing] == [("error", None)]
    assert [gap["reason"] for gap in closed] == ["error"]
    assert closed[0]["ends_at"] is not None


async def test_real_feeds_are_taken_in(news, shared_data):
    site = FeedSite.of_folder(shared_data / "feeds" / "rss")
    connect(news, site=site)
    runs = {}
    for path in site.feeds:
        runs[path] = await fetch(news, await create(news, name=path, url=f"http://feeds.test{path}"))

    assert {run["status"] for run in runs.values()} == {"ok"}
    assert runs["/yahoo_finance.rss"]["articles"] == {"created": 1, "rejected": 1}
    assert runs["/sec_edgar_form4_two_roles.atom"]["articles"] == {"created": 1}
    tagged = (await news.client.get("/news/v1/articles", params={"ticker": "AMAT"})).json()["data"]
    assert tagged[0]["tickers"] == ["AMAT", "AAPL"]


async def test_real_newsapi_bodies_are_taken_in(news, shared_data):
    newsapi = NewsAPIEmulator("a-key-for-tests")
    bodies = shared_data / "feeds" / "newsapi"
    newsapi.faults.append(body_of((bodies / "everything_ok.json").read_bytes()))
    connect(news, newsapi=newsapi)
    source = await create_newsapi(news)

    run = await fetch(news, source)

    assert run["articles"] == {"created": 18, "duplicate": 2}


async def test_fetches_are_deleted_after_their_retention(news):
    connect(news, site=FeedSite())
    await fetch(news, await create(news))
    assert await prune_fetches(news.engine) == 0

    news.engine.settings.fetch_retention_days = 1e-9
    n_deleted = await prune_fetches(news.engine)

    assert n_deleted == 1
    assert (await news.client.get("/news/v1/fetches")).json()["data"] == []
