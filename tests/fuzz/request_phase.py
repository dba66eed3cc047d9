"""The first half of a fuzz campaign: requests, each wrong in something."""

import asyncio
import random
import time

from tests.fuzz.cases import CaseMaker
from tests.fuzz.findings import Figures, complaint
from tests.fuzz.fuzz import Fuzz, say
from tests.fuzz.server import Server, documents
from tests.fuzz.wire import Answer, Case, exchange

_CLIENTS = 3


async def fuzz_requests(server: Server, fuzz: Fuzz, figures: Figures) -> None:
    """Send the requests, a few at a time, and note what is wrong with the answers."""
    begun = time.monotonic()
    maker = CaseMaker(await documents(server), random.Random(f"requests {fuzz.seed}"))
    left = iter(range(fuzz.n_requests))

    async def send(case: Case) -> Answer:
        return await exchange(server.host, server.port, case)

    async def client() -> None:
        for number in left:
            case = maker.make()
            answer = await send(case)
            figures.n_requests += 1
            figures.note("requests", answer, case.operation)
            if answer.status in {200, 201}:
                maker.learn(answer.body)
            kind = f"{answer.status} {case.operation}"
            if kind in figures.failures:
                figures.times_failed[kind] += 1
            elif wrong := await complaint(send, case, answer, server.address, fuzz.max_seconds):
                figures.fail(kind, wrong)
            if number == fuzz.n_requests // 5:
                figures.memory_mb["after a fifth of the requests"] = round(server.memory_mb(), 1)
            if number % 1_000 == 999:
                say(f"{number + 1} requests, {figures.times_failed.total()} failures, {server.memory_mb():.0f} MB")

    await asyncio.gather(*(client() for _ in range(_CLIENTS)))
    figures.memory_mb["after the requests"] = round(server.memory_mb(), 1)
    figures.seconds["requests"] = round(time.monotonic() - begun, 1)
