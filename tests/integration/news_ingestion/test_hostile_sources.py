"""Providers that answer with anything: each attempt stands in the ledger once, says why, and is backed off."""

import asyncio
import gzip
import json
from datetime import UTC, datetime

import httpx
import pytest

from news_ingestion.sources.fetching import fetch_due
from tests.emulators.faults import Answer, redirect
from tests.emulators.feeds import RSS, Feed, FeedSite
from tests.integration.news_ingestion.test_sources import connect, create, fetch, read

XML = {"Content-Type": "application/rss+xml"}
FAR = "Mon, 02 Mar 99999999999999999999 13:00:00 GMT"
DEEP = b"<rss version='2.0'><channel>" + b"<item>" * 6_000


def feed(body: bytes, **headers: str) -> Answer:
    return Answer(200, body, {**XML, **{name.replace("_", "-"): value for name, value in headers.items()}})


def titled(title: bytes) -> bytes:
    return RSS.replace(b"Acme Robotics raises full-year forecast", title)


FAILURES = {
    "retry-after that no calendar holds": (Answer(503, b"", {"Retry-After": FAR}), "status_503"),
    "retry-after of 5,000 digits": (Answer(429, b"", {"Retry-After": "9" * 5_000}), "status_429"),
    "status beyond the known": (Answer(599, b""), "status_599"),
    "gzip in gzip": (
        feed(gzip.compress(gzip.compress(bytes(10_000_000))), Content_Encoding="gzip, gzip"),
        "undecodable",
    ),
    "gzip bomb": (feed(gzip.compress(bytes(50_000_000)), Content_Encoding="gzip"), "too_large"),
    "broken gzip": (feed(b"\x1f\x8b\x08broken", Content_Encoding="gzip"), "undecodable"),
    "half a gzip": (feed(gzip.compress(RSS)[:300], Content_Encoding="gzip", ETag='"half"'), "incomplete"),
    "brotli": (feed(RSS, Content_Encoding="br"), "undecodable"),
    "too many entries": (feed(DEEP), "too_many_entries"),
    "redirect to punycode": (redirect("http://xn--a/"), None),
    "redirect to a file": (redirect("file:///etc/passwd"), None),
    "redirect to a port out of range": (redirect("http://feeds.test:99999/"), None),
    "redirect in a circle": (redirect("/rss"), "too_many_redirects"),
    "redirect to nowhere": (redirect(""), "status_302"),
}
TAKEN = {
    "expires that no calendar holds": feed(RSS, Expires=FAR),
    "charset=undefined": feed(RSS, Content_Type="application/rss+xml; charset=undefined"),
    "charset=idna": feed(RSS, Content_Type="text/xml; charset=idna"),
    "charset=zlib": feed(RSS, Content_Type="text/xml; charset=zlib"),
    "encoding of the declaration": feed(RSS.replace(b"UTF-8", b"punycode")),
    "NUL in a title": feed(titled(b"Acme\0 Robotics raises")),
    "surrogates in a title": feed(titled(b"Acme &#xD800; Robotics &#99999999999; raises &#0;")),
    "control in an address": feed(RSS.replace(b"/acme?", b"/ac\x01me?")),
    "date at the end of the calendar": feed(RSS.replace(b"02 Mar 2026 12:00:00 GMT", b"31 Dec 9999 23:59:59 -1400")),
    "ttl without end": feed(RSS.replace(b"<ttl>30", b"<ttl>inf")),
    "entity tag beyond ASCII": feed(RSS, ETag='"\u00e9"', Last_Modified="\u00e9"),
    "cookies": feed(RSS, Set_Cookie="a=b; expires=Mon, 99 Foo 99999 99:99:99"),
}


@pytest.mark.parametrize(("answer", "code"), FAILURES.values(), ids=FAILURES)
async def test_a_failed_attempt_is_in_the_ledger_once_and_backs_off(news, answer, code):
    site = FeedSite()
    site.faults.extend([answer] * (10 if code == "too_many_redirects" else 1))
    connect(news, site=site)
    source = await create(news)

    run = await fetch(news, source)

    after = await read(news, source)
    ledger = (await news.client.get("/news/v1/fetches")).json()["data"]
    assert (run["status"], len(ledger)) == ("error", 1)
    assert code is None or run["error"]["code"] == code
    assert run["error"]["detail"]
    assert after["error_count"] == 1
    assert datetime.fromisoformat(after["next_fetch_at"]) > datetime.now(UTC)
    assert (await fetch(news, source))["status"] == "ok"


