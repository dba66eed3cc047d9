"""Look-ups of names: silent ones hold up neither each other nor other work."""

import asyncio
import threading
from contextlib import contextmanager

import pytest

from common.outgoing.name_resolution import NameResolver

ADDRESS = "93.184.215.14"


class Names:
    """A resolver of the system's kind, which blocks on silent names until the test ends; counts what it is asked."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.asked: list[str] = []

    def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        if host.startswith("silent"):
            self.ended.wait()
        if host.startswith("unknown"):
            raise OSError("no such name")
        return [ADDRESS]


@contextmanager
def names():
    """Yield such names; all look-ups end with the block."""
    known = Names()
    try:
        yield known
    finally:
        known.ended.set()


async def given_up(waiting: list[asyncio.Task]) -> None:
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


def asking(resolver: NameResolver, *hosts: str) -> list[asyncio.Task]:
    return [asyncio.create_task(resolver(host, 443)) for host in hosts]


async def test_silent_names_hold_up_neither_a_healthy_one_nor_the_loops_own_threads():
    with names() as known:
        resolver = NameResolver(known)
        silent = asking(resolver, *(f"silent-{number}" for number in range(40)))
        async with asyncio.timeout(5):
            found = await resolver("healthy", 443)
            beside = await asyncio.to_thread(lambda: "done")
        await given_up(silent)

    assert (found, beside) == ([ADDRESS], "done")


async def test_callers_that_ask_for_one_name_share_a_look_up_and_one_that_gives_up_takes_nothing_from_the_others():
    with names() as known:
        resolver = NameResolver(known)
        first, second, third = asking(resolver, "silent", "silent", "silent")
        await asyncio.sleep(0)
        await given_up([first])
        known.ended.set()
        found = await asyncio.gather(second, third)

    assert found == [[ADDRESS], [ADDRESS]]
    assert known.asked == ["silent"]


async def test_a_name_that_everybody_gave_up_on_is_not_looked_up_later():
    with names() as known:
        resolver = NameResolver(known, n_threads=1)
        silent = asking(resolver, "silent-1")
        await asyncio.sleep(0)
        waiting = asking(resolver, "silent-2")
        await asyncio.sleep(0)
        await given_up(waiting)
        known.ended.set()
        await asyncio.gather(*silent)
        await resolver("healthy", 443)

    assert known.asked == ["silent-1", "healthy"]


async def test_a_name_is_looked_up_again_once_its_look_up_has_ended():
    with names() as known:
        resolver = NameResolver(known)
        for _ in range(2):
            with pytest.raises(OSError, match="no such name"):
                await resolver("unknown", 443)

    assert known.asked == ["unknown", "unknown"]
