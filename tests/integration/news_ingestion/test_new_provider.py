"""A kind of source is a class and a line of the registry: what is said here once is what everything else goes by."""

import ast
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from pydantic import BaseModel, Field

import news_ingestion
from news_ingestion.articles.draft import Item
from news_ingestion.engine import provider_client_over
from news_ingestion.providers.provider import Fetched, FetchPlan, MissedWindow, Provider, SourceState
from news_ingestion.providers.provider_client import ProviderClient
from news_ingestion.providers.provider_errors import ProviderError
from news_ingestion.providers.registry import PROVIDERS
from news_ingestion.providers.window import Window
from news_ingestion.settings import Settings
from news_ingestion.sources.fetching import _claim
from tests.conftest import RunningService, StartService
from tests.emulators.faults import Answer, EmulatedServer, Request, server_error


class BulletinProvider(Provider):
    """A list of headlines in JSON."""

    needs_url = True
    shows_latest_only = True
    final_problems = frozenset({"gone"})

    meaning = "A list of headlines at `url`."

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.is_closed = False

    def read_config(self, config: Mapping[str, object]) -> dict[str, object]:
        if config.keys() - {"section"}:
            raise ValueError("a bulletin has sections only")
        return dict(config)

    def plan(self, source: SourceState, now: datetime) -> FetchPlan:
        return FetchPlan(source.interval_seconds, 60.0, 24, None, (f"{source.url} comes every hour.",))

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


class FilingsConfig(BaseModel):
    """The company whose filings are asked for."""

    cik: str = Field(pattern="^[0-9]{10}$")


class FilingsProvider(Provider):
    """No address, a configuration that must be given, and nothing said that need not be."""

    meaning = "The filings of a company; `config` has its `cik`."

    def read_config(self, config: Mapping[str, object]) -> dict[str, object]:
        return {**config, **FilingsConfig.model_validate(dict(config)).model_dump()}

    def plan(self, source: SourceState, now: datetime) -> FetchPlan:
        return FetchPlan(source.interval_seconds, 0.0, None, None, ())

    async def fetch(self, source: SourceState, client: ProviderClient, now: datetime, fetched: Fetched) -> None:
        await client.get("http://bulletin.test/", {}, fetched.requests, parameters={"section": "Ohio"})


class AlmanacProvider(Provider):
    """Raises what its configuration asks for, by the function that shall raise it."""

    meaning = "Whatever `config` says."
    faults: ClassVar[dict[str, Exception]] = {
        "provider": ProviderError("request", "no_such_year", "There is no almanac of http://almanac.test/key yet."),
        "value": ValueError("there is no almanac of http://almanac.test/key yet"),
        "key": KeyError("year"),
        "overflow": OverflowError("too far"),
    }

    def read_config(self, config: Mapping[str, object]) -> dict[str, object]:
        if config.get("read"):
            raise self.faults[str(config["read"])]
        return dict(config)

    def plan(self, source: SourceState, now: datetime) -> FetchPlan:
        if source.config.get("plan") in self.faults:
            raise self.faults[str(source.config["plan"])]
        return FetchPlan(source.interval_seconds, float(str(source.config.get("plan", 0.0))), None, None, ())

    async def fetch(self, source: SourceState, client: ProviderClient, now: datetime, fetched: Fetched) -> None:
        fetched.items = []


class LedgerProvider(Provider):
    """Enters the headers of answers as they are, and a window that it missed before it has seen anything."""

    meaning = "A ledger."

    def read_config(self, config: Mapping[str, object]) -> dict[str, object]:
        return dict(config)

    def plan(self, source: SourceState, now: datetime) -> FetchPlan:
        return FetchPlan(source.interval_seconds, 0.0, None, None, ())

    async def fetch(self, source: SourceState, client: ProviderClient, now: datetime, fetched: Fetched) -> None:
        reply = await client.get("http://bulletin.test/", {"If-None-Match": source.etag or "*"}, fetched.requests)
        if reply.status == 429:
            window = Window(now - timedelta(hours=1), now)
            fetched.missed.append(MissedWindow(window, "quota", "Too often\x00 at http://bulletin.test/key."))
            raise ProviderError("quota", "quota_spent", "Too often.")
        fetched.etag = reply.headers["etag"]
        fetched.seen_until = now


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
    monkeypatch.setitem(PROVIDERS, "filings", FilingsProvider)
    monkeypatch.setitem(PROVIDERS, "almanac", AlmanacProvider)
    monkeypatch.setitem(PROVIDERS, "ledger", LedgerProvider)


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
    assert plan["warnings"] == ["http://bulletin.test/ comes every hour."]
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

    *others, last = map(repr, PROVIDERS)
    expected = {(422, "literal_error", f"Input should be {', '.join(others)} or {last}")}
    assert {
        (answer.status_code, answer.json()["errors"][0]["type"], answer.json()["errors"][0]["msg"])
        for answer in answers
    } == expected


