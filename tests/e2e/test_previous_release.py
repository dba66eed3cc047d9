"""The previous release on this code's schema: alone, as half of a rollout, and after a rollback."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from common.gateway import ALERTS, MARKET_IMPACT, NEWS_INGESTION, NLP, SERVICES
from standalone.api_client import SystemClient, system_client
from standalone.replay.bar_files import import_bars
from standalone.replay.replay import read_all, replay
from standalone.sample.files import bars_path, headlines_path
from standalone.system.backing import prepare_databases
from standalone.system.composition import load_settings
from tests.e2e.rollout import RECORD, Rollout, git, read_everything, rollout


@pytest.fixture
async def half_rolled_out(
    backing_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Rollout]:
    """The previous release, running on databases that this code has migrated from nothing."""
    for name, value in backing_environment.items():
        monkeypatch.setenv(name, value)
    await prepare_databases([load_settings(service) for service in SERVICES])
    async with rollout(tmp_path, backing_environment) as both:
        yield both


# One set of headlines for each stretch of the rollout: a repeated one would go no further than news ingestion.
HEADLINES = (
    ("Apple beats profit estimates and raises its dividend", "Boeing loses a large order from an Asian airline"),
    ("Microsoft warns that cloud sales will be weak this quarter", "Tesla recalls cars after reports of faulty brakes"),
    ("Amazon opens three warehouses and hires thousands", "Intel delays its next chip and cuts the forecast"),
    ("Chevron agrees to buy a shale producer", "Pfizer wins approval for a vaccine against flu"),
)


async def follow(client: SystemClient, headlines: tuple[str, ...]) -> None:
    """Post articles and wait until they have come out at the other end; the counts of every hop must balance."""
    articles = [
        {"title": title, "url": f"https://wire.example/{uuid4().hex}", "published_at": "2015-01-27T21:30:00Z"}
        for title in headlines
    ]
    report = await replay(client, articles, batch_items=50)

    assert report.adds_up, [str(balance) for balance in report.balances]
    assert report.counted["news_ingestion"]["created"] == len(headlines)
    assert report.counted["alerts"]["received"] >= len(headlines)
    assert not any(report.dead_letters.values()), report.dead_letters


async def write_rules_and_texts(client: SystemClient) -> None:
    """Write what does not come by the flow: rules, receivers, sources, aliases, studies; change and remove some."""
    rule = {
        "name": f"rule {uuid4().hex[:8]}",
        "when": {"tickers": ["AAPL"]},
        "group_wait_seconds": 0,
        "receivers": ["log"],
    }
    made = await client.request("POST", "/alerts/v1/rules", json=rule)
    path = f"/alerts/v1/rules/{made['rule_id']}"
    await client.request("PUT", path, json={**rule, "severity": "critical"})
    source = {"name": f"feed {uuid4().hex[:8]}", "kind": "push"}
    await client.request("POST", "/news/v1/sources", json=source)
    text = {"texts": [{"title": "Microsoft cuts its outlook after weak sales"}]}
    await client.request("POST", "/nlp/v1/texts:analyze", json=text)
    await client.request("POST", "/nlp/v1/selfcheck")


async def test_it_serves_on_the_new_schema_beside_this_code_and_after_a_rollback(half_rolled_out: Rollout) -> None:
    both = half_rolled_out
    folder = both.folder / "before" / "contracts"
    contracts = {
        one.name: json.loads((folder / f"{one.name}.openapi.json").read_text(encoding="utf-8")) for one in SERVICES
    }
    async with system_client(both.before.address) as client:
        await import_bars(client, bars_path())
        await write_rules_and_texts(client)
        report = await replay(client, read_all(headlines_path()), batch_items=50)
        alone = await read_everything(both.before.address, contracts)
        served = {one.name: await client.request("GET", f"{one.prefix}/openapi.json") for one in SERVICES}
        await both.start(both.after)
        stretches = ((NLP, ALERTS), (NEWS_INGESTION, MARKET_IMPACT), SERVICES, ())
        for renewed, headlines in zip(stretches, HEADLINES, strict=True):
            await both.route(*renewed)
            await follow(client, headlines)
        await write_rules_and_texts(client)
        returned = await read_everything(both.before.address, contracts)

    assert served == contracts, "it is not the previous release that answered"
    assert report.adds_up, [str(balance) for balance in report.balances]
    assert len(alone) > 30
    assert {path: status for path, status in alone.items() if status != 200} == {}
    assert {path: status for path, status in returned.items() if status != 200} == {}


def test_the_release_before_is_one_of_this_codes_own_history() -> None:
    if git("cat-file", "-e", f"{RECORD['commit']}^{{commit}}").returncode:
        pytest.skip("the history here does not reach back to the previous release")

    assert git("merge-base", "--is-ancestor", RECORD["commit"], "HEAD").returncode == 0
