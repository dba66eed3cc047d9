"""Lets a worker sleep until there is work, or until its next poll."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress


async def wait_at_most(event: asyncio.Event, seconds: float) -> None:
    """Return when `event` is set, or after `seconds`."""
    # Not `wait_for`: on Python 3.11 it swallows a cancellation that arrives together with the event.
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


class WakeUp:
    """Wakes and stops one worker that looks for work again and again."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._is_stopping = False

    def wake(self) -> None:
        """Let the worker look now."""
        self._event.set()

    def stop(self) -> None:
        """Let the worker end after what it is doing."""
        self._is_stopping = True
        self._event.set()

    async def repeat(self, work: Callable[[], Awaitable[int]], *, poll_seconds: float) -> None:
        """Do `work` until stopped; when it found nothing to do, rest until woken or for `poll_seconds`.

        Parameters
        ----------
        work : returns how much it has done
        """
        while not self._is_stopping:
            # Cleared before the work: what arrives while it runs is looked for again.
            self._event.clear()
            if not await work():
                await wait_at_most(self._event, poll_seconds)
