"""A cache in Redis whose every failure is a miss: the services work without it, only slower."""

from types import TracebackType
from typing import Self

import structlog
from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)


class Cache:
    """Text values with a time to live; keys are prefixed with the service's name."""

    def __init__(self, address: str | None, prefix: str, registry: CollectorRegistry) -> None:
        self._prefix = prefix
        # A cache that answers late is worse than none: a quarter of a second, no retry.
        self._redis: Redis | None = (
            Redis.from_url(
                address,
                socket_timeout=0.25,
                socket_connect_timeout=0.25,
                decode_responses=True,
                retry=Retry(NoBackoff(), 0),
            )
            if address
            else None
        )
        self.requests = Counter(
            "cache_requests_total", "Cache look-ups by result: hit, miss, error", ["result"], registry=registry
        )

    async def get(self, key: str) -> str | None:
        """Return the value of `key`, or None when it is missing, expired or Redis does not answer."""
        if self._redis is None:
            return None
        try:
            value = await self._redis.get(f"{self._prefix}:{key}")
        except (RedisError, OSError) as error:
            self._failed("get", error)
            return None
        self.requests.labels("miss" if value is None else "hit").inc()
        return None if value is None else str(value)

    async def put(self, key: str, value: str, seconds: int) -> None:
        """Keep `value` under `key` for `seconds`; a failure is counted and otherwise without effect."""
        if self._redis is None:
            return
        try:
            await self._redis.set(f"{self._prefix}:{key}", value, ex=seconds)
        except (RedisError, OSError) as error:
            self._failed("put", error)

    async def forget(self, key: str) -> None:
        """Remove `key`; a failure is counted, and the value then lives until its time is up."""
        if self._redis is None:
            return
        try:
            await self._redis.delete(f"{self._prefix}:{key}")
        except (RedisError, OSError) as error:
            self._failed("forget", error)

    async def add(self, key: str, amount: int, seconds: int) -> int | None:
        """Add `amount` to the counter `key`, which lives for `seconds`, and return its sum; None without Redis."""
        if self._redis is None:
            return None
        name = f"{self._prefix}:{key}"
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.incrby(name, amount)
                pipeline.expire(name, seconds)
                total, _ = await pipeline.execute()
        except (RedisError, OSError) as error:
            self._failed("add", error)
            return None
        return int(total)

    def _failed(self, action: str, error: Exception) -> None:
        self.requests.labels("error").inc()
        logger.warning("cache_unavailable", action=action, error=type(error).__name__)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._redis is not None:
            await self._redis.aclose()
