"""Drift as Prometheus reads it: from real requests, at the real /metrics."""

import math
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from common.gateway import LOAD_TEST_HEADER
from nlp.sentiment.opinion import Opinion
from nlp.text_analyser import TextAnalysis
from nlp.text_input import TextInput
from tests.conftest import RunningService, StartService

OPERATIONS = (Path(__file__).resolve().parents[3] / "docs" / "operations" / "nlp-models.md").read_text(encoding="utf-8")
LOAD_TEST = {LOAD_TEST_HEADER: "true"}


@pytest.fixture
async def fresh(start_service: StartService) -> AsyncIterator[RunningService]:
    """A service that has analysed nothing yet."""
    async with start_service("nlp", nlp_drift_window=300) as service:
        yield service


async def sample(service: RunningService, name: str) -> float:
    text = (await service.client.get("/metrics")).text
    (value,) = re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(value)


async def text_figures(service: RunningService) -> list[str]:
    """Return every sample on texts; the self-check and when a counter was made are of the process."""
    text = (await service.client.get("/metrics")).text
    return [each for each in re.findall(r"^nlp_.+$", text, re.MULTILINE) if not re.match(r"\w+_created|nlp_self", each)]


async def analyse(service: RunningService, titles: list[str], headers: dict[str, str] | None = None) -> None:
    body = {"texts": [{"title": each} for each in titles]}
    response = await service.client.post("/nlp/v1/texts:analyze", json=body, headers=headers)
    assert response.status_code == 200, response.text
    assert len(response.json()["data"]) == len(titles)


async def test_scores_that_are_all_alike_show_as_drift(fresh: RunningService) -> None:
    assert math.isnan(await sample(fresh, "nlp_score_psi"))

    await analyse(fresh, [f"Company {number} slumps after a profit warning" for number in range(300)])

    assert await sample(fresh, "nlp_score_psi") > 0.25


async def test_a_load_of_few_texts_is_no_drift(fresh: RunningService) -> None:
    await analyse(fresh, [f"Company {number % 3} slumps after a profit warning" for number in range(300)])

    assert math.isnan(await sample(fresh, "nlp_score_psi"))


async def test_the_load_of_a_rollout_is_in_no_figure_on_texts(fresh: RunningService) -> None:
    before = await text_figures(fresh)

    await analyse(fresh, [f"Company {number} slumps after a profit warning" for number in range(300)], LOAD_TEST)
    await analyse(fresh, ["Aktien steigen nach Quartalszahlen deutlich"] * 3, LOAD_TEST)

    assert await text_figures(fresh) == before


@pytest.mark.parametrize("headers", [{}, {LOAD_TEST_HEADER: "false"}], ids=["none", "false"])
async def test_real_texts_are_counted_beside_the_load(fresh: RunningService, headers: dict[str, str]) -> None:
    await analyse(fresh, ["Apple beats estimates"] * 90, LOAD_TEST)

    await analyse(fresh, ["Aktien steigen nach Quartalszahlen deutlich"] * 10, headers)

    assert await sample(fresh, "nlp_texts_abstained_total") == 10.0
    assert await sample(fresh, 'nlp_texts_analysed_total{language="de"}') == 10.0
    assert await sample(fresh, "nlp_abstain_ratio") == 1.0


async def test_a_load_that_is_neither_marked_nor_unmarked_is_refused(fresh: RunningService) -> None:
    body = {"texts": [{"title": "Apple beats estimates"}]}

    response = await fresh.client.post("/nlp/v1/texts:analyze", json=body, headers={LOAD_TEST_HEADER: "perhaps"})

    assert response.status_code == 422


async def test_the_abstain_ratio_follows_the_latest_texts(fresh: RunningService) -> None:
    assert math.isnan(await sample(fresh, "nlp_abstain_ratio"))

    await analyse(fresh, ["Apple beats estimates"] * 3 + ["Aktien steigen nach Quartalszahlen deutlich"])
    mixed = await sample(fresh, "nlp_abstain_ratio")
    await analyse(fresh, ["Aktien steigen nach Quartalszahlen deutlich"] * 300)

    assert mixed == 0.25
    assert await sample(fresh, "nlp_abstain_ratio") == 1.0


async def test_the_self_check_is_told_from_the_start_and_turns_with_the_model(fresh: RunningService) -> None:
    at_start = await sample(fresh, "nlp_selfcheck_ok")
    thread = fresh.engine.thread
    shipped = thread.analyser.model_versions

    thread.analyser.model_versions = shipped | {"sentiment": "another"}
    refused = await fresh.client.post("/nlp/v1/selfcheck")
    with_another = await sample(fresh, "nlp_selfcheck_ok")
    thread.analyser.model_versions = shipped
    await fresh.client.post("/nlp/v1/selfcheck")

    assert (at_start, refused.status_code, with_another) == (1.0, 503, 0.0)
    assert await sample(fresh, "nlp_selfcheck_ok") == 1.0


async def test_the_self_check_leaves_the_drift_alone(fresh: RunningService) -> None:
    await fresh.client.post("/nlp/v1/selfcheck")

    assert math.isnan(await sample(fresh, "nlp_abstain_ratio"))


async def test_a_second_opinion_is_compared_with_the_first(fresh: RunningService) -> None:
    thread = fresh.engine.thread
    (analysis,) = thread.analyser.analyse([TextInput("Apple beats estimates")])
    found: TextAnalysis = analysis
    own = Opinion(found.sentiment.negative, found.sentiment.neutral, found.sentiment.positive, 0.0)

    for opinion in (own, Opinion(1.0, 0.0, 0.0, -1.0), None):
        found.second_opinion = opinion
        thread._measure([TextInput("Apple beats estimates")], [found], 0.001)

    assert await sample(fresh, "nlp_tier_disagreement_count") == 2.0
    assert await sample(fresh, 'nlp_tier_disagreement_bucket{le="0.01"}') == 1.0
    assert await sample(fresh, "nlp_tier_disagreement_sum") > 0.3


async def test_every_metric_of_the_service_is_on_the_operations_page(fresh: RunningService) -> None:
    text = (await fresh.client.get("/metrics")).text
    exported = set(re.findall(r"^# TYPE (nlp_\w+) (?:gauge|counter|histogram)$", text, re.MULTILINE))

    told = set(re.findall(r"`(nlp_\w+)`", OPERATIONS))

    assert len(exported) >= 8
    assert {name for name in exported if not name.endswith("_created")} == told
