"""What ends by itself starts again: often over a long time, and not for ever in a loop."""

import asyncio
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from standalone.embedded.postgres_cluster import EmbeddedServerError
from standalone.system.supervision import ProcessDiedError, RestartBudget, Supervisor, supervised


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class PartFake:
    """A part that ends when told, and whose next starts may fail."""

    name: str
    failing_starts: int = 0
    failure: Exception = field(default_factory=lambda: ProcessDiedError("it has no data"))
    starts: int = 0
    ends: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    started: asyncio.Queue[int] = field(default_factory=asyncio.Queue)

    async def ended(self) -> int:
        return await self.ends.get()

    async def start(self) -> None:
        self.starts += 1
        if self.failing_starts:
            self.failing_starts -= 1
            raise self.failure
        self.started.put_nowait(self.starts)


def at_once() -> RestartBudget:
    """A budget with the real limits, on a clock that stands still."""
    return RestartBudget(first_wait_seconds=0.0, clock=Clock())


def test_ends_that_are_spread_over_time_never_use_the_budget_up() -> None:
    clock = Clock()
    budget = RestartBudget(clock=clock)
    waits = []
    for _ in range(100):
        waits.append(budget.wait_seconds())
        budget.succeeded()
        clock.now += 13.0

    assert None not in waits


def test_the_sixth_end_within_the_window_is_one_too_many_and_waits_grow_until_then() -> None:
    clock = Clock()
    budget = RestartBudget(clock=clock)
    waits = []
    for _ in range(6):
        waits.append(budget.wait_seconds())
        budget.succeeded()
        clock.now += 9.0

    assert waits == [0.25, 0.5, 1.0, 2.0, 4.0, None]


def test_what_never_works_uses_the_budget_up_however_long_each_try_takes() -> None:
    clock = Clock()
    budget = RestartBudget(clock=clock)
    waits = []
    for _ in range(7):
        waits.append(budget.wait_seconds())
        clock.now += 3600.0

    assert waits[-1] is None
    assert None not in waits[:-1]


def test_what_works_once_more_after_failures_has_its_whole_budget_again() -> None:
    clock = Clock()
    budget = RestartBudget(clock=clock)
    for _ in range(5):
        budget.wait_seconds()
        clock.now += 100.0
    budget.succeeded()

    assert budget.wait_seconds() == 0.25


async def test_a_part_that_ends_is_told_of_started_and_counted_and_others_go_on() -> None:
    told: list[str] = []
    registry = CollectorRegistry()
    one, other = PartFake("one", failing_starts=1), PartFake("other")
    running = asyncio.create_task(Supervisor([one, other], told.append, at_once, registry).run())

    one.ends.put_nowait(-9)
    async with asyncio.timeout(5):
        await one.started.get()
        other.ends.put_nowait(1)
        await other.started.get()
        await asyncio.sleep(0)
    running.cancel()

    assert told[:3] == [
        "one ended with status -9; starting it again",
        "one did not start: it has no data; starting it again",
        "one works again",
    ]
    assert registry.get_sample_value("process_restarts_total", {"process": "one"}) == 2
    assert registry.get_sample_value("process_restarts_total", {"process": "other"}) == 1


@pytest.mark.parametrize(
    "failure",
    [
        ProcessDiedError("it has no data"),
        EmbeddedServerError("it has no data"),
        OSError("it has no data"),
    ],
)
async def test_a_crash_loop_ends_the_system_and_says_what_ended_and_why(failure: Exception) -> None:
    stop = asyncio.Event()
    part = PartFake("nlp", failing_starts=100, failure=failure)
    part.ends.put_nowait(2)

    with pytest.raises(ProcessDiedError, match="nlp did not start: it has no data, and has ended too often"):
        async with asyncio.timeout(5), supervised(Supervisor([part, PartFake("alerts")], print, at_once), stop):
            await stop.wait()

    assert part.starts == 5


async def test_a_part_that_runs_and_does_not_answer_is_left_to_it_until_it_ends() -> None:
    told: list[str] = []
    part = PartFake("nlp", failing_starts=1, failure=TimeoutError())
    running = asyncio.create_task(Supervisor([part], told.append, at_once).run())

    part.ends.put_nowait(-9)
    part.ends.put_nowait(-15)
    async with asyncio.timeout(5):
        await part.started.get()
    running.cancel()

    assert told[:3] == [
        "nlp ended with status -9; starting it again",
        "nlp runs and is not ready",
        "nlp ended with status -15; starting it again",
    ]


async def test_a_system_that_is_stopped_is_not_supervised_any_longer() -> None:
    part = PartFake("alerts")
    async with supervised(Supervisor([part], print, at_once), asyncio.Event()):
        pass
    part.ends.put_nowait(0)
    await asyncio.sleep(0)

    assert part.starts == 0
