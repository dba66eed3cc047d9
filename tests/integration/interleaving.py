"""Revisions of articles delivered by several workers at once, in any order, against one real database.

A worker is a transaction that stays open until the machine commits it or takes it back, so that others meet what is
written and not yet committed. The machine knows what was delivered, and holds every answer against the database.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from common.clock import SYSTEM_CLOCK, uuid7
from common.contracts import BatchResult, ItemResult
from common.postgres.database import Connection
from tests.conftest import RunningService, copy_database, execute_sql, running_service

WORKERS = 3
ARTICLES = 3
_ItemT = TypeVar("_ItemT")
_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")

_WAITING_AMONG = text(
    "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(CAST(:backends AS integer[])) AND wait_event_type = 'Lock'"
)


class TakenBackError(Exception):
    """The transaction is rolled back, as when the process dies before it commits."""


@dataclass
class Worker:
    """A delivery whose transaction is open; `done` is set when only the commit is missing.

    `backend` is PostgreSQL's process for it: the service's own workers may wait for locks too.
    """

    batch: list[tuple[int, int]]
    task: "asyncio.Task[list[ItemResult]]"
    done: asyncio.Event
    gate: "asyncio.Future[bool]"
    backend: int | None = None


@dataclass
class Story(Generic[_ItemT]):
    """An article: its revisions as they were published, and those that were delivered and committed."""

    article_id: UUID = field(default_factory=uuid7)
    revisions: list[_ItemT] = field(default_factory=list)
    delivered: set[int] = field(default_factory=set)


@dataclass
class Stage:
    """A running service in an event loop of its own."""

    runner: asyncio.Runner
    service: RunningService


@contextmanager
def on_stage(name: str, postgres: str, redis: str, template: Callable[[str], Any], **overrides: Any) -> Iterator[Stage]:
    """Yield a service on a database of its own, in a loop that runs only while it is asked to."""

    async def database() -> str:
        return await copy_database(postgres, await template(name))

    with asyncio.Runner() as runner:
        own = runner.run(database())
        running = running_service(name, postgres, own, redis, SYSTEM_CLOCK, {"db_pool_max_size": 20, **overrides})
        service = runner.run(running.__aenter__())
        try:
            yield Stage(runner, service)
        finally:
            runner.run(running.__aexit__(None, None, None))
            runner.run(execute_sql(postgres, f'DROP DATABASE "{own}" WITH (FORCE)'))


class Interleaving(RuleBasedStateMachine, Generic[_ItemT]):
    """What is the same for every service that holds revisions."""

    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.stories: list[Story[_ItemT]] = []
        self.workers: dict[int, Worker] = {}

    def publish(self, story: Story[_ItemT], draw: Callable[[st.SearchStrategy[Any]], Any]) -> _ItemT:
        """Return the next revision of a story."""
        raise NotImplementedError

    async def work(self, connection: Connection, items: Sequence[_ItemT]) -> BatchResult:
        """Deliver items in a transaction."""
        raise NotImplementedError

    async def held(self, connection: Connection, article_id: UUID) -> dict[int, tuple[set[str], bool]]:
        """Return revision -> identifiers of what is stored of it, and whether it is current."""
        raise NotImplementedError

    async def check_story(self, connection: Connection, story: Story[_ItemT]) -> None:
        """Fail when what was handed on, or done, is not what the newest revision asks for."""
        raise NotImplementedError

    @property
    def service(self) -> RunningService:
        return self.stage.service

    @initialize()
    def begin(self) -> None:
        self.stories = [Story() for _ in range(ARTICLES)]

    @rule(number=st.integers(0, ARTICLES - 1), data=st.data())
    def a_revision_is_published(self, number: int, data: st.DataObject) -> None:
        story = self.stories[number]
        story.revisions.append(self.publish(story, data.draw))

    # Who waits for whom is the database's affair: what is drawn must not depend on it.
    @precondition(lambda self: any(story.revisions for story in self.stories))
    @rule(data=st.data())
    def a_worker_delivers(self, data: st.DataObject) -> None:
        published = [(number, at) for number, story in enumerate(self.stories) for at in range(len(story.revisions))]
        batch = data.draw(st.lists(st.sampled_from(published), min_size=1, max_size=5))
        free = [number for number in range(WORKERS) if number not in self.workers]
        if free:
            self.stage.runner.run(self._start(free[0], batch))

    @rule(place=st.integers(0, WORKERS - 1), commits=st.sampled_from([True, True, True, False]))
    def a_worker_ends(self, place: int, commits: bool) -> None:
        ready = [number for number, worker in sorted(self.workers.items()) if worker.done.is_set()]
        if ready:
            self.stage.runner.run(self._end(ready[place % len(ready)], commits=commits))

    def teardown(self) -> None:
        """End what is open, and check the counts."""
        if self.stories:
            self.stage.runner.run(self._finish())

    async def _start(self, number: int, batch: list[tuple[int, int]]) -> None:
        done, gate = asyncio.Event(), asyncio.get_running_loop().create_future()

        async def deliver() -> list[ItemResult]:
            async with self.service.database.transaction() as connection:
                self.workers[number].backend = await connection.scalar(text("SELECT pg_backend_pid()"))
                answers = (await self.work(connection, [self._item(*place) for place in batch])).data
                done.set()
                if not await gate:
                    raise TakenBackError
            return answers

        self.workers[number] = Worker(batch, asyncio.create_task(deliver()), done, gate)
        await self._settle_down()

    def _item(self, number: int, index: int) -> _ItemT:
        return self.stories[number].revisions[index]

    async def _settle_down(self) -> None:
        """Wait until every worker has nothing but its commit before it, or waits for another's."""
        async with asyncio.timeout(20):
            while True:
                working = [each for each in self.workers.values() if not each.done.is_set()]
                for each in working:
                    if each.task.done():
                        each.task.result()
                backends = [each.backend for each in working if each.backend is not None]
                async with self.service.database.reading() as connection:
                    n_waiting = await connection.scalar(_WAITING_AMONG, {"backends": backends}) or 0
                if len([each for each in working if not each.done.is_set()]) <= n_waiting:
                    return
                await asyncio.sleep(0.001)

    async def _end(self, number: int, *, commits: bool) -> None:
        worker = self.workers.pop(number)
        worker.gate.set_result(commits)
        try:
            answers = await worker.task
        except TakenBackError:
            answers = []
        for (story_number, index), answer in zip(worker.batch if answers else (), answers, strict=True):
            self.stories[story_number].delivered.add(index + 1)
            async with self.service.database.reading() as connection:
                held = await self.held(connection, self.stories[story_number].article_id)
            self._check_answer(index + 1, answer, held)
        await self._settle_down()

    @staticmethod
    def _check_answer(revision: int, answer: ItemResult, held: dict[int, tuple[set[str], bool]]) -> None:
        newest = max(held)
        assert [each for each, (_, is_current) in held.items() if is_current] == [newest]
        match answer.status:
            case "stored" | "unchanged":
                assert newest >= revision
                assert revision not in held or answer.id in held[revision][0]
            case "superseded":
                assert newest > revision
            case _:
                raise AssertionError(answer)

    async def _finish(self) -> None:
        async with asyncio.timeout(20):
            while self.workers:
                ready = [number for number, worker in self.workers.items() if worker.done.is_set()]
                if ready:
                    await self._end(ready[0], commits=True)
                else:
                    # All wait for the service's own workers, which stand still while the loop does.
                    await asyncio.sleep(0.001)
                    await self._settle_down()
        async with self.service.database.reading() as connection:
            for story in self.stories:
                held = await self.held(connection, story.article_id)
                assert max(held, default=0) == max(story.delivered, default=0)
                assert Counter(is_current for _, is_current in held.values())[True] == bool(held)
                await self.check_story(connection, story)


def play(machine: type[Interleaving[Any]], stage: Stage, *, examples: int = 25, steps: int = 30) -> None:
    """Run `machine` on `stage`."""
    staged = type(machine.__name__, (machine,), {"stage": stage})
    run_state_machine_as_test(
        staged,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


async def until_someone_waits(service: RunningService) -> None:
    """Return as soon as a transaction waits for another's."""
    async with asyncio.timeout(10), service.database.reading() as connection:
        while not await connection.scalar(_WAITING):
            await asyncio.sleep(0.005)


async def handed_on(service: RunningService, connection: Connection) -> list[dict[str, Any]]:
    """Return everything that the service has handed to its neighbour, once nothing waits any more."""
    async with asyncio.timeout(20):
        while await connection.scalar(text("SELECT count(*) FROM outbox")):
            await asyncio.sleep(0.002)
    return service.neighbour.items()
