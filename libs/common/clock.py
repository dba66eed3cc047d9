"""Time and time-ordered identifiers, as arguments so that tests and replays can set them."""

import os
import threading
import time
from datetime import UTC, datetime
from random import Random
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    """What tells the time: the system's clock in production, a settable one in tests."""

    def now(self) -> datetime:
        """Return the current moment, aware and in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the current moment, aware and in UTC."""
        return datetime.now(UTC)


SYSTEM_CLOCK = SystemClock()

_lock = threading.Lock()
# Identifiers are no secrets, and a system call for each was a tenth of the time of a replay.
_random = Random()  # noqa: S311
os.register_at_fork(after_in_child=_random.seed)
_last_tick = 0


def uuid7() -> UUID:
    """Return a UUID version 7 (RFC 9562) that sorts after every earlier one of this process.

    Notes
    -----
    48 bits of Unix milliseconds, then a 12-bit fraction of the millisecond (RFC 9562, section 6.2, method 3), then
    62 random bits. Within one process the 60-bit time part grows strictly, so primary keys arrive in index order.
    """
    global _last_tick  # noqa: PLW0603 - one monotonic counter per process is the point
    milliseconds, remainder = divmod(time.time_ns(), 1_000_000)
    tick = (milliseconds << 12) | (remainder * 4096 // 1_000_000)
    with _lock:
        _last_tick = tick = max(tick, _last_tick + 1)
    return UUID(int=(tick >> 12) << 80 | 0x7 << 76 | (tick & 0xFFF) << 64 | 0b10 << 62 | _random.getrandbits(62))


def first_uuid7(moment: datetime) -> UUID:
    """Return the smallest UUID version 7 of `moment`: a primary key of them finds what was made before it."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
