"""No request of any route holds one connection while it asks for another, and none holds one while it waits."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import event, func, select

from common.gateway import SERVICES
from common.postgres.database import Database
from tests.conftest import RunningService, StartService
from tests.integration.common.test_auth import create_key, forget_keys, header

UUID = "00000000-0000-7000-8000-000000000000"
ADDRESS = "http://localhost/feed"
LOCAL = {"allow_private_addresses": True, "fetch_allow_private_addresses": True}
# What is computed beside the loop within a transaction on purpose: changed rules are read once, for the batch that they
# hold for; aliases with which texts cannot be linked are not stored.
BESIDE = {"/alerts/v1/signals", "/nlp/v1/entities/company-320193/aliases"}
PARAMETERS = {"ticker": "AAPL", "entity_id": "company-320193", "version": "none"}


DAYS = [f"2026-{month:02}-{day:02}" for month in (1, 2, 3) for day in range(1, 29)]
STUDY = {
    "events": [{"ticker": "AAPL", "date": "2026-03-10"}],
    "model": "constant_mean",
    "panel": {"dates": DAYS, "returns": {"AAPL": [number % 7 / 100 for number in range(len(DAYS))]}},
    "estimation": {"length": 40},
}


class Held:
    """How many connections one request holds now, and held at most; what it asked of a thread while it held one."""

    def __init__(self) -> None:
        self.now = self.most = self.taken = 0
        self.beside: list[str] = []


_held: ContextVar[Held | None] = ContextVar("held", default=None)


@contextmanager
def counted(database: Database) -> Iterator[None]:
    """Count connections by the task that takes them."""
    pool = database.engine.sync_engine.pool

    def taken(*_: object) -> None:
        if (held := _held.get()) is not None:
            held.now, held.taken = held.now + 1, held.taken + 1
            held.most = max(held.most, held.now)

    def given_back(*_: object) -> None:
        if (held := _held.get()) is not None:
            held.now -= 1

    loop = asyncio.get_running_loop()
    run_in_executor = loop.run_in_executor

    def run_beside(executor: Any, work: Any, *arguments: Any) -> Any:
        # Names are looked up here too, as by everything that takes too long for the loop.
        if (held := _held.get()) is not None and held.now:
            held.beside.append("".join(traceback.format_stack(limit=6)))
        return run_in_executor(executor, work, *arguments)

    event.listen(pool, "checkout", taken)
    event.listen(pool, "checkin", given_back)
    loop.run_in_executor = run_beside  # type: ignore[method-assign]
    try:
        yield
    finally:
        loop.run_in_executor = run_in_executor  # type: ignore[method-assign]
        event.remove(pool, "checkout", taken)
        event.remove(pool, "checkin", given_back)


async def ask(service: RunningService, method: str, path: str, **options: Any) -> tuple[httpx.Response, Held]:
    """Send one request and return its answer with the connections that it held."""
    held = Held()

    async def send() -> httpx.Response:
        _held.set(held)
        return await service.client.request(method, path, **options)

    return await asyncio.create_task(send()), held


def requests_of(service: RunningService, bodies: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield method, path and body for every route but the streams, which do not end."""
    for route in service.app.routes:
        if isinstance(route, APIRoute) and not route.path.endswith("/stream"):
            path = route.path
            for name in route.param_convertors:
                path = path.replace(f"{{{name}}}", PARAMETERS.get(name, UUID))
            for method in sorted(route.methods):
                yield method, path, bodies.get(f"{method} {route.path}", {})


@pytest.fixture
async def pipeline(start_service: StartService) -> AsyncIterator[dict[str, RunningService]]:
    """The four services, each with a pool of one connection: who needs two gets none."""
    async with AsyncExitStack() as stack:
        overrides: dict[str, Any] = {
            **LOCAL,
            "db_pool_max_size": 1,
            "db_connection_timeout": 20_000,
            "outbox_workers": 1,
        }
        yield {one.name: await stack.enter_async_context(start_service(one.name, **overrides)) for one in SERVICES}


