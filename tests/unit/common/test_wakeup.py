"""Workers rest when there is nothing to do, and are woken, stopped and cancelled at any moment."""

import asyncio

import pytest

from common.wakeup import WakeUp, wait_at_most

_LONG = 60.0


async def test_a_worker_looks_again_at_once_while_it_finds_something() -> None:
    wake_up, found = WakeUp(), [3, 2, 0]

    async def work() -> int:
        if len(found) == 1:
            wake_up.stop()
        return found.pop(0)

    await wake_up.repeat(work, poll_seconds=_LONG)

    assert found == []


async def test_a_wake_up_that_comes_during_the_work_is_not_missed() -> None:
    wake_up, n_looks = WakeUp(), 0

    async def work() -> int:
        nonlocal n_looks
        n_looks += 1
        if n_looks == 1:
            wake_up.wake()
        else:
            wake_up.stop()
        return 0

    async with asyncio.timeout(_LONG / 2):
        await wake_up.repeat(work, poll_seconds=_LONG)

    assert n_looks == 2


async def test_a_worker_looks_by_itself_after_the_poll() -> None:
    wake_up, n_looks = WakeUp(), 0

    async def work() -> int:
        nonlocal n_looks
        n_looks += 1
        if n_looks == 3:
            wake_up.stop()
        return 0

    await wake_up.repeat(work, poll_seconds=0.001)

    assert n_looks == 3


async def test_a_worker_that_was_stopped_before_it_began_does_nothing() -> None:
    wake_up = WakeUp()
    wake_up.stop()

    async def work() -> int:
        raise AssertionError("it worked")

    await wake_up.repeat(work, poll_seconds=_LONG)


async def test_a_cancellation_that_arrives_together_with_the_event_is_not_swallowed() -> None:
    event = asyncio.Event()
    waiting = asyncio.create_task(wait_at_most(event, _LONG))
    await asyncio.sleep(0)

    event.set()
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
