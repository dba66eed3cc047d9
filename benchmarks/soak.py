"""A steady load on four processes behind Envoy, for minutes or an hour: memory should stay flat.

Synthetic articles, a tenth of them long and a twentieth corrected later, at a rate and for a time given as arguments.
Prints each process's memory once a minute, then its growth after the warm-up and the rows of every table. Exit status 1
when memory grows faster than allowed, when articles are missing in the end, or when a request fails.

    python benchmarks/soak.py --minutes 60 --rate 50
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from common.gateway import SERVICES
from standalone.api_client import SystemClient, system_client
from standalone.replay.bar_files import import_bars
from standalone.sample.files import bars_path
from standalone.system.processes import ProcessSystem, process_system

COMPANIES = (
    "Apple",
    "Agilent Technologies",
    "Advance Auto Parts",
    "Acadia Pharmaceuticals",
    "Alcoa",
    "American Express",
    "Amgen",
    "Adobe",
    "Abbott Laboratories",
    "Autodesk",
)
VERBS = ("raises", "cuts", "confirms", "beats", "misses", "lifts", "lowers", "reaffirms", "narrows", "withdraws")
OBJECTS = (
    "profit outlook",
    "dividend",
    "revenue forecast",
    "buyback",
    "merger offer",
    "price target",
    "guidance",
    "margin estimate",
)
PLACES = ("Ohio", "Texas", "Bavaria", "Ontario", "Kansai", "Queensland", "Jalisco", "Lombardy", "Flanders", "Gauteng")
SYLLABLES = ("ba", "ke", "lo", "mi", "nu", "ra", "se", "ti", "vo", "zu", "dar", "fen", "gol", "hep", "jun", "pax")
FIRST_DAY = datetime(2012, 3, 1, 14, 30, tzinfo=UTC)
N_DAYS = 1_500
BATCHES_PER_SECOND = 5
DRAIN_SECONDS = 300.0


@dataclass
class Load:
    """Posts articles at an even pace, and counts what was taken."""

    client: SystemClient
    rate: int
    chance: random.Random = field(default_factory=lambda: random.Random(8))
    posted: int = 0
    failed: int = 0
    sent: list[dict[str, Any]] = field(default_factory=list)
    late_seconds: float = 0.0

    async def run(self, seconds: float) -> None:
        """Post for so many seconds; requests overlap where the system is slower than the pace."""
        size = max(1, self.rate // BATCHES_PER_SECOND)
        started, number = time.monotonic(), 0
        running: set[asyncio.Task[None]] = set()
        while (due := number * size / self.rate) < seconds:
            await asyncio.sleep(max(0.0, started + due - time.monotonic()))
            self.late_seconds = max(0.0, time.monotonic() - started - due)
            while len(running) >= 20:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                running = {task for task in running if not task.done()}
            running.add(asyncio.create_task(self._post([self._article() for _ in range(size)])))
            running = {task for task in running if not task.done()}
            number += 1
        await asyncio.gather(*running)

    async def _post(self, articles: list[dict[str, Any]]) -> None:
        try:
            answer = await self.client.request("POST", "/news/v1/articles", json={"articles": articles})
        except Exception as error:  # noqa: BLE001 - a soak counts failures and goes on
            self.failed += 1
            print(f"  a request failed: {error!r}", flush=True)
            return
        self.posted += len(answer["data"])

    def _article(self) -> dict[str, Any]:
        chance = self.chance
        if self.sent and chance.random() < 0.05:
            old = chance.choice(self.sent)
            return {**old, "title": f"{old['title']}, corrected to {chance.randrange(10**6)}"}
        made_up = "".join(chance.choices(SYLLABLES, k=4)).capitalize()
        amount = chance.randrange(1, 10**6)
        title = (
            f"{chance.choice(COMPANIES)} {chance.choice(VERBS)} {chance.choice(OBJECTS)} by {amount} million after "
            f"{made_up} deal in {chance.choice(PLACES)}"
        )
        article = {
            "title": title,
            "url": f"https://soak.example/{self.posted}/{chance.getrandbits(64):x}",
            "published_at": (FIRST_DAY + timedelta(days=chance.randrange(N_DAYS))).isoformat(),
            "source": {"name": f"Wire {chance.randrange(40)}"},
        }
        if chance.random() < 0.1:
            article["body"] = f"{title}. " * chance.randrange(2, 20)
        if len(self.sent) < 1_000:
            self.sent.append(article)
        else:
            self.sent[chance.randrange(1_000)] = article
        return article


@dataclass
class Memory:
    """Resident and private memory of each process over time, in MB."""

    processes: dict[str, psutil.Process]
    samples: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def look(self, minute: float) -> str:
        """Take a sample and return it as a line."""
        parts = []
        for name, process in self.processes.items():
            megabytes = process.memory_info().rss / 2**20
            self.samples.setdefault(name, []).append((minute, megabytes))
            parts.append(f"{name} {megabytes:.1f}")
        return ", ".join(parts)

    def slope(self, name: str, after_minute: float) -> tuple[float, float]:
        """Return the growth after the warm-up: MB a minute (least squares), and percent of the first value in all."""
        points = [point for point in self.samples[name] if point[0] >= after_minute]
        if len(points) < 2:
            return 0.0, 0.0
        mean_x = sum(x for x, _ in points) / len(points)
        mean_y = sum(y for _, y in points) / len(points)
        spread = sum((x - mean_x) ** 2 for x, _ in points)
        slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
        return slope, 100 * slope * (points[-1][0] - points[0][0]) / points[0][1]


async def row_counts(database_url: str) -> dict[str, int]:
    """Return the number of rows of each table that has any, as `service.table`."""
    found = {}
    for service in SERVICES:
        name = os.environ.get(service.database_setting, service.database_name)
        url = make_url(database_url).set(drivername="postgresql+asyncpg", database=name)
        engine = create_async_engine(url, poolclass=NullPool)
        async with engine.connect() as connection:
            tables = await connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
            for table in sorted(tables.all()):
                # The names come from PostgreSQL's own catalogue.
                count = await connection.scalar(text(f'SELECT count(*) FROM "{table}"'))
                if count:
                    found[f"{service.name}.{table}"] = int(count)
        await engine.dispose()
    return found


async def pending(client: SystemClient) -> dict[str, int]:
    """Return how many rows each service still has to hand over, and its dead letters."""
    found = {}
    for service in SERVICES:
        answer = await client.request("GET", f"{service.base_path}/counts")
        found[service.name] = answer["outbox_pending"] + answer["dead_letters"]
    return found


async def soak(system: ProcessSystem, options: argparse.Namespace) -> bool:
    """Load the system, watch it, and return whether all was well."""
    memory = Memory({name: psutil.Process(process.pid) for name, process in system.processes.items()})
    async with system_client(system.address) as client:
        await import_bars(client, bars_path())
        load = Load(client, options.rate)
        loading = asyncio.create_task(load.run(60 * options.minutes))
        started = time.monotonic()
        before = {name: process.pid for name, process in system.processes.items()}
        minute = 0
        while True:
            taken = f"{load.posted:,} articles, {load.failed} failures, {load.late_seconds:.1f} s late"
            print(f"minute {minute:>3}: {taken}; MB: {memory.look((time.monotonic() - started) / 60)}", flush=True)
            minute += 1
            await asyncio.wait({loading}, timeout=max(0.0, started + 60 * minute - time.monotonic()))
            if loading.done():
                break
        await loading
        waiting = await drained(client)
        print(f"minute {minute:>3}: {load.posted:,} articles; MB: {memory.look((time.monotonic() - started) / 60)}")
        tables = await row_counts(system.environment.get("DATABASE_URL") or os.environ["DATABASE_URL"])
    alive = before == {name: process.pid for name, process in system.processes.items()} and all(
        process.returncode is None for process in system.processes.values()
    )
    return report(memory, tables, waiting, options) and alive and not load.failed


async def drained(client: SystemClient) -> dict[str, int]:
    """Wait until every service has handed everything over, for a while, and return what is left."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while sum((left := await pending(client)).values()) and time.monotonic() < deadline:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(1.0)
    return left