async def bodies(pipeline: dict[str, RunningService]) -> dict[str, Any]:
    """Return a body that is good for each route that writes, each hand-over made by the service before."""
    article = {
        "title": "Apple beats estimates",
        "url": "https://wire.example/1",
        "published_at": "2026-01-27T21:30:00Z",
    }
    posted = {"POST /news/v1/articles": {"articles": [article]}}
    hops = (
        ("news_ingestion", "/news/v1/articles"),
        ("nlp", "/nlp/v1/analyses"),
        ("market_impact", "/impact/v1/impacts"),
    )
    following = ("POST /nlp/v1/analyses", "POST /impact/v1/impacts", "POST /alerts/v1/signals")
    items = ("articles", "analyses", "impacts")
    for (name, path), then, field in zip(hops, following, items, strict=True):
        service = pipeline[name]
        answer = await service.client.post(path, json=posted[f"POST {path}"])
        assert answer.status_code == 200, answer.text
        posted[then] = {field: await service.neighbour.wait_for_items(1)}
    return posted | {
        "POST /news/v1/sources": {"kind": "push", "name": "wire"},
        "POST /news/v1/articles:compare": {"a": {"title": "one"}, "b": {"title": "two"}},
        "POST /nlp/v1/texts:analyze": {"texts": [{"title": "Apple beats estimates"}]},
        "PUT /nlp/v1/entities/{entity_id}/aliases": {"aliases": ["The Fruit Company"]},
        "PUT /impact/v1/bars": {
            "bars": [{"ticker": "AAPL", "date": "2026-01-27", "open": 1, "high": 1, "low": 1, "close": 1, "volume": 1}]
        },
        "POST /impact/v1/event-studies": STUDY,
        "POST /alerts/v1/signals:evaluate": {"impacts": posted["POST /alerts/v1/signals"]["impacts"], "rule_ids": []},
        "POST /alerts/v1/rules:validate": {"name": "mine", "when": {"tickers": ["AAPL"]}, "receivers": ["log"]},
        "POST /alerts/v1/rules": {"name": "mine", "when": {"tickers": ["AAPL"]}, "receivers": ["log"]},
        "POST /alerts/v1/receivers": {"name": "other log", "kind": "log"},
    }


@pytest.mark.parametrize("caller", ["anonymous", "with a key"])
async def test_no_route_holds_two_connections(pipeline: dict[str, RunningService], caller: str) -> None:
    good = await bodies(pipeline)
    seen, refused = {}, []
    for service in pipeline.values():
        headers = {} if caller == "anonymous" else header(await create_key(service, "admin"))
        with counted(service.database):
            for method, path, body in requests_of(service, good):
                for key in ({}, {"Idempotency-Key": uuid4().hex}):
                    # A key is read anew every two seconds; it must be for some requests, and is here for each.
                    forget_keys(service)
                    answer, held = await ask(service, method, path, json=body, headers={**headers, **key})
                    seen[method, path, bool(key)] = held
                    if answer.status_code in {401, 403, 500, 503}:
                        refused.append((method, path, answer.status_code, answer.text))

    assert refused == []
    assert {request: held.beside for request, held in seen.items() if held.beside and request[1] not in BESIDE} == {}
    assert {request: held.most for request, held in seen.items() if held.most > 1} == {}
    assert {request: held.now for request, held in seen.items() if held.now} == {}
    assert sum(held.taken > 1 for held in seen.values()) > 50, "what is counted is not what is taken"


async def test_names_are_looked_up_and_charts_drawn_without_a_connection(pipeline: dict[str, RunningService]) -> None:
    news, impact, alerts = (pipeline[name] for name in ("news_ingestion", "market_impact", "alerts"))
    source = (await news.client.post("/news/v1/sources", json={"kind": "rss", "name": "b", "url": ADDRESS})).json()
    hook = {"name": "hook", "kind": "webhook", "url": ADDRESS}
    receiver = (await alerts.client.post("/alerts/v1/receivers", json=hook)).json()
    study = await impact.client.post("/impact/v1/event-studies", json=STUDY)
    prices = dict.fromkeys(("open", "high", "low", "close", "adjusted_close"), 1)
    bars = [{"ticker": "AAPL", "date": day, **prices} for day in DAYS[5:7]]
    await impact.client.put("/impact/v1/bars", json={"bars": bars})
    keyed = {"Idempotency-Key": "a key"}
    moved = {"url": "http://localhost/moved"}
    requests: list[tuple[RunningService, int, str, str, dict[str, Any]]] = [
        (news, 201, "POST", "/news/v1/sources", {"json": {"kind": "rss", "name": "a", "url": ADDRESS}}),
        (news, 201, "POST", "/news/v1/sources", {"json": {"kind": "rss", "name": "c", **moved}, "headers": keyed}),
        (news, 200, "PATCH", f"/news/v1/sources/{source['source_id']}", {"json": moved}),
        (alerts, 201, "POST", "/alerts/v1/receivers", {"json": {**hook, "name": "own"}, "headers": keyed}),
        (alerts, 200, "PUT", f"/alerts/v1/receivers/{receiver['receiver_id']}", {"json": {**hook, **moved}}),
        (impact, 201, "POST", "/impact/v1/event-studies", {"json": STUDY, "headers": keyed}),
        (impact, 200, "GET", f"{study.headers['location']}/chart.svg", {}),
        (impact, 200, "GET", "/impact/v1/tickers/AAPL/timeline.svg", {}),
    ]

    for service, status, method, path, options in requests:
        with counted(service.database):
            answer, held = await ask(service, method, path, **options)
        assert (answer.status_code, held.beside) == (status, []), answer.text


