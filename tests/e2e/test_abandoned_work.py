"""Behind Envoy too, work ends with the caller that wanted it."""

import asyncio

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from standalone.system.processes import ProcessSystem

BODY = "Profit rose in the third quarter. " * 500
TEXTS = {"texts": [{"title": f"Apple raises its dividend by {n} cents", "body": BODY} for n in range(200)]}


async def analysed(client: httpx.AsyncClient, system: ProcessSystem) -> float:
    metrics = (await client.get(f"http://127.0.0.1:{system.ports['nlp']}/metrics")).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name == "nlp_texts_analysed_total"
    )


async def test_nlp_stops_when_the_caller_behind_the_gateway_gives_up(processes: ProcessSystem) -> None:
    async with httpx.AsyncClient(base_url=processes.address, trust_env=False, timeout=60) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/nlp/v1/texts:analyze", json=TEXTS, timeout=2)

        # The next request takes its turn after the chunk at work, not after the two hundred texts.
        response = await client.post("/nlp/v1/texts:analyze", json={"texts": [{"title": "Apple cuts its outlook"}]})
        reached = await analysed(client, processes)
        await asyncio.sleep(1.0)

        assert response.status_code == 200
        assert await analysed(client, processes) == reached < 200
