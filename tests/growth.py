"""How the time of a call grows with its input: what doubles the input may not much more than double the time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
# A quadratic call takes four times as long for twice the input; the rest is the machine's noise.
MAX_GROWTH = 2.8
# Nothing that is measured once more would change what this says.
_PLAINLY_LINEAR = 2.3
# A time below this is too short to compare: what the caches of the machine hold decides, not the work.
_MEASURABLE_SECONDS = 0.008
_ATTEMPTS = 5
# What looks steep is doubled again: noise of three times what a call takes looks quadratic over one doubling only.
_DOUBLINGS = 3
# Nothing is doubled once more that takes so long already.
_LONG_SECONDS = 2.0
# So little text takes no linear call long: where it does, nobody wants to wait for twice as much.
_LITTLE = 100


@dataclass(frozen=True)
class Growth:
    """How many times the time of `size` each doubling of it takes, at best."""

    size: int
    seconds: float
    factor: float

    def __str__(self) -> str:
        return f"{self.seconds * 1e3:.1f} ms for {self.size}, {self.factor:.1f} times that for each doubling"


def processor_seconds(call: Callable[[], object], attempts: int = 1) -> float:
    """Return the shortest processor time of `call`, of this thread alone: others on the machine do not count."""
    shortest = float("inf")
    for _ in range(attempts):
        started = time.thread_time()
        call()
        shortest = min(shortest, time.thread_time() - started)
    return shortest


def growth(call: Callable[[T], object], build: Callable[[int], T], *, smallest: int, largest: int) -> Growth | None:
    """Return how `call` grows on `build(size)`; None when even the largest input takes too short to tell.

    Notes
    -----
    Inputs grow until one takes long enough. Of both sizes the shortest time of several attempts counts, since noise
    only ever makes a call look slower: a ratio of two times of one attempt errs both ways. What looks steep for twice
    the input is measured for four and eight times as much, where a linear call takes 8 and a quadratic one 64 times
    as long: no noise stands between the two.
    """
    size = smallest
    while (seconds := processor_seconds(lambda size=size: call(build(size)))) < _MEASURABLE_SECONDS:
        if size >= largest:
            return None
        size = min(largest, size + size // 2 if size < _LITTLE else 2 * size)
    if (size > smallest and seconds > 100 * _MEASURABLE_SECONDS) or (size < _LITTLE and _stays_long(call, build(size))):
        return Growth(size, seconds, float("inf"))
    # Building the input takes time too, and is no part of the call.
    one = build(size)
    shorter, factor = float("inf"), float("inf")
    for doublings in range(1, _DOUBLINGS + 1):
        longer, many = float("inf"), build(size << doublings)
        for _ in range(_ATTEMPTS):
            shorter = min(shorter, processor_seconds(lambda: call(one), 3))
            longer = min(longer, processor_seconds(lambda many=many: call(many), 2))
            factor = (longer / shorter) ** (1 / doublings)
            if factor <= _PLAINLY_LINEAR or longer > _LONG_SECONDS:
                break
        if factor <= MAX_GROWTH or longer > _LONG_SECONDS:
            break
    return Growth(size, shorter, factor)


def _stays_long(call: Callable[[T], object], given: T) -> bool:
    return processor_seconds(lambda: call(given), 3) >= _MEASURABLE_SECONDS


def is_too_steep(found: Growth | None) -> bool:
    """Return whether twice the input took much more than twice as long."""
    return found is not None and found.factor > MAX_GROWTH