async def test_a_provider_that_names_no_wait_is_asked_at_the_interval_of_the_source(
    start_service: StartService,
) -> None:
    async with start_service("news_ingestion", fetch_enabled=False, fetch_jitter_ratio=0.0) as news:
        connect(news, BulletinEmulator())
        source = (await create(news, kind="filings", url=None, config={"cik": "0000320193"})).json()
        await fetch(news, source)
        after = (await news.client.get(f"/news/v1/sources/{source['source_id']}")).json()

    waits = datetime.fromisoformat(after["next_fetch_at"]) - datetime.fromisoformat(after["last_fetch_at"])
    assert waits.total_seconds() == source["interval_seconds"]


@pytest.mark.parametrize(
    ("config", "detail"),
    [
        ({}, "config: cik: Field required."),
        ({"cik": "hunter2"}, "config: cik: String should match pattern '^[0-9]{10}$'."),
        (
            {"cik": "0000320193", "token": "hunter2"},
            "config: token: a secret belongs in the settings of the service; those of a source are shown.",
        ),
    ],
)
async def test_what_is_wrong_with_a_configuration_is_a_sentence(
    start_service: StartService, config: Mapping[str, str], detail: str
) -> None:
    async with start_service("news_ingestion", fetch_enabled=False) as news:
        answer = await create(news, kind="filings", url=None, config=config)

    assert (answer.status_code, answer.json()["code"]) == (409, "config_invalid")
    assert answer.json()["detail"] == detail


