"""The cache: what it keeps, and that its outage is a miss and never an error."""

import contextlib

from prometheus_client import CollectorRegistry

from common.cache import Cache
from common.errors import TooManyRequests
from common.rate_limit import RateLimiter


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
        assert await cache.add("n", 1, seconds=60) is None
        assert registry.get_sample_value("cache_requests_total", {"result": "error"}) == 3


async def test_without_redis_a_limit_is_counted_per_process() -> None:
    async with Cache(None, "test", CollectorRegistry()) as cache:
        limiter = RateLimiter(cache, limit=40)

        remaining = [int((await limiter.admit("desk"))["RateLimit-Remaining"]) for _ in range(5)]

        assert remaining == sorted(remaining, reverse=True)
        assert remaining[0] == 39


async def test_replicas_share_one_limit(redis: str) -> None:
    async with Cache(redis, "shared", CollectorRegistry()) as one, Cache(redis, "shared", CollectorRegistry()) as other:
        first, second = RateLimiter(one, limit=60), RateLimiter(other, limit=60)

        admitted = 0
        for _ in range(60):
            for limiter in (first, second):
                with contextlib.suppress(TooManyRequests):
                    await limiter.admit("one desk on two replicas")
                    admitted += 1

        assert 57 <= admitted <= 120  # 60 within a minute; twice that when a minute begins in between
