"""Scripts in Redis, where the counters of the rate limit are; a failure is no answer, never an error."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import structlog
from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)

# uvloop answers a write to a connection that has just closed with a RuntimeError.
_FAILURES = (RedisError, OSError, RuntimeError)
_REST_SECONDS = 1.0


class RedisScripts:
    """Runs scripts in Redis on keys that are prefixed with the service's name."""

    def __init__(self, address: str | None, prefix: str, registry: CollectorRegistry) -> None:
        self._prefix = prefix
        # A Redis that answers late is worse than none: a quarter of a second, no retry.
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
        self._scripts: dict[str, AsyncScript] = {}
        self._resting_until = 0.0
        self.failures = Counter("redis_failures_total", "Scripts that Redis did not run", registry=registry)

    @property
    def is_configured(self) -> bool:
        """Whether there is a Redis to ask."""
        return self._redis is not None

    async def run(self, script: str, key: str, arguments: Sequence[str | int]) -> list[int] | None:
        """Run a script of Redis on `key` in one atomic step and return the integers it answers; None without an answer.

        Notes
        -----
        After a failure it is not asked for a second: with a Redis that hangs, every request would wait for it.
        """
        if self._redis is None or time.monotonic() < self._resting_until:
            return None
        registered = self._scripts.get(script)
        if registered is None:
            registered = self._scripts[script] = self._redis.register_script(script)
        try:
            answer: list[int] = await registered([f"{self._prefix}:{key}"], arguments)
        except _FAILURES as error:
            self._resting_until = time.monotonic() + _REST_SECONDS
            self.failures.inc()
            logger.warning("redis_unavailable", error=type(error).__name__)
            return None
        return answer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._redis is not None:
            await self._redis.aclose()
