"""PostgreSQL stops while a service runs: callers are told so, and afterwards everything goes on."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from standalone.embedded.servers import EmbeddedPostgres
from tests.toy_service import Settings, create_app


@pytest.fixture
def own_postgres() -> Iterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="mia-fault-postgres-"))
    server = EmbeddedPostgres(folder / "data", is_durable=False)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_stopped_postgres_is_a_503_and_loses_nothing(own_postgres: EmbeddedPostgres) -> None:
    url = make_url(own_postgres.url).set(database="postgres").render_as_string(hide_password=False)
    settings = Settings(database_url=url, db_connection_timeout=2_000, outbox_poll_seconds=0.1)
    handed_over: list[httpx.Request] = []

    def neighbour(request: httpx.Request) -> httpx.Response:
        handed_over.append(request)
        return httpx.Response(200, json={"data": [{"index": 0, "status": "stored"}]})

    app = create_app(settings, transport=httpx.MockTransport(neighbour))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")
    async with app.router.lifespan_context(app), client:
        await client.post("/toy/v1/notes:batch", json={"notes": [{"text": "before"}]})
        await asyncio.to_thread(own_postgres.stop)

        refused = await client.post("/toy/v1/notes:batch", json={"notes": [{"text": "meanwhile"}]})
        unready = await client.get("/ready")
        alive = await client.get("/health")
        await asyncio.to_thread(own_postgres.start)
        accepted = await client.post("/toy/v1/notes:batch", json={"notes": [{"text": "after"}]})
        notes = (await client.get("/toy/v1/notes")).json()["data"]

        assert refused.status_code == 503
        assert refused.json()["code"] == "database_unavailable"
        assert refused.headers["retry-after"] == "5"
        assert unready.status_code == 503
        assert unready.json()["detail"].startswith("database: DatabaseUnavailable")
        assert alive.status_code == 200
        assert accepted.status_code == 200
        assert {note["text"] for note in notes} == {"before", "after"}
        async with asyncio.timeout(20):
            while len(handed_over) < 2:
                await asyncio.sleep(0.05)
