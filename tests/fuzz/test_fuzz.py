"""The fuzz campaign in its short form; and what fails is told as the smallest request that shows it."""

import random

from tests.emulators.faults import Request
from tests.fuzz.cases import CaseMaker
from tests.fuzz.feeds import HostileSite, feed_texts
from tests.fuzz.findings import complaint
from tests.fuzz.fuzz import Fuzz
from tests.fuzz.running import REFERENCE, run_fuzz
from tests.fuzz.wire import Answer, Case

ADDRESS = "http://127.0.0.1:1"


async def test_a_failure_is_told_by_the_smallest_request_that_shows_it() -> None:
    async def send(case: Case) -> Answer:
        return Answer(500 if "cursor=WzFd" in case.target else 200, b"", 0.01)

    case = Case("GET", "/news/v1/articles?limit=1&cursor=WzFd&q=a", (("Accept", "*/*"),), b"{}", "GET articles")

    text = await complaint(send, case, await send(case), ADDRESS, 2.0)

    assert text is not None
    assert text.endswith(f"curl -i --path-as-is -X GET '{ADDRESS}/news/v1/articles?cursor=WzFd'")


async def test_an_answer_that_was_slow_once_is_no_failure() -> None:
    async def send(case: Case) -> Answer:
        return Answer(200, b"", 0.01)

    assert await complaint(send, Case("GET", "/"), Answer(200, b"", 3.0), ADDRESS, 2.0) is None


async def test_an_answer_that_is_always_slow_is_a_failure() -> None:
    async def send(case: Case) -> Answer:
        return Answer(200, b"", 3.0)

    text = await complaint(send, Case("GET", "/slow"), Answer(200, b"", 3.0), ADDRESS, 2.0)

    assert text is not None
    assert "slow (3.0, 3.0, 3.0 s)" in text


def test_a_seed_makes_the_same_requests_and_the_same_feeds() -> None:
    document = {"paths": {"/a/{a_id}": {"get": {"parameters": [{"in": "path", "name": "a_id", "schema": {}}]}}}}
    makers = [CaseMaker({"/a": document}, random.Random(3)) for _ in range(2)]
    sites = [HostileSite(3, feed_texts(REFERENCE)) for _ in range(2)]
    request = Request("/feed/1", {}, {})

    assert [makers[0].make() for _ in range(50)] == [makers[1].make() for _ in range(50)]
    assert [sites[0].answer(request) for _ in range(50)] == [sites[1].answer(request) for _ in range(50)]


async def test_no_request_and_no_feed_makes_the_server_fail() -> None:
    # Seconds belong to the long form: here other tests may run beside.
    figures = await run_fuzz(Fuzz(seed=1, n_requests=600, n_feeds=200, memory_growth_mb=400.0, max_seconds=15.0))

    assert figures.failures == {}, figures.as_text()
