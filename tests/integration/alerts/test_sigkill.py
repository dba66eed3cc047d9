"""A process killed at any moment loses no alert and makes none twice."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from datetime import timedelta

import httpx

from tests.builders.impacts import PUBLISHED_AT, impact
from tests.conftest import SECRETS_KEY
from tests.integration.alerts.conftest import deliver_due, running
from tests.system import free_port

N_BATCHES = 12
BATCH = 20


async def start(port: int, database_url: str) -> asyncio.subprocess.Process:
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "SECRETS_KEY": SECRETS_KEY,
        "ALLOW_PRIVATE_ADDRESSES": "true",
        "SEED_DEFAULT_RULES": "false",
        "NOTIFICATION_POLL_SECONDS": "0.05",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "uvicorn", "--factory", "alerts.app:create_app", "--port", str(port), "--log-level", "error"),
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with httpx.AsyncClient() as client, asyncio.timeout(60):
        while True:
            with suppress(httpx.TransportError):
                if (await client.get(f"http://127.0.0.1:{port}/ready")).status_code == 200:
                    return process
            await asyncio.sleep(0.05)


async def hand_over(client: httpx.AsyncClient, batch: str) -> bool:
    """Send a batch as the relay of market impact does, and return whether it was taken."""
    try:
        response = await client.post(
            "/alerts/v1/signals", content=batch, headers={"Content-Type": "application/json"}, timeout=20
        )
    except httpx.TransportError:
        return False
    return response.is_success


async def test_a_killed_process_loses_no_alert_and_makes_none_twice(start_service, webhook, clock):
    batches = [
        [impact(ticker=f"T{n}", published_at=PUBLISHED_AT + timedelta(days=number)) for n in range(BATCH)]
        for number in range(N_BATCHES)
    ]
    texts = ['{"impacts":[' + ",".join(each.model_dump_json() for each in batch) + "]}" for batch in batches]
    async with running(start_service, clock=clock) as alerts:
        await alerts.runtime.stop_workers()
        await alerts.receiver(url=webhook.url)
        await alerts.rule(receivers=["desk"])
        url = alerts.runtime.settings.database_url.get_secret_value()
        port = free_port()
        victim = await start(port, url)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            sending = [asyncio.create_task(hand_over(client, text)) for text in texts]
            await webhook.wait_for(5)
            victim.send_signal(signal.SIGKILL)
            taken = await asyncio.gather(*sending)
        await victim.wait()

        # What was not acknowledged is handed over again; leases of the dead process have run out.
        for text, was_taken in zip(texts, taken, strict=True):
            if not was_taken:
                assert await hand_over(alerts.client, text)
        clock.advance(200)
        dispatcher = alerts.dispatcher()
        await deliver_due(dispatcher)
        counts = (await alerts.get("/counts"))["counts"]

    assert counts["received"] == counts["alerts"] == counts["deliveries"] == counts["delivered"] == N_BATCHES * BATCH
    assert len(webhook.taken()) == N_BATCHES * BATCH
    assert len({arrival.data["alert_id"] for arrival in webhook.arrivals}) == N_BATCHES * BATCH
