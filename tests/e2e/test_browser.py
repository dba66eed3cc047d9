"""The pages and pictures in a real browser: everything they need is allowed, and nothing is complained of."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from common.api.middleware import RequestMiddleware
from common.gateway import SERVICES
from market_impact.event_studies.charts import AveragePath, draw_average_path
from market_impact.routes.event_studies import SVGResponse
from standalone.system.composition import Dispatcher
from standalone.system.front_page import front_app
from standalone.system.http_protocol import DEFAULT_LIMITS
from standalone.system.local_guard import LocalGuard
from tests.raw_http import served

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is here")


@asynccontextmanager
async def no_lifespan(_app: object) -> AsyncIterator[None]:
    yield


def system() -> ASGIApp:
    """Return the system as `mia up` serves it without credentials, and a picture; no page of it reads a database."""
    apps: dict[str, FastAPI] = {}
    for service in SERVICES:
        settings = import_module(f"{service.name}.settings").Settings(database_url="postgresql://nobody@127.0.0.1:1/")
        apps[service.prefix] = import_module(f"{service.name}.app").create_app(settings)
    dispatcher = Dispatcher(apps, front_app(list(apps.values()), no_lifespan, CollectorRegistry(), 1_000))
    path = AveragePath(
        days=[-1, 0, 1],
        aar=[0.0, 0.01, 0.0],
        caar=[0.0, 0.01, 0.01],
        standard_error=[0.01, 0.01, 0.01],
        n_events=3,
        caption="three events",
    )
    apps["/picture"] = RequestMiddleware(  # type: ignore[assignment]
        SVGResponse(draw_average_path(path)), tracing=None, max_body_bytes=1_000
    )
    return LocalGuard(dispatcher)


async def opened(path: str) -> tuple[str, list[str]]:
    """Return what a browser makes of the page at `path`, and the lines of its console."""
    assert BROWSER is not None
    async with served(system(), DEFAULT_LIMITS) as port:
        profile = tempfile.mkdtemp(prefix="mia-test-browser-")
        process = await asyncio.create_subprocess_exec(
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            f"--user-data-dir={profile}",
            "--enable-logging=stderr",
            "--virtual-time-budget=20000",
            "--dump-dom",
            f"http://127.0.0.1:{port}{path}",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(90):
                page, log = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            shutil.rmtree(profile, ignore_errors=True)
    return page.decode(), [line for line in log.decode().splitlines() if "CONSOLE" in line]


async def test_the_front_page_is_shown_in_its_style() -> None:
    page, console = await opened("/")

    assert "Swagger UI" in page
    assert console == []


@pytest.mark.parametrize("prefix", [service.prefix for service in SERVICES])
async def test_swagger_ui_shows_every_operation(prefix: str) -> None:
    page, console = await opened(f"{prefix}/docs")

    assert page.count('class="opblock ') > 5
    assert console == []


async def test_a_picture_is_drawn_on_its_own() -> None:
    page, console = await opened("/picture")

    assert "three events" in page
    assert console == []
