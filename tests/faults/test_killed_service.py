"""A service that is killed in the middle of a replay, and started again: nothing is lost and nothing done twice."""

import asyncio
import os
import signal
from collections import Counter

from common.gateway import MARKET_IMPACT
from standalone.api_client import system_client
from standalone.replay.bar_files import import_bars
from standalone.replay.replay import read_all, replay
from standalone.sample.files import bars_path, headlines_path
from standalone.system.processes import ProcessSystem
from standalone.system.supervision import Supervisor


async def test_a_sigkill_of_market_impact_loses_and_doubles_nothing(processes: ProcessSystem) -> None:
    articles = read_all(headlines_path())

    async def kill_and_start_again() -> None:
        async with system_client(processes.address) as watcher:
            while True:
                counts = await watcher.request("GET", "/impact/v1/counts")
                if counts["counts"]["received"] >= 20:
                    break
                await asyncio.sleep(0.01)
        process = processes.processes[MARKET_IMPACT.name]
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        await processes.start_service(MARKET_IMPACT)
        await processes.wait_until_ready(MARKET_IMPACT)

    async with system_client(processes.address) as client:
        await import_bars(client, bars_path())
        accident = asyncio.create_task(kill_and_start_again())
        report = await replay(client, articles, batch_items=10)
        await accident
        impacts = [impact async for impact in client.pages("/impact/v1/impacts")]
        alerts = [alert async for alert in client.pages("/alerts/v1/alerts")]

    keys = Counter(
        (impact["article_id"], impact["ticker"], impact["horizon_days"], impact["basis"]) for impact in impacts
    )
    assert report.adds_up, [str(balance) for balance in report.balances]
    assert max(keys.values()) == 1
    assert len(impacts) == report.counted["market_impact"]["impacts"]
    assert len({alert["alert_id"] for alert in alerts}) == report.counted["alerts"]["alerts"]


async def test_a_service_that_ends_by_itself_is_started_again(processes: ProcessSystem) -> None:
    told: list[str] = []
    supervising = asyncio.create_task(Supervisor(processes.parts(), told.append).run())
    first = processes.processes[MARKET_IMPACT.name]

    os.kill(first.pid, signal.SIGKILL)
    async with asyncio.timeout(30):
        while processes.processes[MARKET_IMPACT.name] is first:
            await asyncio.sleep(0.05)
    await processes.wait_until_ready(MARKET_IMPACT)
    supervising.cancel()

    assert told[0] == "market_impact ended with status -9; starting it again"
