"""While a service works on the largest hostile input it accepts, its event loop goes on serving others."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from news_ingestion.engine import provider_client_over
from tests.conftest import StartService
from tests.emulators.feeds import Feed, FeedSite

# Of processor time of the whole process, which others on the machine do not change, and to which a thread that does not
# let go of the interpreter's lock adds. Patterns that took markup away held the loop for 5 to 16 s.
LONGEST_TURN_SECONDS = 1.5
MEGABYTE = 1_000_000


@dataclass
class Turns:
    """The longest turn of the event loop so far, in processor seconds."""

    longest: float = 0.0


@asynccontextmanager
async def observed_turns() -> AsyncIterator[Turns]:
    """Measure how long the loop at most worked between two chances of others."""
    turns = Turns()

    async def beat() -> None:
        before = time.process_time()
        while True:
            await asyncio.sleep(0.001)
            now = time.process_time()
            turns.longest = max(turns.longest, now - before)
            before = now

    task = asyncio.create_task(beat())
    try:
        yield turns
    finally:
        task.cancel()


async def post(client: httpx.AsyncClient, path: str, content: bytes, method: str = "POST") -> int:
    headers = {"content-type": "application/json"}
    return (await client.request(method, path, content=content, headers=headers, timeout=120)).status_code


def article(title: str, body: str, number: int = 0) -> dict[str, Any]:
    return {
        "title": title,
        "url": f"https://example.com/{number}",
        "published_at": "2026-01-01T00:00:00Z",
        "body": body,
    }


def encoded(name: str, items: list[Any]) -> bytes:
    return json.dumps({name: items}, ensure_ascii=False).encode()


def repeated(piece: str, size: int) -> str:
    return piece * (size // len(piece))


HOSTILE = ["<script ", "<x", "<style>", "<!--", "<div>", "<b a='", "<", "&", "&#1", "\u0315\u0300", " ", "A ", "株"]


@pytest.mark.parametrize("piece", HOSTILE, ids=repr)
async def test_news_ingestion_serves_others_while_it_cleans_the_longest_body(start_service: StartService, piece: str):
    content = encoded("articles", [article("Acme wins a contract", repeated(piece, MEGABYTE - 1))])
    async with start_service("news_ingestion", fetch_enabled=False) as news, observed_turns() as turns:
        assert await post(news.client, "/news/v1/articles", content) == 200

    assert turns.longest < LONGEST_TURN_SECONDS


async def test_news_ingestion_serves_others_while_it_decides_on_a_batch_of_copies(start_service: StartService):
    body = repeated("Acme wins a contract of many words. ", 9_000)
    batch = [article(f"Acme {'wins a contract ' * 60}{n}", f"{n} {body}", n) for n in range(500)]
    async with start_service("news_ingestion", fetch_enabled=False) as news, observed_turns() as turns:
        assert await post(news.client, "/news/v1/articles", encoded("articles", batch)) == 200

    assert turns.longest < LONGEST_TURN_SECONDS


async def test_nlp_serves_others_while_it_analyses_the_longest_texts(start_service: StartService):
    texts = [{"text": repeated(piece, 5_000)} for piece in HOSTILE for _ in range(8)]
    async with start_service("nlp", nlp_model="fast") as nlp, observed_turns() as turns:
        assert await post(nlp.client, "/nlp/v1/texts:analyze", encoded("texts", texts)) in {200, 422}

    assert turns.longest < LONGEST_TURN_SECONDS


@pytest.mark.parametrize("content", [b"[" * 5 * MEGABYTE, b'{"bars":[' + b"1," * 2 * MEGABYTE + b"1]}"], ids=["[", "1"])
@pytest.mark.parametrize(
    ("service", "method", "path"),
    [
        ("market_impact", "PUT", "/impact/v1/bars"),
        ("market_impact", "POST", "/impact/v1/event-studies"),
        ("nlp", "POST", "/nlp/v1/texts:analyze"),
        ("alerts", "POST", "/alerts/v1/signals:evaluate"),
        ("news_ingestion", "POST", "/news/v1/articles"),
    ],
)
async def test_services_serve_others_while_they_read_the_largest_json(
    start_service: StartService, service: str, method: str, path: str, content: bytes
):
    settings = {"nlp": {"nlp_model": "fast"}, "news_ingestion": {"fetch_enabled": False}}.get(service, {})
    async with start_service(service, **settings) as running, observed_turns() as turns:
        assert await post(running.client, path, content, method) in {400, 422}

    assert turns.longest < LONGEST_TURN_SECONDS


@pytest.mark.parametrize(
    "items",
    [
        "".join(f"<item><title>T {n} of Acme</title><link>http://a.b/{n}</link></item>" for n in range(3_000)),
        f"<item><title>Acme</title><link>http://a.b/1</link>{'<a>' * 50_000}{'</a>' * 50_000}</item>",
        f"<item><title>Acme</title><link>http://a.b/2</link><description>{'&lt;div>' * 100_000}</description></item>",
    ],
    ids=["many entries", "nested elements", "nested markup"],
)
async def test_news_ingestion_serves_others_while_it_takes_in_a_hostile_feed(start_service: StartService, items: str):
    site = FeedSite({"/rss": Feed(f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>".encode())})
    async with (
        start_service("news_ingestion", fetch_enabled=False) as news,
        httpx.AsyncClient(mounts={"all://feeds.test": httpx.ASGITransport(site)}) as client,
    ):
        news.app.state.engine = replace(news.engine, provider_client=provider_client_over(client, news.engine.settings))
        given = {"kind": "rss", "name": "Hostile", "url": "http://feeds.test/rss"}
        source = (await news.client.post("/news/v1/sources", json=given)).json()
        async with observed_turns() as turns:
            run = await news.client.post(f"/news/v1/sources/{source['source_id']}:fetch", timeout=120)

    assert run.status_code == 200
    assert sum(run.json()["articles"].values()) >= items.count("<item>")
    assert turns.longest < LONGEST_TURN_SECONDS