@pytest.mark.parametrize("kind", ["bulletin", "filings"])
async def test_a_source_of_a_kind_that_this_release_does_not_know_is_shown_and_left_alone(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    url, config = ("http://93.184.216.34/", {"section": "Ohio"}) if kind == "bulletin" else (None, {"cik": "0" * 10})
    site = BulletinEmulator()
    async with start_service("news_ingestion", fetch_enabled=False) as newer:
        source = (await create(newer, kind=kind, url=url, config=config)).json()
        known = (await create(newer, kind="rss", name="Wire", url="http://93.184.216.34/rss")).json()
        monkeypatch.delitem(PROVIDERS, kind)
        database = newer.database.engine.url.database
        async with start_service("news_ingestion", database=database, fetch_enabled=False) as older:
            connect(older, site)
            path = f"/news/v1/sources/{source['source_id']}"
            due = [run.source.kind for run in [await _claim(older.engine), await _claim(older.engine)] if run]
            listed = (await older.client.get("/news/v1/sources")).json()["data"]
            shown = (await older.client.get(path)).json()
            plan = (await older.client.get(f"{path}/plan")).json()
            coverage = (await older.client.get("/news/v1/coverage")).json()["data"]
            refused = [
                await older.client.post(f"{path}:fetch"),
                await older.client.patch(path, json={"is_enabled": False}),
                await older.client.patch(path, json={"config": {}}),
            ]
            unchanged = (await older.client.get(path)).json()
            deleted = await older.client.delete(path)

    assert due == ["rss"]
    assert [(one["name"], one["is_supported"]) for one in listed] == [(known["name"], True), (source["name"], False)]
    assert shown == unchanged == {**source, "is_supported": False, "expected_delay_seconds": 0.0}
    assert [(one["kind"], one["gaps"]) for one in coverage] == [("rss", []), (kind, [])]
    said = f"This release does not know sources of kind {kind}: it shows them, but neither fetches nor changes them."
    assert plan["warnings"] == [said]
    assert {(one.status_code, one.json()["code"], one.json()["detail"]) for one in refused} == {
        (409, "kind_unknown", said)
    }
    assert deleted.status_code == 204
    assert site.requests == []


@pytest.mark.parametrize("plan", ["key", "overflow", "nan", "inf", "-1", "1e300"])
async def test_a_source_that_its_provider_cannot_plan_is_shown_fetched_and_changed(
    start_service: StartService, plan: str
) -> None:
    async with start_service("news_ingestion", fetch_enabled=False) as news:
        whole = (await create(news, kind="almanac", name="Whole", url=None)).json()
        made = await create(news, kind="almanac", url=None, config={"plan": plan})
        path = f"/news/v1/sources/{made.json()['source_id']}"
        shown = (await news.client.get(path)).json()
        listed = (await news.client.get("/news/v1/sources")).json()["data"]
        planned = (await news.client.get(f"{path}/plan")).json()
        broken, sound = (await news.client.get("/news/v1/coverage")).json()["data"]
        counted = news.runtime.registry.get_sample_value("worker_failures_total", {"worker": "source_plan"})
        run = await fetch(news, made.json())
        off = await news.client.patch(path, json={"is_enabled": False})

    assert made.status_code == 201
    assert shown == made.json()
    assert (shown["expected_delay_seconds"], shown["config"]) == (0.0, {"plan": plan})
    assert shown["plan_error"].startswith("The provider could not plan this source: ")
    assert listed == [shown, whole]
    assert whole["plan_error"] is None
    assert planned["warnings"] == [shown["plan_error"]]
    assert planned["effective_interval_seconds"] == planned["interval_seconds"]
    assert sound["gaps"] == []
    assert [gap["reason"] for gap in broken["gaps"]] == ["delay"]
    assert broken["gaps"][0]["detail"] == f"How late articles are shown is not known. {shown['plan_error']}"
    assert counted == 5
    assert run["status"] == "ok"
    assert (off.status_code, off.json()["is_enabled"]) == (200, False)


@pytest.mark.parametrize("plan", ["provider", "value"])
async def test_what_a_provider_says_is_wrong_with_a_source_when_it_plans_it_refuses_the_source(
    start_service: StartService, plan: str
) -> None:
    async with start_service("news_ingestion", fetch_enabled=False) as news:
        refused = await create(news, kind="almanac", url=None, config={"plan": plan})
        source = (await create(news, kind="almanac", url=None)).json()
        path = f"/news/v1/sources/{source['source_id']}"
        unchanged = await news.client.patch(path, json={"config": {"plan": plan}})
        listed = (await news.client.get("/news/v1/sources")).json()["data"]

    assert {(one.status_code, one.json()["code"]) for one in (refused, unchanged)} == {(409, "config_invalid")}
    assert refused.json()["detail"].lower() == "config: there is no almanac of http://almanac.test/*** yet."
    assert listed == [source]


@pytest.mark.parametrize("fault", ["key", "overflow", "provider"])
async def test_a_configuration_that_its_provider_fails_to_read_is_refused(
    start_service: StartService, fault: str
) -> None:
    async with start_service("news_ingestion", fetch_enabled=False) as news:
        refused = await create(news, kind="almanac", url=None, config={"read": fault})

    assert (refused.status_code, refused.json()["code"]) == (409, "configuration_not_checked")
    assert refused.json()["detail"].startswith("The configuration could not be checked: ")


async def test_a_provider_that_enters_headers_and_gaps_as_they_come_goes_on_and_closes_its_gaps(
    start_service: StartService,
) -> None:
    site = BulletinEmulator()
    site.faults.extend(
        [Answer(429), *(Answer(200, b"", {"ETag": tag}) for tag in ('"\xe9"', "x" * 5_000, '"1"', '"2"'))]
    )
    async with start_service("news_ingestion", fetch_enabled=False) as news:
        connect(news, site)
        source = (await create(news, kind="ledger", url=None)).json()
        path = f"/news/v1/sources/{source['source_id']}"
        await fetch(news, source)
        (before,) = (await news.client.get("/news/v1/coverage")).json()["data"]
        runs = [(await fetch(news, source))["status"] for _ in range(4)]
        (after,) = (await news.client.get("/news/v1/coverage")).json()["data"]
        kept = (await news.client.get(path)).json()["etag"]

    assert [gap["detail"] for gap in before["gaps"]] == ["Too often.", "Too often  at http://bulletin.test/***"]
    assert after["gaps"] == []
    assert runs == ["ok"] * 4
    assert [request.headers["if-none-match"] for request in site.requests] == ["*", "*", "*", "*", '"1"']
    assert kept == '"2"'


def uses_of_kinds(code: str) -> list[int]:
    """Return the lines that ask which kind a source has: a kind is compared, looked up or matched by name."""

    def speaks_of_kinds(node: ast.AST) -> bool:
        names = [getattr(part, "id", None) or getattr(part, "attr", "") for part in ast.walk(node)]
        return any("kind" in name.lower() for name in names)

    def names_one(node: ast.AST) -> bool:
        return any(isinstance(part, ast.Constant) and part.value in PROVIDERS for part in ast.walk(node))

    asking = ast.Compare | ast.Match | ast.Subscript | ast.Call
    found = (node for node in ast.walk(ast.parse(code)) if isinstance(node, asking))
    return sorted({node.lineno for node in found if names_one(node) and speaks_of_kinds(node)})


@pytest.mark.parametrize(
    ("code", "is_one"),
    [
        ("if source.kind == 'rss': pass", True),
        ("if kind in ('rss', 'push'): pass", True),
        ("match source.kind:\n    case 'rss': pass", True),
        ("limit = {'rss': 3}[source.kind]", True),
        ("limit = {'rss': 3}.get(kind, 4)", True),
        ("provider = engine.providers_by_kind['rss']", True),
        ("if mode == 'rss': pass", False),
        ("words = {'rss', 'push'}", False),
        ("if engine.providers[source.kind].is_fetched: pass", False),
    ],
)
def test_a_use_of_a_kind_is_told_from_a_word_that_is_also_one(code: str, *, is_one: bool) -> None:
    assert bool(uses_of_kinds(code)) is is_one


def test_kinds_are_asked_for_only_in_their_packages_and_in_the_registry() -> None:
    folder = Path(news_ingestion.__file__).parent
    files = [file for file in folder.rglob("*.py") if file.parent.name not in PROVIDERS and file.name != "registry.py"]

    found = {str(file.relative_to(folder)): uses_of_kinds(file.read_text(encoding="utf-8")) for file in files}

    assert len(files) > 20
    assert {file: lines for file, lines in found.items() if lines} == {}
