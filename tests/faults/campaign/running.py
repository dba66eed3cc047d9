"""One campaign from beginning to end: a system, its clients, its faults, and the balances."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from standalone.api_client import system_client
from standalone.replay.bar_files import import_bars
from standalone.sample.files import bars_path
from tests.emulators.webhook_receiver import WebhookReceiver, serve
from tests.faults.campaign.balances import HopBalance, check
from tests.faults.campaign.chaos import Chaos, Done, say
from tests.faults.campaign.clients import Clients, Told
from tests.faults.campaign.plan import CORRECTED_SHARE, Plan, make_plan
from tests.faults.campaign.records import Records, read_records, waiting
from tests.faults.campaign.schedule import make_schedule
from tests.faults.campaign.system import System, running_system

_QUIET_LOOKS = 5


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is tried: how many articles, for how long, how far clocks jump, how long it may stand still afterwards."""

    seed: int
    n_articles: int = 10_000
    seconds: float = 280.0
    patience_seconds: float = 180.0
    max_jump_seconds: float = 120.0
    corrected_share: float = CORRECTED_SHARE
    has_faults: bool = True
    keep_logs: Path | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it."""

    campaign: Campaign
    plan: Plan
    told: Told
    done: Done
    ended: dict[str, dict[int, int]]
    memory_mb: dict[str, float]
    records: Records
    n_arrivals: int
    balances: list[HopBalance]
    load_seconds: float
    drain_seconds: float

    @property
    def adds_up(self) -> bool:
        """Tell whether nothing was lost, doubled, or left uncorrected, and everything arrived in time."""
        is_still = not any(self.records.waiting.values())
        return is_still and not self.told.rejected and all(balance.adds_up for balance in self.balances)


async def run_campaign(campaign: Campaign) -> Result:
    """Run it; takes its seconds, the drain, and half a minute to start and to stop."""
    say(f"campaign {campaign.seed}: starting the system")
    async with running_system(keep_logs=campaign.keep_logs) as system, _receiver(system) as receiver:
        plan = make_plan(campaign.seed, campaign.n_articles, campaign.seconds, corrected_share=campaign.corrected_share)
        faults = make_schedule(campaign.seed, campaign.seconds, max_jump_seconds=campaign.max_jump_seconds)
        chaos = Chaos(system, faults if campaign.has_faults else [])
        limits = httpx.Limits(max_connections=50)
        async with httpx.AsyncClient(base_url=system.address, limits=limits, trust_env=False) as http:
            clients = Clients(http, plan, campaign.seed)
            begun = time.monotonic()
            telling = asyncio.create_task(_tell(system, clients, chaos, receiver))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(clients.run())
                tasks.create_task(chaos.run())
            load_seconds = time.monotonic() - begun
            telling.cancel()
        await system.wait_until_ready()
        drain_seconds = await _drain(system, campaign.patience_seconds)
        records = await read_records(system)
        return Result(
            campaign=campaign,
            plan=plan,
            told=clients.told,
            done=chaos.done,
            ended={name: dict(program.ended) for name, program in system.programs.items()},
            memory_mb=system.memory_mb(),
            records=records,
            n_arrivals=len(receiver.arrivals),
            balances=check(clients.told.articles, records, receiver.arrivals),
            load_seconds=load_seconds,
            drain_seconds=drain_seconds,
        )


@asynccontextmanager
async def _receiver(system: System) -> AsyncIterator[WebhookReceiver]:
    """Serve a receiver of webhooks, with the bars imported and a rule that tells it of every impact."""
    async with serve(WebhookReceiver()) as receiver, system_client(system.address) as client:
        await import_bars(client, bars_path())
        hook = {"name": "campaign", "kind": "webhook", "url": receiver.url}
        created = await client.request("POST", "/alerts/v1/receivers", json=hook)
        receiver.secret = created["secret"]
        rule = {
            "name": "campaign",
            "group_by": ["article_id"],
            "group_wait_seconds": 0,
            "group_interval_seconds": 1,
            "repeat_interval_seconds": 31_536_000,
            "window_seconds": 86_400,
            "receivers": ["campaign"],
        }
        await client.request("POST", "/alerts/v1/rules", json=rule)
        yield receiver


async def _drain(system: System, patience_seconds: float) -> float:
    """Wait until nothing is on its way any more, or nothing has moved for so long; return the seconds that took."""
    begun = moved = time.monotonic()
    quiet, fewest = 0, math.inf
    while quiet < _QUIET_LOOKS and (now := time.monotonic()) - moved < patience_seconds:
        found = await waiting(system)
        n_waiting = sum(found.values())
        quiet = quiet + 1 if n_waiting == 0 else 0
        if n_waiting < fewest:
            fewest, moved = n_waiting, now
        if int(now - begun) % 10 == 0:
            say(f"draining: {found}")
        await asyncio.sleep(1.0)
    return time.monotonic() - begun


async def _tell(system: System, clients: Clients, chaos: Chaos, receiver: WebhookReceiver) -> None:
    while True:
        await asyncio.sleep(10.0)
        n_ended = sum(sum(program.ended.values()) for program in system.programs.values())
        say(
            f"{clients.n_left} steps left, {len(clients.told.articles)} articles accepted, "
            f"{sum(chaos.done.counts.values())} faults, {n_ended} ends of processes, {len(receiver.arrivals)} webhooks"
        )
