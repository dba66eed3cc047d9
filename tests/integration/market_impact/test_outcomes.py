"""What really happened, and what later estimates learn from it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from market_impact.impacts.outcome_recording import record_outcomes
from tests.builders.market import analysis_body
from tests.conftest import RunningService
from tests.integration.market_impact.conftest import (
    ACME,
    BETA,
    DAYS,
    MARKET,
    StartImpact,
    at,
    impacts,
    post,
    put_bars,
    read,
)


class SettableClock:
    """Tells the time it was given."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


async def outcome(service: RunningService, found: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = await read(service, f"/impacts/{found['impact_id']}/outcome")
    return result


async def test_old_news_has_its_outcome_at_once(impact: StartImpact) -> None:
    async with impact() as service:
        await post(service, analysis_body("one", at(DAYS[200])))

        for found in await impacts(service):
            result = await outcome(service, found)
            assert result["status"] == "realised"
            assert isinstance(result["within_interval"], bool)
            assert result["abnormal_return"] == pytest.approx(
                pytest.approx(result["t_stat"] * result["standard_error"], abs=1e-3)
            )


async def test_an_outcome_is_pending_until_its_horizon_has_passed(impact: StartImpact) -> None:
    clock = SettableClock(at(DAYS[200], 16))
    async with impact(given=[*MARKET[:200], *ACME[:200]], clock=clock) as service:
        await post(service, analysis_body("live", at(DAYS[200])))
        (first, second) = await impacts(service)
        assert not first["abstained"]
        assert (await outcome(service, first))["status"] == "pending"

        await put_bars(service, [*MARKET[200:203], *ACME[200:203]])
        clock.moment = at(DAYS[202], 23)
        await record_outcomes(service.engine)

        for found in (first, second):
            assert (await outcome(service, found))["status"] == "realised"


async def test_an_outcome_that_fails_holds_up_no_other(impact: StartImpact) -> None:
    clock = SettableClock(at(DAYS[200], 16))
    async with impact(given=[*MARKET[:200], *ACME[:200]], clock=clock) as service:
        await post(service, *(analysis_body(f"live {number}", at(DAYS[200])) for number in range(4)))
        (broken, *sound) = await impacts(service)
        async with service.database.transaction() as connection:
            await connection.execute(
                text("UPDATE impact SET document = 'no JSON' WHERE impact_id = CAST(:impact_id AS uuid)"),
                {"impact_id": broken["impact_id"]},
            )
        await put_bars(service, [*MARKET[200:203], *ACME[200:203]])
        clock.moment = at(DAYS[202], 23)

        assert await record_outcomes(service.engine) == len(sound)

        for found in sound:
            assert (await outcome(service, found))["status"] == "realised"


async def test_an_outcome_waits_for_late_bars(impact: StartImpact) -> None:
    clock = SettableClock(datetime(2026, 6, 1, tzinfo=UTC))
    async with impact(given=[*MARKET[:200], *ACME[:200]], clock=clock) as service:
        engine = service.engine
        await post(service, analysis_body("late", at(DAYS[200])))
        assert await record_outcomes(engine) == 0

        await put_bars(service, [*MARKET[200:203], *ACME[200:203]])

        assert await record_outcomes(engine) == 2


async def test_what_was_known_before_informs_the_next_estimate(impact: StartImpact) -> None:
    async with impact() as service:
        await post(service, *(analysis_body(f"past {n}", at(DAYS[150 + n])) for n in range(20)))
        await post(service, analysis_body("next", at(DAYS[200]), tickers=("BETA",)))
        await post(service, analysis_body("before", at(DAYS[149])))

        (informed,) = await impacts(service, ticker="BETA", basis="reaction")
        assert informed["evidence"]["n_events"] == 20
        assert informed["evidence"]["t_stat"] is not None
        assert informed["confidence"] > 0.2
        early = [item for item in await impacts(service) if item["evidence"]["n_events"] == 0]
        assert "before" in {item["context"]["url"].rsplit("/", 1)[1] for item in early}


async def test_a_second_replica_and_a_restart_remember(impact: StartImpact) -> None:
    async with impact() as service:
        await post(service, *(analysis_body(f"past {n}", at(DAYS[150 + n])) for n in range(5)))
        engine = service.engine
        fresh = type(engine.evidence)(1_000)

        async with service.database.reading() as connection:
            await fresh.load(connection)

        assert len(fresh.past) == 10


async def test_withdrawn_news_is_no_evidence(impact: StartImpact) -> None:
    async with impact() as service:
        await post(service, analysis_body("fake", at(DAYS[150])))
        await post(service, analysis_body("probe", at(DAYS[200])))
        await post(service, analysis_body("fake", at(DAYS[150]), tickers=(), revision=2, state="retracted"))

        await post(service, analysis_body("again", at(DAYS[201])))

        found = {item["context"]["url"].rsplit("/", 1)[1]: item for item in await impacts(service, basis="reaction")}
        assert found["probe"]["evidence"]["n_events"] == 1
        # Only the probe is left; its own session had ended by then.
        assert found["again"]["evidence"]["n_events"] == 0 + 1 * (DAYS[201] > DAYS[200])


async def test_an_explanation_names_the_nearest_past_events(impact: StartImpact) -> None:
    async with impact() as service:
        await post(
            service,
            analysis_body("own", at(DAYS[150]), title="Acme upgraded once"),
            analysis_body("other", at(DAYS[151]), tickers=("BETA",), title="Beta upgraded"),
            analysis_body("later", at(DAYS[205]), title="Acme upgraded later"),
        )
        await post(service, analysis_body("asked", at(DAYS[200])))
        (asked,) = [
            item for item in await impacts(service, basis="reaction") if item["context"]["url"].endswith("asked")
        ]

        found = await read(service, f"/impacts/{asked['impact_id']}/explanation")

        assert [event["title"] for event in found["nearest_events"]] == ["Acme upgraded once", "Beta upgraded"]
        parts = found["contributions"]
        assert sum(parts.values()) == pytest.approx(found["effect"] * found["volatility"], abs=1e-6)
        assert found["own_events"]["n_events"] == 1
        assert found["kind_events"]["n_events"] == 2


async def test_the_worker_runs_by_itself_and_tells_the_stream(impact: StartImpact) -> None:
    clock = SettableClock(at(DAYS[200], 16))
    async with impact(clock=clock, outcome_interval_seconds=0.05, given=[*MARKET, *ACME, *BETA]) as service:
        await post(service, analysis_body("live", at(DAYS[200])))
        (found, _) = await impacts(service, ticker="ACME")
        clock.moment = at(DAYS[203], 23)

        async with asyncio.timeout(10):
            while (await outcome(service, found))["status"] == "pending":
                await asyncio.sleep(0.02)

        metrics = (await service.client.get("/metrics")).text
        assert "market_impact_outcomes_total" in metrics
        assert 'market_impact_score_histogram_count{basis="reaction"} 1.0' in metrics
