"""The second half of a fuzz campaign: feeds, each wrong in something, fetched by the real fetcher."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import uvicorn

from standalone.api_client import SystemClient
from tests.fuzz.feeds import HostileSite
from tests.fuzz.findings import Figures
from tests.fuzz.fuzz import Fuzz, say
from tests.fuzz.server import Server
from tests.fuzz.wire import Answer

_READERS = 12
_FETCH_SECONDS = 60.0
_PATIENCE_SECONDS = 240.0


async def fuzz_feeds(server: Server, site: HostileSite, address: str, fuzz: Fuzz, figures: Figures) -> None:
    """Let the server fetch through several sources at once; the site answers each request with the next feed."""
    begun = time.monotonic()
    async with httpx.AsyncClient(base_url=server.address, timeout=_FETCH_SECONDS, trust_env=False) as http:
        client = SystemClient(http, patience_seconds=_PATIENCE_SECONDS)
        before = await _count_fetches(client)
        left = iter(range(fuzz.n_feeds))

        async def read(reader: _Reader) -> None:
            await reader.make_source()
            for number in left:
                await reader.fetch()
                if number == fuzz.n_feeds // 5:
                    figures.memory_mb["after a fifth of the feeds"] = round(server.memory_mb(), 1)
                if number % 1_000 == 999:
                    say(f"{number + 1} feeds, {figures.times_failed.total()} failures, {server.memory_mb():.0f} MB")

        names = [f"robotics{number}" if number % 4 == 3 else str(number) for number in range(_READERS)]
        readers = [_Reader(http, client, site, address, fuzz, figures, name) for name in names]
        await asyncio.gather(*map(read, readers))
        figures.n_feeds = sum(reader.n_fetched for reader in readers)
        figures.n_recorded = await _count_fetches(client) - before
    figures.memory_mb["after the feeds"] = round(server.memory_mb(), 1)
    figures.seconds["feeds"] = round(time.monotonic() - begun, 1)


@dataclass(slots=True)
class _Reader:
    """One source, and the feeds it is served; a source that failed keeps its lease, so another one goes on."""

    http: httpx.AsyncClient
    client: SystemClient
    site: HostileSite
    address: str
    fuzz: Fuzz
    figures: Figures
    name: str
    n_fetched: int = 0
    n_sources: int = 0
    source_id: str = field(default="")

    async def make_source(self) -> None:
        """Make a source that is fetched when told, and not by itself."""
        self.n_sources += 1
        label = f"fuzz {self.name} {self.n_sources}"
        given: dict[str, object] = {"name": label, "is_enabled": False, "interval_seconds": 86_400.0}
        if self.name.startswith("robotics"):
            given |= {"kind": "newsapi", "config": {"q": self.name}}
        else:
            given |= {"kind": "rss", "url": f"{self.address}/feed/{self.name}"}
        self.source_id = (await self.client.request("POST", "/news/v1/sources", json=given))["source_id"]

    async def fetch(self) -> None:
        """Let the next feed be fetched, and note what is wrong with the answer."""
        number = self.site.n_answered[self.name]
        answer = await self._asked()
        name = f"feed {self.name}:{number}"
        self.figures.note("feeds", answer, name)
        if answer.status != 200:
            text = answer.body.decode("utf-8", "replace")[:300]
            self.figures.fail(f"fetch {answer.status}", f"{answer.status} for {name}: {text}")
            await self.make_source()
        elif answer.seconds > self.fuzz.max_seconds:
            await self._judge_slow(number, name, answer)

    async def _judge_slow(self, number: int, name: str, answer: Answer) -> None:
        """Fetch the same feed twice more: other programs of the machine may be in the way once."""
        seconds = [answer.seconds]
        for _ in range(2):
            self.site.repeat(self.name, number)
            seconds.append((await self._asked()).seconds)
        if min(seconds) > self.fuzz.max_seconds:
            self.figures.fail("slow fetch", f"slow ({', '.join(f'{each:.1f}' for each in seconds)} s): {name}")

    async def _asked(self) -> Answer:
        started = time.monotonic()
        self.n_fetched += 1
        try:
            response = await self.http.post(f"/news/v1/sources/{self.source_id}:fetch")
        except httpx.TransportError as error:
            return Answer(0, repr(error).encode(), time.monotonic() - started)
        return Answer(response.status_code, response.content, time.monotonic() - started)


async def _count_fetches(client: SystemClient) -> int:
    """Count the entries of the ledger, page by page."""
    return sum([1 async for _ in client.pages("/news/v1/fetches")])


@asynccontextmanager
async def served(site: HostileSite) -> AsyncIterator[str]:
    """Serve the site on a free port of loopback while the block runs; yields its address."""
    config = uvicorn.Config(site, host="127.0.0.1", port=0, log_level="critical", lifespan="off", ws="none")
    serving = uvicorn.Server(config)
    # The program's own signal handling stays as it is.
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
