"""The rate limit: exactly as many requests a minute as it says, however they come and whatever Redis does."""

import asyncio
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from common.access.rate_limit import RateLimiter
from common.access.redis_scripts import RedisScripts
from common.errors import TooManyRequests
from standalone.embedded.servers import EmbeddedRedis
from tests.conftest import StartService

MINUTE = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class SetClock:
    def __init__(self, now: datetime = MINUTE) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment


def scripts(url: str | None, prefix: str) -> RedisScripts:
    return RedisScripts(url, prefix, CollectorRegistry())


async def outcomes(limiter: RateLimiter, count: int, caller: str = "desk") -> tuple[list[int], list[TooManyRequests]]:
    """Ask `count` times at once and return what was left after each admission, and the refusals."""
    answers = await asyncio.gather(*(limiter.admit(caller) for _ in range(count)), return_exceptions=True)
    left = [int(answer["RateLimit-Remaining"]) for answer in answers if isinstance(answer, dict)]
    refused = [answer for answer in answers if isinstance(answer, TooManyRequests)]
    assert len(left) + len(refused) == count, answers
    return left, refused


@pytest.fixture(params=[True, False], ids=["with redis", "without redis"])
def backing(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("redis") if request.param else None


async def test_of_a_thousand_at_once_none_is_refused_below_the_limit(backing: str | None) -> None:
    async with scripts(backing, "below") as shared:
        left, refused = await outcomes(RateLimiter(shared, 1_000_000, SetClock()), 1_000)

    assert refused == []
    assert sorted(left, reverse=True) == list(range(999_999, 998_999, -1))


@pytest.mark.parametrize("limit", [1, 7, 400, 999])
async def test_of_a_thousand_at_once_exactly_the_limit_is_admitted(backing: str | None, limit: int) -> None:
    clock = SetClock(MINUTE + timedelta(seconds=12.3))
    async with scripts(backing, f"exact{limit}") as shared:
        left, refused = await outcomes(RateLimiter(shared, limit, clock), 1_000)

    assert sorted(left) == list(range(limit))
    assert {error.headers["Retry-After"] for error in refused} == {"48"}
    assert {error.headers["RateLimit-Remaining"] for error in refused} == {"0"}


async def test_replicas_share_one_budget_and_use_it_up(redis: str) -> None:
    async with scripts(redis, "shared") as one, scripts(redis, "shared") as other:
        replicas = [RateLimiter(each, 700, SetClock()) for each in (one, other)]
        # One of them has used a little and then falls silent: what it leaves is the other's.
        await outcomes(replicas[0], 3)
        results = await asyncio.gather(outcomes(replicas[1], 500), outcomes(replicas[1], 500))

    assert sum(len(left) for left, _ in results) == 697


async def test_three_replicas_at_once_admit_exactly_the_limit(redis: str) -> None:
    async with scripts(redis, "three") as one, scripts(redis, "three") as two, scripts(redis, "three") as three:
        replicas = [RateLimiter(each, 500, SetClock()) for each in (one, two, three)]
        results = await asyncio.gather(*(outcomes(each, 300) for each in replicas))

    assert sum(len(left) for left, _ in results) == 500


async def test_callers_do_not_use_up_each_others_budget(backing: str | None) -> None:
    async with scripts(backing, "callers") as shared:
        limiter = RateLimiter(shared, 10, SetClock())
        results = await asyncio.gather(*(outcomes(limiter, 30, f"desk {number}") for number in range(20)))

    assert [len(left) for left, _ in results] == [10] * 20


async def test_with_the_minute_the_budget_begins_anew(backing: str | None) -> None:
    clock = SetClock(MINUTE + timedelta(seconds=59.999))
    async with scripts(backing, "border") as shared:
        limiter = RateLimiter(shared, 5, clock)
        _, refused = await outcomes(limiter, 20)
        retry_after = int(refused[0].headers["Retry-After"])
        clock.moment += timedelta(seconds=retry_after)
        left, _ = await outcomes(limiter, 20)

    assert retry_after == 1
    assert len(left) == 5


async def test_a_clock_that_is_set_back_locks_nobody_out(backing: str | None) -> None:
    clock = SetClock(MINUTE + timedelta(hours=5))
    async with scripts(backing, "back") as shared:
        limiter = RateLimiter(shared, 5, clock)
        await outcomes(limiter, 20)
        clock.moment = MINUTE
        left, refused = await outcomes(limiter, 20)

    assert len(left) == 5
    assert int(refused[0].headers["Retry-After"]) == 60


@pytest.fixture
def own_redis() -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis()
    server.start()
    yield server
    server.stop()


async def test_a_redis_that_dies_in_the_middle_changes_no_count(own_redis: EmbeddedRedis) -> None:
    async with scripts(own_redis.url, "dies") as shared:
        limiter = RateLimiter(shared, 1_000, SetClock())
        asking = asyncio.create_task(outcomes(limiter, 600))
        await asyncio.sleep(0)
        own_redis.stop()
        before, after = await asking, await outcomes(limiter, 600)

    assert len(before[0]) + len(after[0]) == 1_000


async def test_a_redis_that_comes_back_empty_is_told_again(redis: str) -> None:
    async with scripts(redis, "empty") as shared, Redis.from_url(redis) as server:
        limiter = RateLimiter(shared, 100, SetClock())
        await outcomes(limiter, 60)
        await server.flushall()
        left, _ = await outcomes(limiter, 60)
        # Its neighbour learns of all of them too.
        async with scripts(redis, "empty") as other:
            elsewhere, _ = await outcomes(RateLimiter(other, 100, SetClock()), 60)

    assert len(left) == 40
    assert elsewhere == []


async def test_a_redis_that_hangs_holds_up_one_request_a_second(own_redis: EmbeddedRedis) -> None:
    registry = CollectorRegistry()
    async with RedisScripts(own_redis.url, "hangs", registry) as shared:
        limiter = RateLimiter(shared, 1_000, SetClock())
        await limiter.admit("desk")
        async with Redis.from_url(own_redis.url or "") as server:
            process = (await server.info("server"))["process_id"]
        os.kill(process, signal.SIGSTOP)
        try:
            for _ in range(50):
                await limiter.admit("desk")
        finally:
            os.kill(process, signal.SIGCONT)

    assert (registry.get_sample_value("redis_failures_total") or 0) < 5


async def test_a_caller_that_gives_up_while_redis_is_asked_strands_nobody(redis: str) -> None:
    async with scripts(redis, "gives up") as shared:
        limiter = RateLimiter(shared, 100, SetClock())
        first = asyncio.create_task(limiter.admit("desk"))
        waiting = asyncio.create_task(outcomes(limiter, 150))
        await asyncio.sleep(0)
        first.cancel()
        left, _ = await waiting

    assert len(left) == 100


async def test_the_callers_that_are_remembered_are_bounded() -> None:
    async with scripts(None, "many") as shared:
        limiter = RateLimiter(shared, 10, SetClock())
        for number in range(12_000):
            await limiter.admit(f"address:{number}")

    assert len(limiter) == 10_000


@pytest.mark.parametrize("with_redis", [True, False])
async def test_a_service_admits_exactly_its_limit_of_requests_at_once(toy: StartService, with_redis: bool) -> None:
    overrides = {} if with_redis else {"redis_url": None}
    async with toy(rate_limit_per_minute=150, clock=SetClock(), **overrides) as service:
        answers = await asyncio.gather(*(service.client.get("/toy/v1/notes") for _ in range(300)))

    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (150, 150)
    assert all(answer.headers["retry-after"] == "60" for answer in answers if answer.status_code == 429)
    assert sorted(int(a.headers["ratelimit-remaining"]) for a in answers if a.status_code == 200) == list(range(150))
