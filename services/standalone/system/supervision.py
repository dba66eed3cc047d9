"""Keeps the parts of a system running: parts that end are restarted, and parts that cannot run are reported."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter

from standalone.embedded.children import ensure_watchdog
from standalone.embedded.postgres_cluster import EmbeddedServerError
from standalone.embedded.servers import Embedded

logger = structlog.get_logger(__name__)

_LOOK_SECONDS = 0.2


class ProcessDiedError(Exception):
    """A process of the system ended by itself; the message says which."""


class Part(Protocol):
    """What runs, and may end by itself."""

    @property
    def name(self) -> str:
        """What it is called in logs."""

    async def ended(self) -> int:
        """Return the exit status once it has ended."""

    async def start(self) -> None:
        """Start it again and wait until it works.

        Raises
        ------
        ProcessDiedError, EmbeddedServerError, OSError
            It ended before, or could not start at all.
        TimeoutError
            It runs and does not answer.
        """


@dataclass(frozen=True, slots=True)
class ServerPart:
    """An embedded server."""

    server: Embedded

    @property
    def name(self) -> str:
        """What the server is called."""
        return self.server.name

    async def ended(self) -> int:
        """Return the exit status once the server has ended; never where this process runs none."""
        while True:
            status = self.server.exit_status()
            if status is not None:
                return status
            await asyncio.sleep(_LOOK_SECONDS)

    async def start(self) -> None:
        """Start the server again at the same URL."""
        await asyncio.to_thread(self.server.start)


@dataclass(slots=True)
class RestartBudget:
    """How often one part may start again: so many times within a window, and so many times without ever working.

    Each wait is twice the one before.

    Notes
    -----
    The second limit is for what takes longer to fail than the window allows: it would be tried for ever.
    """

    most: int = 5
    window_seconds: float = 60.0
    first_wait_seconds: float = 0.25
    clock: Callable[[], float] = time.monotonic
    ends: deque[float] = field(default_factory=deque)
    failures: int = 0

    def wait_seconds(self) -> float | None:
        """Count an end and return how long to wait before the next start; None when there is to be none."""
        now = self.clock()
        self.ends.append(now)
        while self.ends[0] <= now - self.window_seconds:
            self.ends.popleft()
        recent = max(len(self.ends), self.failures)
        self.failures += 1
        return None if recent > self.most else self.first_wait_seconds * 2.0 ** (recent - 1)

    def succeeded(self) -> None:
        """Count a start after which the part worked."""
        self.failures = 0


@dataclass(slots=True)
class Supervisor:
    """Starts again what ends by itself.

    Parameters
    ----------
    tell : gets one line about each end and each start.
    budget : makes the budget of one part.
    """

    parts: Sequence[Part]
    tell: Callable[[str], object]
    budget: Callable[[], RestartBudget] = RestartBudget
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    restarts: Counter = field(init=False)

    def __post_init__(self) -> None:
        """Make the counter."""
        self.restarts = Counter(
            "process_restarts_total", "Processes started again after an end", ["process"], registry=self.registry
        )

    async def run(self) -> None:
        """Keep every part running until cancelled.

        Raises
        ------
        ProcessDiedError
            A part ends again and again.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_keep_watchdog())
                for part in self.parts:
                    group.create_task(self._keep(part))
        except ExceptionGroup as failures:
            # The first that failed has ended all the others.
            raise failures.exceptions[0] from None

    async def _keep(self, part: Part) -> None:
        budget = self.budget()
        while True:
            how = f"ended with status {await part.ended()}"
            while True:
                wait = budget.wait_seconds()
                if wait is None:
                    raise ProcessDiedError(f"{part.name} {how}, and has ended too often to be started again")
                logger.warning("process_ended", process=part.name, how=how, restart_seconds=wait)
                self.tell(f"{part.name} {how}; starting it again")
                await asyncio.sleep(wait)
                self.restarts.labels(part.name).inc()
                started = time.monotonic()
                try:
                    await part.start()
                except TimeoutError:
                    # It runs, and may wait for others; what it needs is not a further start.
                    self.tell(f"{part.name} runs and is not ready")
                    break
                except (ProcessDiedError, EmbeddedServerError, OSError) as error:
                    # Also a full disk, or no memory for a further process: that may pass.
                    how = f"did not start: {error}"
                    continue
                budget.succeeded()
                logger.warning("process_works_again", process=part.name, seconds=round(time.monotonic() - started, 1))
                self.tell(f"{part.name} works again")
                break


@asynccontextmanager
async def supervised(supervisor: Supervisor, stop: asyncio.Event) -> AsyncIterator[None]:
    """Keep the parts running while the block runs; `stop` is set when one of them cannot be kept.

    Raises
    ------
    ProcessDiedError
        A part ended again and again; raised at the end of the block.
    """
    running = asyncio.create_task(supervisor.run())
    running.add_done_callback(lambda _task: stop.set())
    try:
        yield
    finally:
        running.cancel()
        (result,) = await asyncio.gather(running, return_exceptions=True)
    if isinstance(result, Exception):
        raise result


async def _keep_watchdog() -> None:
    """See to it that somebody ends what is left, should this process be killed."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        # Without memory for a further process there is none until the next look.
        with contextlib.suppress(OSError):
            ensure_watchdog()
