"""A feature that fails for some news costs no other news anything, and what is stored wrong hides nothing else."""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import text

from market_impact.estimation.features import FEATURES, Feature, Part
from market_impact.estimation.shrinkage import Evidence
from tests.builders.market import analysis_body
from tests.conftest import RunningService
from tests.integration.market_impact.conftest import DAYS, StartImpact, at, impacts, post, read

_NEWS_AT = at(DAYS[200])


def _wrong_for(title: str, wrong: float) -> Feature:
    """Return a feature that adds nothing, and `wrong` for news of that title."""

    def part(evidence: Evidence, _before: Mapping[str, Part]) -> Part:
        added = np.array([wrong if link.analysis.title == title else 0.0 for link in evidence.links])
        return Part(added, np.zeros(len(added)), 0.0)

    return Feature("Odd.", part)


def _short_of_one(evidence: Evidence, _before: Mapping[str, Part]) -> Part:
    """Forget news of the title "odd"."""
    n = sum(link.analysis.title != "odd" for link in evidence.links)
    return Part(np.zeros(n), np.zeros(n), 0.0)


async def _spoil(service: RunningService, article_id: str) -> None:
    """Store of an article's estimates what a feature that is no number would leave."""
    async with service.database.transaction() as connection:
        await connection.execute(
            text(
                "UPDATE impact SET document = regexp_replace(document, '\"p_up\":[0-9.]+', :wrong)"
                " WHERE article_id = :article_id"
            ),
            {"article_id": article_id, "wrong": '"p_up":NaN'},
        )


@pytest.mark.parametrize(
    ("feature", "code", "told"),
    [
        (_wrong_for("odd", np.nan), "feature_failed", "The mean of the feature crowd is nan"),
        (_wrong_for("odd", np.inf), "feature_failed", "The mean of the feature crowd is inf"),
        (_wrong_for("odd", 1e9), "estimate_not_finite", "crowd 1e+09"),
        (Feature("Odd.", _short_of_one), "feature_failed", "The mean of the feature crowd is an array of shape (0,)"),
    ],
)
async def test_only_the_news_that_it_fails_for_is_rejected(
    impact: StartImpact, monkeypatch: pytest.MonkeyPatch, feature: Feature, code: str, told: str
) -> None:
    monkeypatch.setitem(FEATURES, "crowd", feature)
    bodies = [analysis_body(f"news {number}", _NEWS_AT) for number in range(20)]
    bodies[7]["title"] = "odd"
    async with impact() as service:
        response = await service.client.post("/impact/v1/impacts", json={"analyses": bodies})

        answers = response.json()["data"]
        assert [answer["index"] for answer in answers if answer["status"] != "stored"] == [7]
        assert (answers[7]["status"], answers[7]["error"]["code"]) == ("rejected", code)
        assert told in answers[7]["error"]["detail"]
        good = {body["article_id"] for body in bodies} - {bodies[7]["article_id"]}
        assert {item["article_id"] for item in await impacts(service, limit=200)} == good
        assert {item["article_id"] for item in await service.neighbour.wait_for_items(len(good))} == good


async def test_one_estimate_that_cannot_be_read_hides_no_other(impact: StartImpact) -> None:
    async with impact() as service:
        bad, good = (analysis_body(name, _NEWS_AT) for name in ("bad", "good"))
        await post(service, bad, good)
        await _spoil(service, bad["article_id"])

        page = await read(service, "/impacts", limit=3)
        rest = await read(service, "/impacts", limit=3, cursor=page["next_cursor"])

        found = [item["article_id"] for item in page["data"] + rest["data"]]
        assert set(found) == {good["article_id"]}
        assert len(found) == len(await impacts(service, article_id=good["article_id"]))
        metrics = (await service.client.get("/metrics")).text
        assert f"market_impact_unreadable_total {float(len(found))}" in metrics


async def test_past_news_that_cannot_be_read_is_listed_by_its_title(impact: StartImpact) -> None:
    async with impact() as service:
        past = analysis_body("past", _NEWS_AT, title='Acme says "yes" \\ and more')
        await post(service, past)
        await _spoil(service, past["article_id"])
        await post(service, analysis_body("later", _NEWS_AT + timedelta(days=30)))

        later = (await impacts(service, basis="reaction", horizon_days=1))[0]
        explanation = await read(service, f"/impacts/{later['impact_id']}/explanation")

        assert [event["title"] for event in explanation["nearest_events"]] == [past["title"]]


async def test_an_estimate_that_cannot_be_read_can_be_withdrawn(impact: StartImpact) -> None:
    async with impact() as service:
        first = analysis_body("news", _NEWS_AT)
        await post(service, first)
        await _spoil(service, first["article_id"])

        assert await post(service, analysis_body("news", _NEWS_AT, revision=2, state="retracted")) == ["stored"]

        assert await impacts(service) == []
