"""A fuzz campaign: hostile requests and hostile feeds against `mia up`, watched from outside."""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn

from common.gateway import MARKET_IMPACT, NEWS_INGESTION, NLP
from standalone.api_client import system_client
from standalone.bar_files import import_bars
from standalone.sample.files import bars_path
from tests.fuzz.cases import CaseMaker
from tests.fuzz.feeds import HostileSite, feed_texts
from tests.fuzz.findings import Figures, complaint
from tests.fuzz.server import Server, documents, running_server
from tests.fuzz.wire import Answer, Case, exchange

_CLIENTS = 3
_SOURCES = 12
_FETCH_SECONDS = 60.0
_DRAIN_SECONDS = 180.0
_MAX_FAILURES = 25
_SENDERS = (NEWS_INGESTION, NLP, MARKET_IMPACT)
REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "data" / "feeds"


@dataclass(frozen=True, slots=True)
class Fuzz:
    """What is tried; `memory_growth_mb` is allowed between the first fifth and the end, `max_seconds` for an answer."""

    seed: int
    n_requests: int = 10_000
    n_feeds: int = 10_000
    memory_growth_mb: float = 150.0
    max_seconds: float = 2.0


async def run_fuzz(fuzz: Fuzz) -> Figures:
    """Run the campaign and return its figures."""
    figures = Figures(fuzz.seed)
    site = HostileSite(fuzz.seed, feed_texts(REFERENCE))
    async with (
        _served(site) as address,
        running_server(NEWSAPI_URL=f"{address}/v2") as server,
        _watched(server, figures),
    ):
        figures.memory_mb["started"] = round(server.memory_mb(), 1)
        async with system_client(server.address) as client:
            await import_bars(client, bars_path())
        await _fuzz_requests(server, fuzz, figures)
        await _fuzz_feeds(server, site, address, fuzz, figures)
        await _drain(server, figures)
        _judge(server, fuzz, figures)
    return figures


@asynccontextmanager
async def _watched(server: Server, figures: Figures) -> AsyncIterator[None]:
    """Ask `/health` all the time while the block runs: how long it is silent is how long the event loop stood."""
    asking = asyncio.create_task(_ask_health(server, figures))
    try:
        yield
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def _ask_health(server: Server, figures: Figures) -> None:
    while True:
        answer = await exchange(server.host, server.port, Case("GET", "/health"))
        figures.longest_silence_seconds = max(figures.longest_silence_seconds, answer.seconds)
        await asyncio.sleep(0.05)


async def _fuzz_requests(server: Server, fuzz: Fuzz, figures: Figures) -> None:
    begun = time.monotonic()
    maker = CaseMaker(await documents(server), random.Random(f"requests {fuzz.seed}"))
    left = iter(range(fuzz.n_requests))

    async def send(case: Case) -> Answer:
        return await exchange(server.host, server.port, case)

    async def client() -> None:
        for number in left:
            case = maker.make()
            answer = await send(case)
            figures.n_requests += 1
            figures.note(answer, case.operation)
            if answer.status in {200, 201}:
                maker.learn(answer.body)
            if len(figures.failures) < _MAX_FAILURES:
                wrong = await complaint(send, case, answer, server.address, fuzz.max_seconds)
                figures.failures += [f"request {number}: {wrong}"] if wrong else []
            if number == fuzz.n_requests // 5:
                figures.memory_mb["after a fifth of the requests"] = round(server.memory_mb(), 1)
            if number % 1_000 == 999:
                say(f"{number + 1} requests, {len(figures.failures)} failures, {server.memory_mb():.0f} MB")

    await asyncio.gather(*(client() for _ in range(_CLIENTS)))
    figures.memory_mb["after the requests"] = round(server.memory_mb(), 1)
    figures.seconds["requests"] = round(time.monotonic() - begun, 1)


