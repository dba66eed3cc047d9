"""The service with a year of made-up bars of ACME, BETA and the benchmark."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from redis import Redis

from tests.builders.market import bars, sessions
from tests.conftest import RunningService, StartService

DAYS = sessions(date(2025, 1, 2), date(2025, 12, 31))
MARKET = bars("GSPC", DAYS, seed=1)
_MOVES = [0.0, *np.diff(np.log([bar["close"] for bar in MARKET])).tolist()]
ACME = bars("ACME", DAYS, seed=2, beta=1.2, market=_MOVES)
BETA = bars("BETA", DAYS, seed=3, beta=0.8, market=_MOVES)

StartImpact = Callable[..., AbstractAsyncContextManager[RunningService]]


@pytest.fixture
def impact(start_service: StartService, redis: str) -> StartImpact:
    """Starts the service with bars: `async with impact() as service`."""
    # Every service started takes a twentieth of the minute's requests from the shared counter.
    with Redis.from_url(redis) as server:
        server.flushdb()

    @asynccontextmanager
    async def start(*, given: list[dict[str, Any]] | None = None, **options: Any) -> AsyncIterator[RunningService]:
        async with start_service("market_impact", **options) as service:
            await put_bars(service, [*MARKET, *ACME, *BETA] if given is None else given)
            yield service

    return start


async def put_bars(service: RunningService, given: list[dict[str, Any]]) -> dict[str, Any]:
    """Upload bars and return the answer; nothing for none."""
    if not given:
        return {}
    response = await service.client.put("/impact/v1/bars", json={"bars": given})
    assert response.status_code == 200, response.text
    return response.json()


async def post(service: RunningService, *analyses: dict[str, Any]) -> list[str]:
    """Hand analyses over and return the status of each."""
    response = await service.client.post("/impact/v1/impacts", json={"analyses": list(analyses)})
    assert response.status_code == 200, response.text
    return [answer["status"] for answer in response.json()["data"]]


async def read(service: RunningService, path: str, status: int = 200, **query: Any) -> Any:
    """Return the JSON at `path` under `/impact/v1`."""
    response = await service.client.get(f"/impact/v1{path}", params=query)
    assert response.status_code == status, response.text
    return response.json()


async def impacts(service: RunningService, **query: Any) -> list[dict[str, Any]]:
    """Return one page of impacts."""
    return (await read(service, "/impacts", **query))["data"]


async def counts(service: RunningService) -> dict[str, int]:
    """Return the counts, which must add up."""
    found = (await read(service, "/counts"))["counts"]
    assert found["received"] == found["scored"] + found["without_linked_security"] + found["retracted"]
    return found


def at(day: date, hour: int = 15) -> datetime:
    """Return a moment of `day`; 15:00 UTC is within New York's session."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
