"""A fuzz campaign: hostile requests and hostile feeds against `mia up`, watched from outside."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from common.gateway import MARKET_IMPACT, NEWS_INGESTION, NLP
from standalone.api_client import RequestRefusedError, system_client
from standalone.replay.bar_files import import_bars
from standalone.sample.files import bars_path
from tests.fuzz.feed_phase import fuzz_feeds, served
from tests.fuzz.feeds import HostileSite, feed_texts
from tests.fuzz.findings import Figures
from tests.fuzz.fuzz import Fuzz
from tests.fuzz.request_phase import fuzz_requests
from tests.fuzz.server import Server, running_server
from tests.fuzz.wire import Case, exchange

_DRAIN_SECONDS = 300.0
_SENDERS = (NEWS_INGESTION, NLP, MARKET_IMPACT)
REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "data" / "feeds"


async def run_fuzz(fuzz: Fuzz) -> Figures:
    """Run the campaign and return its figures."""
    figures = Figures(fuzz.seed)
    site = HostileSite(fuzz.seed, feed_texts(REFERENCE))
    async with (
        served(site) as address,
        running_server(NEWSAPI_URL=f"{address}/v2") as server,
        _watched(server, figures),
    ):
        figures.memory_mb["started"] = round(server.memory_mb(), 1)
        async with system_client(server.address) as client:
            await import_bars(client, bars_path())
        try:
            await fuzz_requests(server, fuzz, figures)
            await fuzz_feeds(server, site, address, fuzz, figures)
            await _drain(server, figures)
            _judge(server, fuzz, figures)
        except (RequestRefusedError, OSError) as error:
            # What was found so far is worth telling.
            figures.fail("ended early", f"ended early: {error!r}; the server's log ends with\n{server.tail()}")
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
            figures.fail("drain", f"not everything went through within {_DRAIN_SECONDS:.0f} s: {counts}")
        figures.dead_letters = {name: count["dead_letters"] for name, count in counts.items()}
        for one in _SENDERS:
            for letter in (await client.request("GET", f"{one.base_path}/dead-letters"))["data"]:
                figures.fail(f"dead letter of {one.name}", f"dead letter of {one.name}: {str(letter['problem'])[:400]}")
    await asyncio.sleep(5.0)
    figures.memory_mb["at the end"] = round(server.memory_mb(), 1)
    figures.seconds["drain"] = round(time.monotonic() - begun, 1)


def _judge(server: Server, fuzz: Fuzz, figures: Figures) -> None:
    """Add what can be told only at the end."""
    if figures.n_recorded != figures.n_feeds:
        figures.fail("ledger", f"{figures.n_feeds - figures.n_recorded} fetches are not in the ledger")
    if figures.longest_silence_seconds > fuzz.max_seconds:
        figures.fail("silence", f"/health was silent for {figures.longest_silence_seconds:.1f} s")
    for half, end in (("requests", "after the requests"), ("feeds", "at the end")):
        growth = figures.memory_mb[end] - figures.memory_mb.get(f"after a fifth of the {half}", figures.memory_mb[end])
        if growth > fuzz.memory_growth_mb:
            figures.fail(f"memory {half}", f"memory grew by {growth:.0f} MB in the {half}")
    if not server.process.is_running():
        figures.fail("end", f"the server ended by itself:\n{server.tail()}")
