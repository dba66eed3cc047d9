"""How the time of a call grows with its input: what doubles the input may not much more than double the time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
# A quadratic call takes four times as long for twice the input; the rest is the machine's noise.
MAX_GROWTH = 2.8
# A time below this is too short to compare.
_MEASURABLE_SECONDS = 0.004
_ATTEMPTS = 5


@dataclass(frozen=True)
class Growth:
    """What twice `size` takes of the time that `size` takes, at best."""

    size: int
    seconds: float
    factor: float

    def __str__(self) -> str:
        return f"{self.seconds * 1e3:.1f} ms for {self.size}, {self.factor:.1f} times that for twice as much"


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
    Inputs grow until one takes long enough. One good measurement of several is enough: noise only ever makes a call
    look slower.
    """
    size = smallest
    while (seconds := processor_seconds(lambda size=size: call(build(size)))) < _MEASURABLE_SECONDS:
        if size >= largest:
            return None
        size = min(largest, 2 * size)
    if seconds > 100 * _MEASURABLE_SECONDS:  # from nearly nothing, by twice the input: that is growth enough
        return Growth(size, seconds, float("inf"))
    best = Growth(size, seconds, float("inf"))
    for _ in range(_ATTEMPTS):
        # Building the input takes time too, and is no part of the call.
        one, two = build(size), build(2 * size)
        seconds = processor_seconds(lambda one=one: call(one), 3)
        factor = processor_seconds(lambda two=two: call(two), 2) / seconds
        best = min(best, Growth(size, seconds, factor), key=lambda found: found.factor)
        if best.factor <= MAX_GROWTH:
            break
    return best


def is_too_steep(found: Growth | None) -> bool:
    """Return whether twice the input took much more than twice as long."""
    return found is not None and found.factor > MAX_GROWTH