async def _fuzz_feeds(server: Server, site: HostileSite, address: str, fuzz: Fuzz, figures: Figures) -> None:
    """Let the server fetch through several sources at once; the site answers each request with the next feed."""
    begun = time.monotonic()
    async with httpx.AsyncClient(base_url=server.address, timeout=_FETCH_SECONDS, trust_env=False) as http:
        sources = [await _source(http, number, address) for number in range(_SOURCES)]
        before = await _count_fetches(http)
        left = iter(range(fuzz.n_feeds))

        async def fetch(source_id: str) -> None:
            for number in left:
                first = site.n_answered
                started = time.monotonic()
                try:
                    status, text = _told(await http.post(f"/news/v1/sources/{source_id}:fetch"))
                except httpx.TransportError as error:
                    status, text = 0, repr(error)
                figures.n_feeds += 1
                figures.note(Answer(status, b"", time.monotonic() - started), f"fetch of about feed {first}")
                if status != 200 and len(figures.failures) < _MAX_FAILURES:
                    figures.failures.append(f"fetch {number} (about feed {first}): {status} {text}")
                if number % 1_000 == 999:
                    say(f"{number + 1} feeds, {len(figures.failures)} failures, {server.memory_mb():.0f} MB")

        await asyncio.gather(*(fetch(source_id) for source_id in sources))
        figures.n_recorded = await _count_fetches(http) - before
    figures.memory_mb["after the feeds"] = round(server.memory_mb(), 1)
    figures.seconds["feeds"] = round(time.monotonic() - begun, 1)


def _told(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, "" if response.is_success else response.text[:300]


async def _source(http: httpx.AsyncClient, number: int, address: str) -> str:
    """Make a source that is fetched when told, and not by itself; every fourth one asks the emulated NewsAPI."""
    given: dict[str, object] = {"name": f"fuzz {number}", "is_enabled": False, "interval_seconds": 86_400.0}
    if number % 4 == 3:
        given |= {"kind": "newsapi", "config": {"q": "robotics"}}
    else:
        given |= {"kind": "rss", "url": f"{address}/feed/{number}"}
    response = await http.post("/news/v1/sources", json=given)
    source_id: str = response.raise_for_status().json()["source_id"]
    return source_id


async def _count_fetches(http: httpx.AsyncClient) -> int:
    """Count the entries of the ledger, page by page."""
    total, cursor = 0, None
    while True:
        query = {"limit": "200", **({"cursor": cursor} if cursor else {})}
        page = (await http.get("/news/v1/fetches", params=query)).raise_for_status().json()
        total, cursor = total + len(page["data"]), page["next_cursor"]
        if cursor is None:
            return total


async def _drain(server: Server, figures: Figures) -> None:
    """Wait until what the feeds brought has gone through, and count the dead letters."""
    begun = time.monotonic()
    async with system_client(server.address) as client:
        while time.monotonic() - begun < _DRAIN_SECONDS:
            counts = {one.name: await client.request("GET", f"{one.base_path}/counts") for one in _SENDERS}
            if not any(count["outbox_pending"] for count in counts.values()):
                break
            await asyncio.sleep(2.0)
        else:
            figures.failures.append(f"not everything went through within {_DRAIN_SECONDS:.0f} s")
        figures.dead_letters = {name: count["dead_letters"] for name, count in counts.items()}
        for one in _SENDERS:
            found = (await client.request("GET", f"{one.base_path}/dead-letters"))["data"]
            figures.failures += [f"dead letter of {one.name}: {str(letter['problem'])[:300]}" for letter in found[:3]]
    await asyncio.sleep(5.0)
    figures.memory_mb["at the end"] = round(server.memory_mb(), 1)
    figures.seconds["drain"] = round(time.monotonic() - begun, 1)


def _judge(server: Server, fuzz: Fuzz, figures: Figures) -> None:
    """Add what can be told only at the end."""
    if figures.n_recorded != figures.n_feeds:
        figures.failures.append(f"{figures.n_feeds - figures.n_recorded} fetches are not in the ledger")
    if figures.longest_silence_seconds > fuzz.max_seconds:
        figures.failures.append(f"/health was silent for {figures.longest_silence_seconds:.1f} s")
    early = figures.memory_mb.get("after a fifth of the requests", figures.memory_mb["started"])
    growth = figures.memory_mb["at the end"] - early
    if growth > fuzz.memory_growth_mb:
        figures.failures.append(f"memory grew by {growth:.0f} MB, more than {fuzz.memory_growth_mb:.0f}")
    if not server.process.is_running():
        figures.failures.append(f"the server ended by itself:\n{server.tail()}")


@asynccontextmanager
async def _served(site: HostileSite) -> AsyncIterator[str]:
    config = uvicorn.Config(site, host="127.0.0.1", port=0, log_level="critical", lifespan="off", ws="none")
    serving = uvicorn.Server(config)
    task = asyncio.create_task(serving._serve())
    while not serving.started:
        await asyncio.sleep(0.01)
    port = serving.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        serving.should_exit = True
        serving.force_exit = True
        await task


def say(text: str) -> None:
    """Tell the person who waits."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
