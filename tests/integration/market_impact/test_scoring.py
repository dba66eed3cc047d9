"""Analyses in, estimates out."""

import asyncio
from datetime import timedelta

from common.contracts import Impact
from market_impact.estimation.features import MODEL_VERSION
from tests.builders.market import analysis_body
from tests.integration.market_impact.conftest import DAYS, StartImpact, at, counts, impacts, post, read


async def test_an_analysis_becomes_one_impact_per_basis_and_is_handed_on(impact: StartImpact) -> None:
    async with impact() as service:
        assert await post(service, analysis_body("one", at(DAYS[200]))) == ["stored"]

        handed_on = await service.neighbour.wait_for_items(2)
        assert {item["basis"] for item in handed_on} == {"reaction", "after"}
        assert service.neighbour.requests[0].url.path == "/alerts/v1/signals"
        for item in handed_on:
            found = Impact.model_validate(item)
            assert found.interval is not None
            assert found.expected_abnormal_return is not None
            assert found.interval.low < found.expected_abnormal_return < found.interval.high
            assert found.lineage.scored_at is not None
        stored = await impacts(service, ticker="ACME", basis="reaction")
        assert stored == [item for item in handed_on if item["basis"] == "reaction"]


async def test_horizons_are_a_setting(impact: StartImpact) -> None:
    async with impact(impact_horizons_days=[1, 5]) as service:
        await post(service, analysis_body("one", at(DAYS[200])))

        found = await impacts(service)
        assert sorted((item["basis"], item["horizon_days"]) for item in found) == [
            ("after", 1),
            ("after", 5),
            ("reaction", 1),
            ("reaction", 5),
        ]


async def test_a_repeated_delivery_changes_nothing(impact: StartImpact) -> None:
    async with impact() as service:
        news = analysis_body("one", at(DAYS[200]))
        await post(service, news)
        first = await impacts(service)

        assert await post(service, news, news) == ["unchanged", "unchanged"]

        assert await impacts(service) == first
        assert await counts(service) == {
            "received": 1,
            "scored": 1,
            "without_linked_security": 0,
            "retracted": 0,
            "impacts": 2,
            "abstained_impacts": 0,
        }


async def test_deliveries_at_the_same_time_store_one(impact: StartImpact) -> None:
    async with impact() as service:
        batch = [analysis_body(f"news {number}", at(DAYS[200])) for number in range(20)]
        revised = [analysis_body(f"news {number}", at(DAYS[200]), revision=2, state="revised") for number in range(20)]

        answers = await asyncio.gather(
            post(service, *batch), post(service, *batch), post(service, *revised), post(service, *batch[::-1])
        )

        assert answers[2] == ["stored"] * 20
        found = await impacts(service, limit=200)
        assert {item["revision"] for item in found} == {2}
        assert len(found) == 40
        assert (await counts(service))["received"] == 20


async def test_one_bad_item_never_fails_its_batch(impact: StartImpact) -> None:
    async with impact() as service:
        bad = analysis_body("bad", at(DAYS[200])) | {"sentiment": {"label": "great"}}

        assert await post(service, bad, analysis_body("good", at(DAYS[200]))) == ["rejected", "stored"]

        assert (await counts(service))["received"] == 1


async def test_a_revision_replaces_and_is_handed_on_as_revised(impact: StartImpact) -> None:
    async with impact() as service:
        await post(service, analysis_body("one", at(DAYS[200]), tickers=("ACME", "BETA")))
        revised = analysis_body("one", at(DAYS[200]), tickers=("ACME",), score=-0.9, revision=2, state="revised")

        assert await post(service, revised) == ["stored"]
        assert await post(service, analysis_body("one", at(DAYS[200]))) == ["superseded"]

        current = await impacts(service)
        assert {(item["ticker"], item["revision"], item["state"]) for item in current} == {("ACME", 2, "revised")}
        handed_on = await service.neighbour.wait_for_items(8)
        assert sorted((item["ticker"], item["state"]) for item in handed_on if item["revision"] == 2) == [
            ("ACME", "revised"),
            ("ACME", "revised"),
            ("BETA", "retracted"),
            ("BETA", "retracted"),
        ]
        assert (await counts(service))["impacts"] == 2


