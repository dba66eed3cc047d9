"""Shared by the benchmarks: an app on embedded PostgreSQL, requests without a socket, medians, and the load average."""

import json
import logging
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import structlog
import uvloop
from fastapi import FastAPI
from sqlalchemy import make_url
from starlette.types import ASGIApp, Message

from common.gateway import service_named
from common.postgres.migrations import create_database, migrate
from standalone.embedded.servers import EmbeddedPostgres

RUNS = 5


@asynccontextmanager
async def running_service(name: str) -> AsyncIterator[tuple[FastAPI, str]]:
    """Yield a service on a fresh, durable, embedded PostgreSQL, and the URL of its database."""
    folder = Path(tempfile.mkdtemp(prefix="mia-bench-"))
    try:
        async with EmbeddedPostgres(folder / "postgres") as postgres:
            url = make_url(postgres.url).set(drivername="postgresql+asyncpg", database=name)
            await create_database(url)
            await migrate(url, service_named(name))
            text = url.set(drivername="postgresql").render_as_string(hide_password=False)
            settings = import_module(f"{name}.settings").Settings(
                database_url=text, outbox_poll_seconds=3600, rate_limit_per_minute=10**9
            )
            transport = httpx.MockTransport(accept_everything)
            app = import_module(f"{name}.app").create_app(settings, transport=transport)
            async with app.router.lifespan_context(app):
                yield app, text
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def accept_everything(request: httpx.Request) -> httpx.Response:
    """Answer a hand-over as a neighbour that stores every item."""
    (items,) = json.loads(request.content).values()
    return httpx.Response(200, json={"data": [{"index": index, "status": "stored"} for index in range(len(items))]})


async def call(app: ASGIApp, method: str, path: str, query: str = "", body: bytes = b"") -> bytes:
    """Send one request to `app` without a socket and return the body; `RuntimeError` when it fails."""
    headers = [(b"host", b"bench"), (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("bench", 80),
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    answer = b"".join(message.get("body", b"") for message in sent)
    if sent[0]["status"] >= 300:
        raise RuntimeError(f"{method} {path}: {sent[0]['status']} {answer[:300]!r}")
    return answer


async def cpu_microseconds(act: Callable[[], Awaitable[object]], repeat: int) -> float:
    """Return the CPU time of this process for one `act`, in microseconds, over `repeat` of them."""
    await act()
    started = time.process_time()
    for _ in range(repeat):
        await act()
    return (time.process_time() - started) / repeat * 1e6


async def wall_seconds(act: Callable[[], Awaitable[object]]) -> float:
    """Return how long one `act` takes, in seconds."""
    started = time.perf_counter()
    await act()
    return time.perf_counter() - started


def median(values: list[float]) -> float:
    """Return the median of the runs."""
    return statistics.median(values)


def report(name: str, reached: float, goal: str, *details: str) -> None:
    """Print a result with its goal and the load of the machine."""
    print(f"{name}: {reached:.2f} (goal {goal})")
    for detail in details:
        print(f"  {detail}")
    print(f"  median of {RUNS} runs, load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Run a benchmark in an event loop of its own."""

    async def act() -> None:
        await main()

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    uvloop.run(act())
