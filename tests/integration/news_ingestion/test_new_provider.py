"""A kind of source is a class and a line of the registry: what is said here once is what everything else goes by."""

import ast
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

import news_ingestion
from news_ingestion.articles.draft import Item
from news_ingestion.engine import provider_client_over
from news_ingestion.providers.provider import Fetched, FetchPlan, Provider, SourceState
from news_ingestion.providers.provider_client import ProviderClient
from news_ingestion.providers.provider_errors import ProviderError
from news_ingestion.providers.registry import PROVIDERS
from tests.conftest import RunningService, StartService
from tests.emulators.faults import Answer, EmulatedServer, Request, server_error


class BulletinProvider(Provider):
    """A list of headlines in JSON."""

    needs_url = True
    shows_latest_only = True
    final_problems = frozenset({"gone"})

    def __init__(self, settings: object) -> None:
        self.is_closed = False

    def read_config(self, config: Mapping[str, object]) -> dict[str, object]:
        if config.keys() - {"section"}:
            raise ValueError("a bulletin has sections only")
        return dict(config)

    def plan(self, source: SourceState, now: datetime) -> FetchPlan:
        return FetchPlan(source.interval_seconds, 60.0, 24, None, ("A bulletin comes every hour.",))

    async def fetch(self, source: SourceState, client: ProviderClient, now: datetime, fetched: Fetched) -> None:
        parameters = {name: str(value) for name, value in source.config.items()}
        reply = await client.get(source.url or "", {}, fetched.requests, parameters=parameters)
        if reply.status != 200:
            problem = "gone" if reply.status == 410 else "unavailable"
            raise ProviderError(problem, f"status_{reply.status}", "There is no bulletin.")
        fetched.items = [Item(one["title"], one["url"], now) for one in json.loads(reply.content)]
        fetched.wait_seconds = 3_600.0

    async def aclose(self) -> None:
        self.is_closed = True


class BulletinEmulator(EmulatedServer):
    """Serves one bulletin."""

    def answer(self, request: Request) -> Answer:
        """Return the bulletin, with the section that was asked for in its headline."""
        title = f"Acme Robotics opens a plant in {request.query['section']}"
        return Answer(200, json.dumps([{"title": title, "url": "https://bulletin.test/1"}]).encode())


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line."""
    monkeypatch.setitem(PROVIDERS, "bulletin", BulletinProvider)


def connect(news: RunningService, site: EmulatedServer) -> None:
    client = httpx.AsyncClient(mounts={"all://bulletin.test": httpx.ASGITransport(site)})
    news.app.state.engine = replace(news.engine, provider_client=provider_client_over(client, news.engine.settings))


async def create(news: RunningService, **given: Any) -> httpx.Response:
    body = {"kind": "bulletin", "name": "Bulletin", "url": "http://bulletin.test/", **given}
    return await news.client.post("/news/v1/sources", json=body)


async def fetch(news: RunningService, source: Mapping[str, Any]) -> dict[str, Any]:
    answer = await news.client.post(f"/news/v1/sources/{source['source_id']}:fetch")
    assert answer.status_code == 200, answer.text
    run: dict[str, Any] = answer.json()
    return run


async def test_a_new_kind_is_configured_fetched_and_planned_by_what_its_provider_says(
    start_service: StartService,
) -> None:
    site = BulletinEmulator()
    async with start_service("news_ingestion", fetch_enabled=False) as news:
        connect(news, site)
        refused = await create(news, config={"colour": "red"})
        source = (await create(news, config={"section": "Ohio"})).json()
        run = await fetch(news, source)
        plan = (await news.client.get(f"/news/v1/sources/{source['source_id']}/plan")).json()
        (article,) = (await news.client.get("/news/v1/articles", params={"source_id": source["source_id"]})).json()[
            "data"
        ]
        provider = news.engine.providers["bulletin"]

    assert (refused.status_code, refused.json()["code"]) == (409, "config_invalid")
    assert (run["status"], run["articles"]) == ("ok", {"created": 1})
    assert article["title"] == "Acme Robotics opens a plant in Ohio"
    assert plan["quota"] == {"requests_per_day": 24, "used": 1, "remaining": 23}
    assert plan["warnings"] == ["A bulletin comes every hour."]
    assert provider.is_closed


async def test_a_new_kind_fails_and_comes_back_as_its_provider_says(start_service: StartService) -> None:
    site = BulletinEmulator()
    async with start_service("news_ingestion", fetch_enabled=False) as news:
        connect(news, site)
        source = (await create(news, config={"section": "Ohio"})).json()
        path = f"/news/v1/sources/{source['source_id']}"
        await fetch(news, source)
        site.faults.append(server_error())
        await fetch(news, source)
        await fetch(news, source)
        (coverage,) = (await news.client.get("/news/v1/coverage")).json()["data"]
        site.faults.append(Answer(410))
        await fetch(news, source)
        after = (await news.client.get(path)).json()

    assert [gap["reason"] for gap in coverage["gaps"]] == ["delay", "error"]
    assert (after["is_enabled"], after["disabled_reason"]) == (False, "status_410")


async def test_a_kind_that_has_no_provider_is_refused_as_no_kind(start_service: StartService) -> None:
    async with start_service("news_ingestion", fetch_enabled=False) as news:
        answers = [await create(news, kind=kind) for kind in ("telegram", 5, ["rss"])]

    expected = {(422, "literal_error", "Input should be 'rss', 'newsapi', 'push' or 'bulletin'")}
    assert {
        (answer.status_code, answer.json()["errors"][0]["type"], answer.json()["errors"][0]["msg"])
        for answer in answers
    } == expected


def test_kinds_are_named_only_in_their_packages_and_in_the_registry() -> None:
    folder = Path(news_ingestion.__file__).parent
    files = [file for file in folder.rglob("*.py") if file.parent.name not in PROVIDERS and file.name != "registry.py"]

    found = [
        f"{file.relative_to(folder)}:{node.lineno}"
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in PROVIDERS
    ]

    assert len(files) > 20
    assert found == []
