"""A release on trial beside the one that serves, on the same databases: it answers, and works at nothing else."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from common.gateway import SERVICES
from standalone.api_client import system_client
from standalone.replay.bar_files import import_bars
from standalone.sample.files import bars_path
from standalone.system.processes import ProcessSystem, held_ports, process_system
from tests.emulators.feeds import RSS
from tests.emulators.webhook_receiver import Fault, RequestReceiver, WebhookReceiver, serve

_WORDS = ("quarterly", "annual", "weekly", "monthly", "daily")
ARTICLES = [
    {
        "title": f"Apple beats {word} profit estimates and raises its dividend",
        "url": f"https://wire.example/{word}",
        "published_at": f"2015-01-{number:02}T21:30:00Z",
    }
    for number, word in enumerate(_WORDS, start=5)
]
# Longer than any worker waits before it looks for work.
_SEVERAL_POLLS_SECONDS = 4.0
WORK = {
    "outbox_delivered_total": {"news_ingestion", "nlp", "market_impact"},
    "news_fetches_total": {"news_ingestion"},
    "alert_delivery_attempts_total": {"alerts"},
}


@pytest.fixture
async def on_trial(
    backing_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ProcessSystem]:
    """Four canaries behind Envoy; nobody serves beside them."""
    shared = {
        **backing_environment,
        "OUTBOX_POLL_SECONDS": "0.2",
        "FETCH_ALLOW_PRIVATE_ADDRESSES": "true",
        "ALLOW_PRIVATE_ADDRESSES": "true",
        "POD_APP": "as-the-deployment",
    }
    for name, value in shared.items():
        monkeypatch.setenv(name, value)
    async with process_system(tmp_path, 0) as system:
        yield system


async def work_done(system: ProcessSystem) -> dict[str, set[str]]:
    """Return which services of a system count work of each kind of their own."""
    done: dict[str, set[str]] = {metric: set() for metric in WORK}
    async with httpx.AsyncClient(trust_env=False) as http:
        for service in SERVICES:
            shown = (await http.get(f"http://127.0.0.1:{system.ports[service.name]}/metrics")).text
            for metric, services in done.items():
                values = re.findall(rf"^{metric}(?:\{{.*\}})? (\S+)$", shown, re.MULTILINE)
                if sum(map(float, values)) > 0:
                    services.add(service.name)
    return done


async def test_canaries_answer_requests_and_leave_all_other_work_to_the_pods_that_serve(
    on_trial: ProcessSystem,
) -> None:
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(serve(RequestReceiver()))
        site.faults.append(Fault(200, {"Content-Type": "application/rss+xml"}, body=RSS))
        desk = await stack.enter_async_context(serve(WebhookReceiver()))
        client = await stack.enter_async_context(system_client(on_trial.address))
        await import_bars(client, bars_path())
        hook = {"name": "desk", "kind": "webhook", "url": desk.url}
        await client.request("POST", "/alerts/v1/receivers", json=hook)
        rule = {"name": "any news", "when": {"tickers": ["AAPL"]}, "group_wait_seconds": 0, "receivers": ["desk"]}
        await client.request("POST", "/alerts/v1/rules", json=rule)
        feed = {"kind": "rss", "name": "Example Wire", "url": site.url}
        await client.request("POST", "/news/v1/sources", json=feed)

        posted = await client.request("POST", "/news/v1/articles", json={"articles": ARTICLES})
        await asyncio.sleep(_SEVERAL_POLLS_SECONDS)

        assert {article["status"] for article in posted["data"]} == {"created"}
        assert await work_done(on_trial) == {metric: set() for metric in WORK}
        assert site.arrivals == []
        assert (await client.request("GET", "/nlp/v1/counts"))["counts"]["analysed"] == 0

        serving = await _serve_beside(on_trial, stack)
        notices = await desk.wait_for(1, seconds=60)
        async with asyncio.timeout(60):
            while (await client.request("GET", "/alerts/v1/counts"))["counts"]["received"] < len(ARTICLES):
                await asyncio.sleep(0.1)
        await asyncio.sleep(_SEVERAL_POLLS_SECONDS)

        # The gateway leads to the canaries all the time: each hand-over arrives there, and goes on from beside them.
        assert await work_done(serving) == WORK
        assert await work_done(on_trial) == {metric: set() for metric in WORK}
        assert len(site.arrivals) == 1
        assert notices
        assert len({notice.webhook_id for notice in desk.arrivals}) == len(desk.arrivals)


async def _serve_beside(system: ProcessSystem, stack: AsyncExitStack) -> ProcessSystem:
    """Start the four services once more, as the pods that serve."""
    ports = stack.enter_context(held_ports(0, len(SERVICES) - 1))
    serving = replace(
        system,
        ports={service.name: port for service, port in zip(SERVICES, ports, strict=True)},
        environment={**system.environment, "POD_APP": "as-the-deployment-primary"},
        processes={},
    )
    stack.push_async_callback(serving.stop)
    for service in SERVICES:
        await serving.start_service(service)
    for service in SERVICES:
        await serving.wait_until_ready(service)
    return serving
