"""A neighbour that is too slow for what it is handed: every row gets through in the end, and none stops the others."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httpx
from sqlalchemy import func, select

from common.telemetry.request_context import current_context
from tests.conftest import RunningService, StartService

TIMEOUT_SECONDS = 0.4


def note(name: str, length: int = 100) -> str:
    """Return a row of the outbox of about `length` bytes."""
    return json.dumps({"text": name, "body": "x" * length})


@dataclass
class SlowNeighbour:
    """Works on one request at a time, for as long as its length asks; it stops at once when nobody waits any more."""

    bytes_per_second: float
    stuck_on: frozenset[str] = frozenset()
    taken: list[str] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        names = [item["text"] for item in json.loads(request.content)["notes"]]
        self.batches.append(names)
        async with self._busy:
            await asyncio.sleep(len(request.content) / self.bytes_per_second)
        if self.stuck_on.intersection(names):
            await asyncio.Event().wait()
        self.taken += names
        return httpx.Response(200, json={"data": [{"index": index, "status": "stored"} for index in range(len(names))]})


async def put(service: RunningService, *payloads: str) -> None:
    async with service.database.transaction() as connection:
        await service.runtime.handover().put(connection, payloads)


async def pending(service: RunningService) -> int:
    async with service.database.reading() as connection:
        return await connection.scalar(select(func.count()).select_from(service.runtime.tables.outbox)) or 0


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


async def letters(service: RunningService) -> list[str]:
    data = (await service.client.get("/toy/v1/dead-letters")).json()["data"]
    return [json.loads(letter["payload"])["text"] for letter in data]


async def test_long_rows_get_through_and_the_short_ones_behind_them_too(toy: StartService) -> None:
    neighbour = SlowNeighbour(bytes_per_second=1_500_000)
    long, short = [f"long {n}" for n in range(60)], [f"short {n}" for n in range(195)]
    async with toy(http_timeout_seconds=TIMEOUT_SECONDS, outbox_poll_seconds=0.05) as service:
        service.neighbour.answer = neighbour  # type: ignore[assignment]
        await put(service, *(note(name, 20_000) for name in long))
        await put(service, *(note(name) for name in short))

        await until(lambda: emptied(service))

        assert sorted(neighbour.taken) == sorted(long + short)
        assert await letters(service) == []


async def emptied(service: RunningService) -> bool:
    return await pending(service) == 0


async def test_a_hand_over_carries_no_more_bytes_than_set(toy: StartService) -> None:
    async with toy(outbox_batch_bytes=10_000, outbox_workers=1) as service:
        await put(service, *(note(str(n), 3_000) for n in range(10)), note("longer than the limit", 20_000))

        await service.neighbour.wait_for_items(11)

        sizes = [
            [len(json.dumps(item)) for item in json.loads(request.content)["notes"]] for request in requests(service)
        ]
        assert all(sum(batch) <= 10_000 or len(batch) == 1 for batch in sizes)
        assert max(len(batch) for batch in sizes) == 3


def requests(service: RunningService) -> list[httpx.Request]:
    return service.neighbour.requests


async def test_a_row_that_never_ends_is_a_dead_letter_and_the_others_pass_it(toy: StartService) -> None:
    neighbour = SlowNeighbour(bytes_per_second=1e9, stuck_on=frozenset({"stuck"}))
    async with toy(
        http_timeout_seconds=TIMEOUT_SECONDS,
        outbox_backoff_max_seconds=0.1,
        outbox_poll_seconds=0.05,
        outbox_max_attempts=4,
    ) as service:
        service.neighbour.answer = neighbour  # type: ignore[assignment]
        good = [f"good {n}" for n in range(20)]
        await put(service, *map(note, good[:10]), note("stuck"), *map(note, good[10:]))
        await until(lambda: only_is_left(service, 1))
        late = iter(range(10_000))

        async def goes_on() -> bool:
            await put(service, note(f"late {next(late)}"))
            return await letters(service) == ["stuck"]

        await until(goes_on)
        await until(lambda: emptied(service))

        assert set(good) <= set(neighbour.taken)
        assert len(neighbour.taken) == len(set(neighbour.taken))


async def only_is_left(service: RunningService, count: int) -> bool:
    return await pending(service) == count


async def test_a_new_row_passes_rows_that_are_slow(toy: StartService) -> None:
    stuck = [f"stuck {n}" for n in range(4)]
    neighbour = SlowNeighbour(bytes_per_second=1e9, stuck_on=frozenset(stuck))
    async with toy(http_timeout_seconds=2.0, outbox_workers=1, outbox_poll_seconds=0.05) as service:
        service.neighbour.answer = neighbour  # type: ignore[assignment]
        await put(service, *map(note, stuck))
        await until(lambda: is_suspected(service, 4))

        for number in range(5):
            await put(service, note(f"new {number}"))
            # Less than the time that one of the slow rows takes, and the only worker for new rows has not one of them.
            async with asyncio.timeout(1.5):
                while f"new {number}" not in neighbour.taken:
                    await asyncio.sleep(0.005)

        assert await pending(service) == 4


async def is_suspected(service: RunningService, count: int) -> bool:
    table = service.runtime.tables.outbox
    async with service.database.reading() as connection:
        found = await connection.scalar(select(func.count()).select_from(table).where(table.c.attempts > 0))
    return found == count


async def test_a_neighbour_that_answers_nobody_makes_no_dead_letter(toy: StartService) -> None:
    everything = SlowNeighbour(bytes_per_second=1.0)
    async with toy(
        http_timeout_seconds=0.05,
        outbox_backoff_max_seconds=0.05,
        outbox_poll_seconds=0.02,
        outbox_max_attempts=2,
    ) as service:
        service.neighbour.answer = everything  # type: ignore[assignment]
        names = [f"good {n}" for n in range(5)]
        await put(service, *map(note, names))
        while len(everything.batches) < 30:
            await asyncio.sleep(0.01)
        assert await letters(service) == []

        everything.bytes_per_second = 1e9
        await until(lambda: emptied(service))

        assert sorted(everything.taken) == names


async def test_a_gateway_timeout_and_a_broken_answer_are_halved_like_silence(toy: StartService) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        names = [item["text"] for item in json.loads(request.content)["notes"]]
        if "gateway" in names:
            return httpx.Response(504, text="upstream request timeout")
        if "breaks" in names:
            raise httpx.ReadError("the neighbour died of it", request=request)
        taken.extend(names)
        return httpx.Response(200, json={"data": [{"index": index, "status": "stored"} for index in range(len(names))]})

    taken: list[str] = []
    async with toy(outbox_max_attempts=5, outbox_backoff_max_seconds=0.05, outbox_poll_seconds=0.02) as service:
        service.neighbour.answer = answer
        await put(service, *map(note, ["a", "gateway", "b", "breaks", "c"]))

        await until(lambda: emptied(service))

        assert sorted(taken) == ["a", "b", "c"]
        assert sorted(await letters(service)) == ["breaks", "gateway"]


async def test_a_slow_hand_over_keeps_the_identifiers_of_its_row(toy: StartService) -> None:
    async with toy(http_timeout_seconds=TIMEOUT_SECONDS) as service:
        await put(service, note("one"))
        await service.neighbour.wait_for_items(1)

        assert requests(service)[0].headers["X-Request-ID"] != current_context().request_id
