"""Looks names up in threads of its own: a time-out frees no thread, so silent names would hold up all other work.

The system's resolver blocks for as long as it likes, ten seconds and more for a name whose servers are silent. In the
event loop's own few threads a dozen such names would keep every other name, and whatever else runs there, waiting.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

LookUp = Callable[[str], Sequence[str]]

# They only wait, and are started as they are needed.
_THREADS = 64


def system_addresses(host: str) -> Sequence[str]:
    """Return the addresses of `host` from the system's resolver, which blocks; raise `OSError` when it has none."""
    return [str(sockaddr[0]) for *_, sockaddr in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


@dataclass(slots=True)
class _UnderWay:
    """A look-up that has not ended, and how many callers wait for it."""

    found: Future[Sequence[str]]
    n_waiting: int = 0


class NameResolver:
    """Host and port to addresses in text form; callers that ask for the same name at once share one thread.

    Parameters
    ----------
    look_up : callable
        Host to addresses, blocking; the system's resolver unless a test brings its own.
    """

    def __init__(self, look_up: LookUp = system_addresses, *, n_threads: int = _THREADS) -> None:
        self._look_up = look_up
        self._threads = ThreadPoolExecutor(max_workers=n_threads, thread_name_prefix="name-look-up")
        self._under_way: dict[str, _UnderWay] = {}

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        """Return the addresses of `host`; raises as the look-up does."""
        shared = self._under_way.get(host) or self._start(host)
        shared.n_waiting += 1
        try:
            # Shielded: a caller that gives up takes nothing from the others.
            return await asyncio.shield(asyncio.wrap_future(shared.found))
        finally:
            shared.n_waiting -= 1
            if shared.n_waiting == 0:
                # One that no thread has begun is not begun for nobody.
                shared.found.cancel()

    def _start(self, host: str) -> _UnderWay:
        started = self._under_way[host] = _UnderWay(self._threads.submit(self._look_up, host))
        started.found.add_done_callback(lambda _found: self._under_way.pop(host, None))
        return started


resolve = NameResolver()
