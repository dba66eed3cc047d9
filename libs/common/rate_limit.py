"""Requests a minute for each caller, counted over all replicas in leases so that most requests ask no one."""

import time
from dataclasses import dataclass

from common.cache import Cache
from common.errors import TooManyRequests

_WINDOW_SECONDS = 60
_KEPT_CALLERS = 10_000


@dataclass(slots=True)
class _Lease:
    window: int
    left: int
    used: int


class RateLimiter:
    """Grants requests in fixed windows of one minute.

    Notes
    -----
    A process takes a twentieth of the limit at once from the shared counter in Redis and spends it locally: one
    round trip per twenty requests. Unspent leases of other replicas can close a window up to 5 % early per replica.
    Without Redis each process counts alone.
    """

    def __init__(self, cache: Cache, limit: int) -> None:
        self._cache = cache
        self._limit = limit
        self._chunk = max(1, limit // 20)
        self._leases: dict[str, _Lease] = {}

    async def admit(self, caller: str) -> dict[str, str]:
        """Count one request of `caller` and return the `RateLimit-*` headers; `TooManyRequests` above the limit."""
        now = time.time()
        window = int(now // _WINDOW_SECONDS)
        reset = int((window + 1) * _WINDOW_SECONDS - now) + 1
        lease = self._leases.get(caller)
        if lease is None or lease.window != window:
            lease = self._open(caller, window)
        if lease.left == 0:
            await self._extend(caller, lease)
        if lease.left == 0:
            raise TooManyRequests(
                f"More than {self._limit} requests a minute.",
                headers={"Retry-After": str(reset), **self._headers(0, reset)},
            )
        lease.left -= 1
        return self._headers(max(0, self._limit - lease.used + lease.left), reset)

    def _open(self, caller: str, window: int) -> _Lease:
        if len(self._leases) >= _KEPT_CALLERS:
            self._leases = {name: kept for name, kept in self._leases.items() if kept.window == window}
        lease = self._leases[caller] = _Lease(window, left=0, used=0)
        return lease

    async def _extend(self, caller: str, lease: _Lease) -> None:
        if lease.used >= self._limit:
            return
        total = await self._cache.add(f"rate:{caller}:{lease.window}", self._chunk, 2 * _WINDOW_SECONDS)
        if total is None:
            total = lease.used + self._chunk
        lease.left = max(0, min(self._chunk, self._limit - (total - self._chunk)))
        lease.used = min(total, self._limit) if lease.left else self._limit

    def _headers(self, remaining: int, reset: int) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self._limit),
            "RateLimit-Remaining": str(remaining),
            "RateLimit-Reset": str(reset),
        }
