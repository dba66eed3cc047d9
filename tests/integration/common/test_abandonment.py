"""Work that nobody waits for ends: over a real socket, in one process, and when the caller's time is up."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import func, insert, select, text

from common.clock import SYSTEM_CLOCK, uuid7
from common.gateway import DEADLINE_HEADER
from tests.conftest import RunningService, StartService
from tests.toy_service import NOTE

WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
BATCH = {"notes": [{"text": "first"}, {"text": "held"}]}
PATH = "/toy/v1/notes:batch"


@asynccontextmanager
async def over_a_socket(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Serve a started app by uvicorn, and yield a client of it."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    listener = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def held_note(service: RunningService) -> AsyncIterator[None]:
    """Let every request that writes the note `held` wait, for as long as the block runs."""
    async with service.database.transaction() as connection:
        row = {"note_id": uuid7(), "text": "held", "created_at": SYSTEM_CLOCK.now()}
        await connection.execute(insert(NOTE).values(**row))
        yield
        await connection.rollback()


async def until_waiting(service: RunningService, count: int) -> None:
    async with asyncio.timeout(10), service.database.reading() as connection:
        while await connection.scalar(WAITING) != count:
            await asyncio.sleep(0.01)


async def notes(service: RunningService) -> int:
    async with service.database.reading() as connection:
        return await connection.scalar(select(func.count()).select_from(NOTE)) or 0


@pytest.mark.parametrize("idempotency_key", [None, "once"])
async def test_a_caller_that_disconnects_rolls_its_write_back(toy: StartService, idempotency_key: str | None) -> None:
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    async with toy() as service, over_a_socket(service.app) as client:
        async with held_note(service):
            posting = asyncio.create_task(client.post(PATH, json=BATCH, headers=headers, timeout=30))
            await until_waiting(service, 1)

            posting.cancel()

            # While the note is still held: the handler did not wait for it.
            await until_waiting(service, 0)
        assert await notes(service) == 0
        assert (await service.client.get("/toy/v1/counts")).json()["outbox_pending"] == 0


async def test_a_caller_whose_client_times_out_rolls_its_write_back(toy: StartService) -> None:
    async with toy() as service, over_a_socket(service.app) as client, held_note(service):
        posting = asyncio.create_task(client.post(PATH, json=BATCH, timeout=2))
        await until_waiting(service, 1)
        with pytest.raises(httpx.ReadTimeout):
            await posting

        await until_waiting(service, 0)


async def test_in_one_process_a_call_that_is_given_up_is_cancelled_too(toy: StartService) -> None:
    async with toy() as service, held_note(service):
        posting = asyncio.create_task(service.client.post(PATH, json=BATCH))
        await until_waiting(service, 1)

        posting.cancel()

        await until_waiting(service, 0)


async def test_the_seconds_a_caller_allows_end_its_request(toy: StartService) -> None:
    async with toy() as service, over_a_socket(service.app) as client:
        async with held_note(service):
            response = await client.post(PATH, json=BATCH, headers={DEADLINE_HEADER: "0.3"}, timeout=30)

            assert response.status_code == 504
            assert response.json()["code"] == "deadline_exceeded"
            await until_waiting(service, 0)
        assert await notes(service) == 0


@pytest.mark.parametrize("seconds", ["soon", "-1", "1e9", "", "0x10", "nan", "\u0663"])
async def test_seconds_that_are_none_are_passed_over(toy: StartService, seconds: str) -> None:
    async with toy() as service:
        headers = {DEADLINE_HEADER.encode(): seconds.encode()}
        response = await service.client.post(PATH, json=BATCH, headers=headers)

        assert response.status_code == 200


async def test_a_connection_serves_again_after_a_slow_request(toy: StartService) -> None:
    async with toy() as service, over_a_socket(service.app) as client:
        async with held_note(service):
            posting = asyncio.create_task(client.post(PATH, json=BATCH, timeout=30))
            await until_waiting(service, 1)
            # Long enough for the service to listen for the caller's end.
            await asyncio.sleep(0.3)
        assert (await posting).status_code == 200

        again = await client.get("/toy/v1/notes")

        assert {note["text"] for note in again.json()["data"]} == {"first", "held"}


async def test_a_stream_goes_on_and_ends_with_its_reader(toy: StartService) -> None:
    async with toy() as service, over_a_socket(service.app) as client:
        async with client.stream("GET", "/toy/v1/stream", timeout=10) as stream:
            lines = stream.aiter_lines()
            await anext(lines)
            await asyncio.sleep(0.3)
            await service.client.post(PATH, json={"notes": [{"text": "news"}]})
            async with asyncio.timeout(10):
                while "news" not in await anext(lines):
                    pass

        assert (await client.get("/toy/v1/notes")).status_code == 200


async def test_an_abandoned_request_is_no_server_error_in_the_metrics(toy: StartService) -> None:
    async with toy() as service, over_a_socket(service.app) as client, held_note(service):
        posting = asyncio.create_task(client.post(PATH, json=BATCH, timeout=30))
        await until_waiting(service, 1)

        posting.cancel()

        async with asyncio.timeout(10):
            while 'status="499"' not in (counted := await requests_counted(service)):
                await asyncio.sleep(0.01)
        assert 'status="500"' not in counted


async def requests_counted(service: RunningService) -> str:
    lines = (await service.client.get("/metrics")).text.splitlines()
    return "\n".join(line for line in lines if line.startswith("http_requests_total{"))
