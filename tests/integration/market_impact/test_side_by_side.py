"""What is held in memory stays right when requests that wait for the database overlap."""

import asyncio

from market_impact.caches.price_cache import PriceCache
from tests.conftest import RunningService
from tests.integration.market_impact.conftest import StartImpact


async def test_prices_that_another_request_sheds_are_still_there_for_this_one(impact: StartImpact) -> None:
    async with impact() as service:
        engine = service.engine
        # Room for the benchmark alone: whatever one request loads, the other sheds.
        prices = PriceCache(engine.settings.benchmark_ticker, 1)

        async def series(ticker: str) -> list[str]:
            async with service.database.reading() as connection:
                return sorted((await prices.market(connection, [ticker], engine.calendar())).series)

        found = await asyncio.gather(*(series(ticker) for ticker in ("ACME", "BETA") * 10))

    assert found == [["ACME"], ["BETA"]] * 10
    assert len(prices) == 1


async def test_past_events_are_read_by_one_request_after_the_other(impact: StartImpact) -> None:
    async with impact() as service:
        evidence = service.engine.evidence

        async def refresh(of: RunningService) -> int:
            async with of.database.transaction() as connection:
                number: int = await evidence.refresh(connection)
                return number

        numbers = await asyncio.gather(*(refresh(service) for _ in range(20)))

    assert len(set(numbers)) == 20
