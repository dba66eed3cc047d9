"""Four processes behind Envoy: one article's whole way, and a replay whose counts balance."""

import asyncio
from datetime import UTC, datetime

import httpx

from common.gateway import service_named
from standalone.api_client import SystemClient, system_client
from standalone.replay.bar_files import import_bars
from standalone.replay.replay import read_all, replay
from standalone.sample.files import bars_path, headlines_path
from standalone.system.processes import ProcessSystem
from tests.raw_http import ask, request


async def first_alert_of(client: SystemClient, article_id: str) -> dict[str, object]:
    """Return the alert that an article caused, once it is there."""
    async with asyncio.timeout(20):
        while True:
            async for alert in client.pages("/alerts/v1/alerts"):
                if alert["lineage"]["article_id"] == article_id:
                    return alert
            await asyncio.sleep(0.1)


async def test_an_article_is_followed_by_its_lineage_to_the_alert(processes: ProcessSystem) -> None:
    async with system_client(processes.address) as client:
        await import_bars(client, bars_path())
        rule = {"name": "any news", "when": {"tickers": ["AAPL"]}, "group_wait_seconds": 0, "receivers": ["log"]}
        await client.request("POST", "/alerts/v1/rules", json=rule)
        article = {
            "title": "Apple beats profit estimates and raises its dividend",
            "url": "https://wire.example/apple-beats",
            "published_at": "2015-01-27T21:30:00Z",
        }

        posted = await client.request("POST", "/news/v1/articles", json={"articles": [article]})
        article_id = posted["data"][0]["article_id"]
        alert = await first_alert_of(client, article_id)
        analysis = await client.request("GET", f"/nlp/v1/analyses/{article_id}")
        impact_id = alert["lineage"]["impact_id"]  # type: ignore[index]
        impact = await client.request("GET", f"/impact/v1/impacts/{impact_id}")

        assert posted["data"][0]["status"] == "created"
        assert analysis["sentiment"]["label"] == "positive"
        assert "AAPL" in {entity["ticker"] for entity in analysis["entities"]}
        assert impact["ticker"] == "AAPL"
        lineage = impact["lineage"]
        moments = [datetime.fromisoformat(lineage[name]) for name in ("received_at", "analysed_at", "scored_at")]
        assert moments == sorted(moments)
        assert moments[-1] <= datetime.now(UTC)


async def test_a_replay_adds_up_and_a_second_one_creates_nothing(processes: ProcessSystem) -> None:
    articles = read_all(headlines_path())
    async with system_client(processes.address) as client:
        await import_bars(client, bars_path())

        first = await replay(client, articles, batch_items=50)
        second = await replay(client, articles, batch_items=50)

        assert first.adds_up, [str(balance) for balance in first.balances]
        assert first.counted["market_impact"]["scored"] > 100
        assert second.adds_up, [str(balance) for balance in second.balances]
        assert second.counted["news_ingestion"]["created"] == 0
        assert second.counted["nlp"]["analysed"] == 0
        assert second.counted["alerts"]["alerts"] == 0


async def test_swagger_ui_and_the_document_open_under_every_prefix(processes: ProcessSystem) -> None:
    async with httpx.AsyncClient(base_url=processes.address, trust_env=False) as http:
        for prefix in ("/news", "/nlp", "/impact", "/alerts"):
            page, document = await http.get(f"{prefix}/docs"), await http.get(f"{prefix}/openapi.json")

            assert f"{prefix}/openapi.json" in page.text
            assert all(path.startswith(f"{prefix}/v1/") for path in document.json()["paths"])


async def test_what_envoy_and_the_services_refuse_is_a_problem_in_one_form(processes: ProcessSystem) -> None:
    port = int(processes.address.rpartition(":")[2])
    path = "/news/v1/articles"
    rebound = await ask(port, request(target=path).replace(b"localhost", b"rebound.example"))
    foreign = await ask(port, request("POST", "/alerts/v1/rules:dry-run", headers=["Origin: https://page.example"]))
    large = await ask(port, request(target=path, headers=["X: " + "a" * 40_000]))
    nowhere = await ask(port, request(target="/nowhere"))
    nlp = processes.processes["nlp"]
    nlp.kill()
    await nlp.wait()
    down = await ask(port, request(target="/nlp/v1/analyses"))

    answers = [rebound, foreign, large, nowhere, down]
    assert [answer.status for answer in answers if answer is not None] == [421, 403, 431, 404, 503]
    codes = [answer.problem()["code"] for answer in answers if answer is not None]
    assert codes == ["misdirected_request", "cross_origin", "headers_too_large", "not_found", "unavailable"]
    assert down is not None
    assert down.headers["retry-after"] == "2"
    await processes.start_service(service_named("nlp"))
    await processes.wait_until_ready(service_named("nlp"))
