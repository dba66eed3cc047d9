"""Rate limit per caller and minute, counted exactly: over all replicas with Redis, per process without it."""

import asyncio
import math
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from common.access.redis_scripts import RedisScripts
from common.clock import Clock
from common.errors import TooManyRequests

_WINDOW_SECONDS = 60
_KEPT_CALLERS = 10_000

# Each replica has its own field, so a reply that was lost, or a Redis that came back empty, is mended by the next
# call: it says again how many this replica has admitted. Whoever does not know that any more (-1) believes the field.
_COUNT = """
local own, wanted, limit = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local stored, others = 0, 0
for index, value in ipairs(redis.call('HGETALL', KEYS[1])) do
  if index % 2 == 1 then
    stored = value == ARGV[1]
  elseif stored then
    if own < 0 then own = tonumber(value) end
  else
    others = others + tonumber(value)
  end
end
own = math.max(own, 0)
local granted = math.max(0, math.min(wanted, limit - others - own))
redis.call('HSET', KEYS[1], ARGV[1], own + granted)
redis.call('EXPIRE', KEYS[1], ARGV[5])
return {others, own}
"""


@dataclass(slots=True)
class _Tally:
    """What is known of one caller in one window: requests admitted here and, as Redis last said, elsewhere."""

    window: int
    own: int = 0
    others: int = 0
    is_known: bool = False
    waiting: "list[asyncio.Future[int | None]]" = field(default_factory=list)
    asking: "asyncio.Task[None] | None" = None

    def take(self, limit: int) -> int | None:
        """Count one request and return how many are left after it; None when there was none left."""
        left = limit - self.others - self.own - 1
        if left < 0:
            return None
        self.own += 1
        return left


class RateLimiter:
    """Grants requests in fixed windows of one minute: as many as the limit says, and never fewer.

    Notes
    -----
    A script in Redis grants in one atomic step what all waiting requests of a caller need: a caller with many requests
    at once costs one round trip, not one for each. Nothing is granted in advance, so nothing that one replica holds
    unused is missing at another. Without Redis, or while it does not answer, each process counts alone, on top of what
    it heard last. The 10,000 callers that asked last are remembered.
    """

    def __init__(self, scripts: RedisScripts, limit: int, clock: Clock) -> None:
        self._scripts = scripts
        self._limit = limit
        self._clock = clock
        self._replica = secrets.token_hex(6)
        self._tallies: OrderedDict[str, _Tally] = OrderedDict()

    async def admit(self, caller: str) -> dict[str, str]:
        """Count one request of `caller` and return the `RateLimit-*` headers; `TooManyRequests` above the limit."""
        while True:
            window = self._window()
            left = await self._count(caller, self._tally(caller, window))
            if left is not None:
                return self._headers(left, window)
            # Refused for a minute that ended while Redis was asked: the next one has begun.
            if self._window() == window:
                headers = self._headers(0, window)
                detail = f"More than {self._limit} requests per minute."
                raise TooManyRequests(detail, headers={"Retry-After": headers["RateLimit-Reset"], **headers})

    def __len__(self) -> int:
        """Return how many callers are remembered."""
        return len(self._tallies)

    def _window(self) -> int:
        return int(self._clock.now().timestamp() // _WINDOW_SECONDS)

    def _tally(self, caller: str, window: int) -> _Tally:
        tally = self._tallies.get(caller)
        if tally is None or tally.window != window:
            tally = self._tallies[caller] = _Tally(window)
        self._tallies.move_to_end(caller)
        if len(self._tallies) > _KEPT_CALLERS:
            self._tallies.popitem(last=False)
        return tally

    async def _count(self, caller: str, tally: _Tally) -> int | None:
        if not self._scripts.is_configured:
            return tally.take(self._limit)
        waiting: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        tally.waiting.append(waiting)
        if tally.asking is None:
            tally.asking = asyncio.create_task(self._ask(caller, tally))
        return await waiting

    async def _ask(self, caller: str, tally: _Tally) -> None:
        """Count every request that waits, those that have come by now in one round trip; until none waits."""
        key = f"requests:{tally.window}:{caller}"
        batch: list[asyncio.Future[int | None]] = []
        try:
            while tally.waiting:
                batch, tally.waiting = tally.waiting, []
                own = tally.own if tally.is_known or tally.own else -1
                arguments = (self._replica, own, len(batch), self._limit, 2 * _WINDOW_SECONDS)
                answer = await self._scripts.run(_COUNT, key, arguments)
                if answer is not None:
                    tally.others, tally.own = answer
                    tally.is_known = True
                for waiting in batch:
                    # One that gave up is not counted.
                    if not waiting.done():
                        waiting.set_result(tally.take(self._limit))
        except BaseException as error:
            for waiting in (*batch, *tally.waiting):
                if not waiting.done():
                    waiting.set_exception(error)
            raise
        finally:
            tally.asking = None

    def _headers(self, left: int, window: int) -> dict[str, str]:
        reset = (window + 1) * _WINDOW_SECONDS - self._clock.now().timestamp()
        return {
            "RateLimit-Limit": str(self._limit),
            "RateLimit-Remaining": str(left),
            "RateLimit-Reset": str(max(1, math.ceil(reset))),
        }
