"""Runs long work in a thread beside the event loop, and short work on the loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")

# Cleaning and deciding read hostile text at .4 µs a character: up to here they take less than 20 ms. A thread costs
# .1 ms, which a single headline should not pay.
CHARACTERS_ON_LOOP = 50_000
# What is long holds the interpreter's lock most of the time: more threads would only share it, and hold more memory.
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="beside-the-loop")


async def off_loop_if_large(work: Callable[[], T], *, characters: int) -> T:
    """Return what `work` returns, done in one of two threads when it reads more than 50,000 `characters`."""
    if characters <= CHARACTERS_ON_LOOP:
        return work()
    return await off_loop(work)


async def off_loop(work: Callable[[], T]) -> T:
    """Return what `work` returns, done in one of two threads."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, copy_context().run, work)
