"""Replays a file of articles through a running system, and checks that the counts of every hop add up."""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.progress import Progress, TaskID
from rich.table import Table

from common.contracts.json import JSONObject
from common.gateway import MARKET_IMPACT, NEWS_INGESTION, NLP, SERVICES
from standalone.api_client import RequestRefusedError, SystemClient
from standalone.progress import progress_bar
from standalone.replay.article_files import read_articles
from standalone.replay.pipeline_counts import Balance, Counts, Snapshot, balances, take_snapshot

_POLL_SECONDS = 0.2
# Without any movement for so long, something downstream is broken; the replay says so and ends.
_STALLED_SECONDS = 120.0
# How each hop counts what it has finished.
_FINISHED: dict[str, tuple[str, ...]] = {
    NEWS_INGESTION.name: ("received",),
    NLP.name: ("analysed", "retracted"),
    MARKET_IMPACT.name: ("received",),
    "alerts": ("received",),
}


@dataclass(slots=True)
class ReplayReport:
    """What a replay did; times are in seconds."""

    sent: int
    seconds: float
    answers: Counter[str]
    counted: Counts
    dead_letters: dict[str, int]
    finished_after: dict[str, float]
    latency_ms: dict[str, float] = field(default_factory=dict)

    @property
    def balances(self) -> list[Balance]:
        """Return what must be equal when nothing was lost."""
        return balances(self.counted, self.dead_letters)

    @property
    def adds_up(self) -> bool:
        """Tell whether nothing was lost and nothing counted twice."""
        return self.sent == self.counted[NEWS_INGESTION.name]["received"] and all(item.holds for item in self.balances)


async def replay(client: SystemClient, articles: Sequence[JSONObject], *, batch_items: int) -> ReplayReport:
    """Post `articles` in order, wait until the last of them has come out at the end, and return the counts.

    Raises
    ------
    RequestRefusedError
        The system refused a batch as a whole, or nothing moves any more.
    """
    before = await take_snapshot(client)
    started = time.monotonic()
    answers: Counter[str] = Counter()
    with progress_bar() as progress:
        posting = progress.add_task("articles posted", total=len(articles))
        for start in range(0, len(articles), batch_items):
            batch = articles[start : start + batch_items]
            body = await client.request("POST", f"{NEWS_INGESTION.base_path}/articles", json={"articles": batch})
            answers.update(answer["status"] for answer in body["data"])
            progress.advance(posting, len(batch))
        after, finished_after = await _wait_until_settled(client, before, progress, started)
    dead_letters = {name: count - before.dead_letters[name] for name, count in after.dead_letters.items()}
    report = ReplayReport(
        sent=len(articles),
        seconds=max(finished_after.values()),
        answers=answers,
        counted=after.since(before),
        dead_letters=dead_letters,
        finished_after=finished_after,
    )
    if report.counted[MARKET_IMPACT.name]["impacts"]:
        report.latency_ms = await measure_latency(client)
    return report


async def _wait_until_settled(
    client: SystemClient, before: Snapshot, progress: Progress, started: float
) -> tuple[Snapshot, dict[str, float]]:
    """Return the snapshot in which nothing is on its way, and when each hop counted its last item."""
    tasks: dict[str, TaskID] = {
        service.name: progress.add_task(f"{service.title} finished", total=None) for service in SERVICES
    }
    done = dict.fromkeys(tasks, -1)
    finished_after = dict.fromkeys(tasks, 0.0)
    moved_at = time.monotonic()
    while True:
        snapshot = await take_snapshot(client)
        counted = snapshot.since(before)
        for name, task in tasks.items():
            count = sum(counted[name].get(key, 0) for key in _FINISHED[name])
            if count != done[name]:
                done[name], finished_after[name] = count, snapshot.taken_at - started
                moved_at = time.monotonic()
            progress.update(task, completed=count, total=count + snapshot.pending[name])
        if snapshot.is_settled:
            return snapshot, finished_after
        if time.monotonic() - moved_at > _STALLED_SECONDS:
            waiting = ", ".join(f"{count:,} in {name}" for name, count in snapshot.pending.items() if count)
            raise RequestRefusedError(f"nothing moved for {_STALLED_SECONDS:.0f} s; still waiting: {waiting}")
        await asyncio.sleep(_POLL_SECONDS)


async def measure_latency(client: SystemClient) -> dict[str, float]:
    """Return the median milliseconds of each hop over the 200 latest impacts, from their own lineage."""
    page = await client.request("GET", f"{MARKET_IMPACT.base_path}/impacts", params={"limit": 200})
    hops = {"received → analysed": ("received_at", "analysed_at"), "analysed → scored": ("analysed_at", "scored_at")}
    found: dict[str, list[float]] = {name: [] for name in hops}
    for impact in page["data"]:
        lineage = impact["lineage"]
        for name, (start, end) in hops.items():
            if lineage[start] and lineage[end]:
                elapsed = datetime.fromisoformat(lineage[end]) - datetime.fromisoformat(lineage[start])
                found[name].append(elapsed.total_seconds() * 1000)
    return {name: statistics.median(values) for name, values in found.items() if values}


def read_all(path: Path) -> list[JSONObject]:
    """Return every article of the file; one broken row is found before anything is posted."""
    return list(read_articles(path))


def replay_tables(report: ReplayReport) -> list[Table]:
    """Return the report as tables: the counts at every hop, and the sums."""
    counts = Table(title=f"{report.sent:,} articles in {report.seconds:.2f} s: {report.sent / report.seconds:,.0f}/s")
    for column, justify in (("hop", "left"), ("counted", "left"), ("items", "right"), ("finished after s", "right")):
        counts.add_column(column, justify=justify)  # type: ignore[arg-type]
    for service in SERVICES:
        for number, (name, value) in enumerate(report.counted[service.name].items()):
            after = f"{report.finished_after[service.name]:.2f}" if number == 0 else ""
            counts.add_row(service.title if number == 0 else "", name.replace("_", " "), f"{value:,}", after)
        counts.add_section()
    for name, milliseconds in report.latency_ms.items():
        counts.add_row("median ms", name, f"{milliseconds:,.1f}", "")
    sums = Table(title="balances")
    sums.add_column("sum")
    sums.add_column("agrees")
    for balance in report.balances:
        sums.add_row(str(balance), "[green]yes[/]" if balance.holds else "[bold red]NO[/]")
    return [counts, sums]