async def test_the_count_sees_a_request_that_computes_with_a_connection(toy: StartService) -> None:
    async with toy() as service:
        held = Held()
        _held.set(held)
        with counted(service.database):
            async with service.database.reading():
                await asyncio.to_thread(len, "a")

    assert len(held.beside) == 1


@pytest.mark.parametrize("with_key", [True, False])
async def test_studies_that_wait_for_each_other_leave_the_pool_to_others(
    start_service: StartService, with_key: bool
) -> None:
    async with start_service("market_impact", db_pool_max_size=2) as service:
        async with service.engine.studying:
            waiting = [
                asyncio.create_task(
                    service.client.post(
                        "/impact/v1/event-studies",
                        json=STUDY,
                        headers={"Idempotency-Key": f"study-{number}"} if with_key else {},
                    )
                )
                for number in range(6)
            ]
            async with asyncio.timeout(10):
                # Often enough for the studies to be where they wait.
                ready = [(await service.client.get("/ready")).status_code for _ in range(30)]
                read = await service.client.get("/impact/v1/bars", params={"ticker": "AAPL"})
            n_done = sum(task.done() for task in waiting)
        statuses = [(await task).status_code for task in waiting]

    assert ({*ready}, read.status_code, n_done) == ({200}, 200, 0)
    assert statuses == [201] * 6


async def test_the_count_sees_a_request_that_holds_two(toy: StartService) -> None:
    async with toy() as service:
        held = Held()
        _held.set(held)
        with counted(service.database):
            async with service.database.reading(), service.database.transaction():
                pass

    assert (held.most, held.now, held.taken) == (2, 0, 2)


@pytest.mark.parametrize("with_key", [True, False])
async def test_two_hundred_at_once_are_served_by_five_connections(toy: StartService, with_key: bool) -> None:
    async with toy(service_token_secret="a secret for tests of 32 characters or more") as service:
        key = header(await create_key(service, "write"))

        async def post(number: int) -> int:
            own = {"Idempotency-Key": f"order-{number}"} if with_key else {}
            path, body = "/toy/v1/notes", {"text": f"note {number}"}
            return (await service.client.post(path, json=body, headers={**key, **own})).status_code

        statuses = await asyncio.gather(*(post(number) for number in range(200)))

    assert statuses == [201] * 200


async def test_one_key_many_times_at_once_leaves_the_pool_to_others(toy: StartService) -> None:
    async with toy(db_pool_max_size=2) as service:

        def post() -> Any:
            return service.client.post("/toy/v1/notes", json={"text": "one"}, headers={"Idempotency-Key": "same"})

        answers = await asyncio.gather(*(post() for _ in range(25)), service.client.get("/toy/v1/notes"))
        again = await post()

    *posted, read = answers
    statuses = sorted(answer.status_code for answer in posted)
    created = [answer for answer in posted if answer.status_code == 201]
    in_use = [answer for answer in posted if answer.status_code == 409]
    assert set(statuses) <= {201, 409}
    assert len({answer.text for answer in created}) == 1
    assert all(answer.json()["code"] == "idempotency_key_in_use" for answer in in_use)
    assert all(answer.headers["retry-after"] == "1" for answer in in_use)
    assert read.status_code == 200
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_key_in_use_is_answered_at_once_and_not_waited_for(toy: StartService) -> None:
    async with toy(db_pool_max_size=2) as service:
        identity = '{"key": "held", "caller": "anonymous", "route": "POST /toy/v1/notes"}'
        async with service.database.transaction() as other:
            await other.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(identity, 0))))
            refused = await service.client.post(
                "/toy/v1/notes", json={"text": "one"}, headers={"Idempotency-Key": "held"}
            )
        accepted = await service.client.post("/toy/v1/notes", json={"text": "one"}, headers={"Idempotency-Key": "held"})

    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_in_use")
    assert accepted.status_code == 201
