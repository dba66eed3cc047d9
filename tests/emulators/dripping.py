"""A peer that answers every request a few bytes at a time, so that no single read ever waits long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_PAUSE_SECONDS = 0.02


@asynccontextmanager
async def dripping(answer: bytes, *, at_once: int = 1) -> AsyncIterator[str]:
    """Serve `answer` in pieces of `at_once` bytes on a free port of loopback, and yield the address."""
    tasks: set[asyncio.Task[None]] = set()

    async def drip(writer: asyncio.StreamWriter) -> None:
        try:
            for start in range(0, len(answer), at_once):
                writer.write(answer[start : start + at_once])
                await writer.drain()
                await asyncio.sleep(_PAUSE_SECONDS)
        except ConnectionError:
            return
        finally:
            writer.close()

    def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(drip(writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