async def test_a_retraction_withdraws_everything(impact: StartImpact) -> None:
    async with impact() as service:
        await post(service, analysis_body("one", at(DAYS[200])))
        (first, _) = await impacts(service)
        retracted = analysis_body("one", at(DAYS[200]), tickers=(), revision=2, state="retracted")

        assert await post(service, retracted) == ["stored"]
        assert await post(service, retracted) == ["unchanged"]

        assert await impacts(service) == []
        handed_on = await service.neighbour.wait_for_items(4)
        assert [(item["state"], item["revision"]) for item in handed_on[2:]] == [("retracted", 2)] * 2
        assert (await read(service, f"/impacts/{first['impact_id']}"))["state"] == "retracted"
        assert (await counts(service))["retracted"] == 1
        assert (await read(service, "/models"))["data"][0]["past_events"] >= 0


async def test_as_of_answers_what_could_be_read_then(impact: StartImpact) -> None:
    async with impact() as service:
        await post(service, analysis_body("one", at(DAYS[200])))
        (first, second) = await impacts(service)
        then = service.runtime.clock.now().isoformat()
        await post(service, analysis_body("one", at(DAYS[200]), revision=2, state="revised"))

        assert await impacts(service, as_of=then) == [first, second]
        assert {item["revision"] for item in await impacts(service)} == {2}
        early = (service.runtime.clock.now() - timedelta(hours=1)).isoformat()
        assert await impacts(service, as_of=early) == []
        assert await read(service, f"/impacts/{first['impact_id']}", as_of=then) == first
        await read(service, f"/impacts/{first['impact_id']}", 404, as_of=early)


async def test_news_without_a_linked_security_is_counted(impact: StartImpact) -> None:
    async with impact() as service:
        await post(
            service,
            analysis_body("macro", at(DAYS[200]), tickers=()),
            analysis_body("aside", at(DAYS[200]), relevance=0.1),
        )

        assert (await counts(service))["without_linked_security"] == 2
        assert service.neighbour.requests == []


async def test_it_abstains_without_prices_and_says_so(impact: StartImpact) -> None:
    async with impact() as service:
        await post(service, analysis_body("unknown", at(DAYS[200]), tickers=("NOBARS",)))
        await post(service, analysis_body("early", at(DAYS[20])))
        await post(service, analysis_body("unsure", at(DAYS[200]), abstained=True, abstain_reason="too short"))

        reasons = {(item["ticker"], item["abstain_reason"]) for item in await impacts(service)}
        assert reasons == {
            ("NOBARS", "no_price_history"),
            ("ACME", "estimation_window_too_short"),
            ("ACME", "analysis_abstained"),
        }
        assert (await counts(service))["abstained_impacts"] == 6


async def test_lists_are_filtered_and_paged(impact: StartImpact) -> None:
    async with impact() as service:
        await post(service, *(analysis_body(f"up {n}", at(DAYS[200]), score=0.9) for n in range(3)))
        await post(service, analysis_body("down", at(DAYS[200]), score=-0.9, tickers=("BETA",)))

        assert len(await impacts(service, direction="down")) == 1
        assert len(await impacts(service, ticker="BETA")) == 2
        assert len(await impacts(service, min_impact_score=10)) == 4
        assert len(await impacts(service, model_version=MODEL_VERSION)) == 8
        assert await impacts(service, model_version="other") == []
        assert await impacts(service, horizon_days=2) == []
        page = await read(service, "/impacts", limit=5)
        rest = await read(service, "/impacts", limit=5, cursor=page["next_cursor"])
        assert len({item["impact_id"] for item in page["data"] + rest["data"]}) == 8
        (only, _) = await impacts(service, article_id=page["data"][0]["article_id"])
        assert only["article_id"] == page["data"][0]["article_id"]