def report(memory: Memory, tables: dict[str, int], waiting: dict[str, int], options: argparse.Namespace) -> bool:
    """Print the figures and return whether they are within bounds."""
    print(f"\nrows: {', '.join(f'{name} {count:,}' for name, count in tables.items())}")
    print(f"not handed over: {waiting}")
    print(f"growth after minute {options.warmup_minutes:g}:")
    is_flat = True
    for name in memory.processes:
        megabytes, percent = memory.slope(name, options.warmup_minutes)
        is_within = percent <= options.max_percent or megabytes <= options.max_mb_per_minute
        is_flat = is_flat and is_within
        print(f"  {name:<16}{megabytes:+8.3f} MB/min {percent:+7.2f} %  {'flat' if is_within else 'GROWS'}")
    print(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores", flush=True)
    return is_flat and not sum(waiting.values())


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0, help="duration of the load")
    parser.add_argument("--rate", type=int, default=50, help="articles per second")
    parser.add_argument(
        "--warmup-minutes", type=float, default=10.0, help="minutes of warm-up, whose growth does not count"
    )
    parser.add_argument("--max-percent", type=float, default=2.0, help="allowed growth after the warm-up, in percent")
    parser.add_argument(
        "--max-mb-per-minute", type=float, default=0.02, help="growth that counts as noise, in MB per minute"
    )
    return parser.parse_args(given)


async def main(options: argparse.Namespace) -> int:
    """Run the soak and return the exit status."""
    os.environ.setdefault("RATE_LIMIT_PER_MINUTE", "1000000")
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    # All news is of the past, so that every outcome is known at once: this memory fills within the warm-up.
    os.environ.setdefault("PAST_EVENTS_LIMIT", "10000")
    with tempfile.TemporaryDirectory(prefix="mia-soak-") as folder:
        # Takes free ports, waits until each listener is its own process, and stops all of them at the end.
        async with process_system(Path(folder), 0) as system:
            return 0 if await soak(system, options) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(arguments(sys.argv[1:]))))