@pytest.mark.parametrize("answer", TAKEN.values(), ids=TAKEN)
async def test_what_can_be_read_of_an_odd_answer_is_taken_in(news, answer):
    site = FeedSite()
    site.faults.append(answer)
    connect(news, site=site)
    source = await create(news)

    run = await fetch(news, source)
    again = await fetch(news, source)

    assert (run["status"], run["error"]) == ("ok", None)
    assert run["articles"]["created"] >= 1
    assert again["status"] == "ok"
    assert datetime.fromisoformat((await read(news, source))["next_fetch_at"]) > datetime.now(UTC)


@pytest.mark.parametrize("validator", [{"ETag": '"v2"'}, {"Last_Modified": "Mon, 02 Mar 2026 13:00:00 GMT"}])
async def test_the_rest_of_a_feed_that_was_cut_is_asked_for(news, validator):
    site = FeedSite({"/rss": Feed(RSS, has_etag=False)})
    site.faults.append(feed(RSS[: RSS.index(b"<item>", 300)], **validator))
    connect(news, site=site)
    source = await create(news)

    run = await fetch(news, source)
    again = await fetch(news, source)

    assert (run["status"], run["articles"]) == ("ok", {"created": 1})
    assert not {"if-none-match", "if-modified-since"} & set(site.requests[1].headers)
    assert again["articles"]["created"] == 1


async def test_a_cut_answer_leaves_what_the_last_whole_one_was_known_by(news):
    site = FeedSite()
    connect(news, site=site)
    source = await create(news)
    await fetch(news, source)
    site.faults.append(feed(gzip.compress(RSS)[:-1], Content_Encoding="gzip", ETag='"v2"'))

    run = await fetch(news, source)

    assert (run["status"], run["error"]["code"]) == ("error", "incomplete")
    assert (await read(news, source))["etag"] == site.feeds["/rss"].etag


async def test_whatever_a_provider_raises_is_recorded_and_the_other_sources_are_served(news):
    class Surprised(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            raise ZeroDivisionError("a \0 surprise \ud800")

    site = FeedSite({f"/{n}": Feed(RSS) for n in range(3)})
    connect(news, site=site)
    news.engine.provider_client._client._mounts = {
        **news.engine.provider_client._client._mounts,
        httpx._utils.URLPattern("all://odd.test"): Surprised(),
    }
    odd = await create(news, name="odd", url="http://odd.test/rss")
    for n in range(3):
        await create(news, name=f"feed {n}", url=f"http://feeds.test/{n}")

    schedule = asyncio.create_task(fetch_due(news.engine))
    async with asyncio.timeout(20):
        while len((await news.client.get("/news/v1/fetches")).json()["data"]) < 4:
            await asyncio.sleep(0.02)
    schedule.cancel()
    await asyncio.gather(schedule, return_exceptions=True)

    runs = (await news.client.get("/news/v1/fetches")).json()["data"]
    (failed,) = [run for run in runs if run["source_id"] == odd["source_id"]]
    assert failed["error"]["code"] == "ZeroDivisionError"
    assert failed["requests"][0]["error"] == "ZeroDivisionError"
    assert [run["status"] for run in runs].count("ok") == 3
    assert (await read(news, odd))["backoff_seconds"] > 0


async def test_a_key_is_not_sent_on_to_another_port_or_scheme(news):
    site = FeedSite({"/rss": Feed(RSS)})
    site.faults.append(redirect("http://feeds.test:81/rss"))
    connect(news, site=site)
    records = []

    await news.engine.provider_client.get("http://feeds.test/rss", {"X-Api-Key": "k", "Accept": "a"}, records)

    assert [request.headers.get("x-api-key") for request in site.requests] == ["k", None]
    assert [request.headers["accept"] for request in site.requests] == ["a", "a"]


@pytest.mark.parametrize(
    "url", ["http://xn--a/", f"http://{'a' * 64}.com/", "http://a:99999/", "http://[fe80::1%25eth0]/"]
)
async def test_a_source_at_no_address_is_refused(news, url):
    answer = await news.client.post("/news/v1/sources", json={"kind": "rss", "name": "odd", "url": url})

    assert (answer.status_code, answer.json()["code"]) == (409, "forbidden_address")


async def test_one_odd_article_fails_no_other(news):
    odd = [
        {"url": "https://a.example/\0"},
        {"url": "https://a.example/\ud800"},
        {"title": "\ud800"},
        {"published_at": "9999-12-31T23:59:59-14:00"},
        {"published_at": "0001-01-01T00:00:00+14:00"},
        {"url": "https://xn--\u00fc.example/"},
    ]
    sound = {"title": "Acme raises its forecast", "url": "https://a.example/1", "published_at": "2026-03-02T12:00:00Z"}
    body = json.dumps({"articles": [{**sound, **each} for each in odd] + [sound]})

    answer = await news.client.post("/news/v1/articles", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 200
    *refused, last = [item["status"] for item in answer.json()["data"]]
    assert (refused, last) == (["rejected"] * 6, "created")
