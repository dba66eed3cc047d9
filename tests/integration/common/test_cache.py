"""The cache: what it keeps, and that its outage is a miss and never an error."""

from prometheus_client import CollectorRegistry

from common.access.cache import Cache


async def test_values_are_kept_and_forgotten(redis: str) -> None:
    async with Cache(redis, "test", CollectorRegistry()) as cache:
        await cache.put("a", "1", seconds=60)
        kept = await cache.get("a")
        await cache.forget("a")

        assert kept == "1"
        assert await cache.get("a") is None


async def test_an_outage_is_a_miss_and_is_counted() -> None:
    registry = CollectorRegistry()
    async with Cache("redis://127.0.0.1:9/0", "test", registry) as cache:
        await cache.put("a", "1", seconds=60)

        assert await cache.get("a") is None
        assert await cache.run("return 1", "n", ()) is None
        assert registry.get_sample_value("cache_requests_total", {"result": "error"}) == 3
