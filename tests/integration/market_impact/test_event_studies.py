"""Event studies and pictures over REST."""

from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from market_impact.retention import prune_studies
from tests.builders.market import analysis_body
from tests.integration.market_impact.conftest import DAYS, StartImpact, at, post, read

EVENTS = [{"ticker": "ACME", "date": DAYS[n].isoformat()} for n in (150, 170, 190)]


def request(**changes: Any) -> dict[str, Any]:
    return {
        "events": EVENTS,
        "model": "market",
        "estimation": {"length": 100, "gap": 10},
        "event_window": [-1, 2],
        "returns": "log",
        **changes,
    }


def panel(n_days: int = 250) -> dict[str, Any]:
    generator = np.random.default_rng(8)
    market = generator.normal(0, 0.01, n_days)
    return {
        "dates": [day.isoformat() for day in DAYS[:n_days]],
        "returns": {"X": (market + generator.normal(0, 0.01, n_days)).tolist(), "M": market.tolist()},
        "factors": {
            "Mkt-RF": (100 * market).tolist(),
            "SMB": generator.normal(0, 0.5, n_days).tolist(),
            "HML": generator.normal(0, 0.5, n_days).tolist(),
            "RF": [0.01] * n_days,
        },
        "factor_unit": "percent",
    }


async def test_a_study_of_stored_bars_is_answered_kept_and_drawn(impact: StartImpact) -> None:
    async with impact() as service:
        response = await service.client.post("/impact/v1/event-studies", json=request())

        assert response.status_code == 201, response.text
        study = response.json()
        assert response.headers["location"] == f"/impact/v1/event-studies/{study['id']}"
        event = study["events"][0]
        assert len(event["abnormal_returns"]) == 4
        assert sum(event["abnormal_returns"]) == pytest.approx(event["car"])
        assert event["car"] / event["standard_error"] == pytest.approx(event["t_stat"])
        assert study["aggregate"]["caar"][-1] == pytest.approx(np.mean([item["car"] for item in study["events"]]))
        assert {test["name"] for test in study["aggregate"]["tests"]} >= {"patell_z", "corrado_rank", "permutation"}
        assert {warning["code"] for warning in study["warnings"]} == {"few_events"}
        assert await read(service, f"/event-studies/{study['id']}") == study
        chart = await service.client.get(f"/impact/v1/event-studies/{study['id']}/chart.svg")
        assert chart.headers["content-type"].startswith("image/svg+xml")
        assert ET.fromstring(chart.content).tag.endswith("svg")


@pytest.mark.parametrize("model", ["market", "market_adjusted", "constant_mean", "fama_french_3"])
async def test_a_panel_brings_its_own_returns(impact: StartImpact, model: str) -> None:
    async with impact(given=[]) as service:
        events = [{"ticker": "X", "date": DAYS[180].isoformat()}]
        body = request(events=events, benchmark="M", model=model, panel=panel(), tests=["sign"])

        response = await service.client.post("/impact/v1/event-studies", json=body)

        assert response.status_code == 201, response.text
        (event,) = response.json()["events"]
        assert event["usable"]
        assert event["n_estimation_days"] == 100


async def test_an_event_at_a_weekend_moves_to_the_next_day_with_returns(impact: StartImpact) -> None:
    async with impact() as service:
        friday = next(day for day in DAYS[150:] if day.weekday() == 4)
        events = [{"ticker": "ACME", "date": friday.replace(day=friday.day).isoformat()}]
        saturday = [{"ticker": "ACME", "date": (np.datetime64(friday) + 1).astype(str)}]

        on_friday = await service.client.post("/impact/v1/event-studies", json=request(events=events))
        at_weekend = await service.client.post("/impact/v1/event-studies", json=request(events=saturday))

        assert on_friday.json()["events"][0]["event_date"] == friday.isoformat()
        assert at_weekend.json()["events"][0]["event_date"] == DAYS[DAYS.index(friday) + 1].isoformat()


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"events": [{"ticker": "NOBARS", "date": "2025-06-02"}]}, 404, "unknown_ticker"),
        ({"benchmark": "NOBARS"}, 404, "unknown_ticker"),
        ({"model": "fama_french_3"}, 409, "missing_series"),
        ({"events": []}, 422, "invalid_request"),
        (
            {
                "panel": {
                    "dates": ["2025-01-02", "2025-01-02"],
                    "returns": {"X": [0, 0], "GSPC": [0, 0], "ACME": [0, 0]},
                }
            },
            409,
            "inconsistent_panel",
        ),
        ({"panel": {"dates": ["2025-01-02", "2025-01-03"], "returns": {"X": [0]}}}, 409, "inconsistent_panel"),
    ],
)
async def test_what_cannot_be_studied_is_a_problem(
    impact: StartImpact, changes: dict[str, Any], status: int, code: str
) -> None:
    async with impact() as service:
        response = await service.client.post("/impact/v1/event-studies", json=request(**changes))

        assert (response.status_code, response.json()["code"]) == (status, code)


async def test_an_event_outside_the_data_is_unusable_and_fails_nothing(impact: StartImpact) -> None:
    async with impact() as service:
        events = [*EVENTS, {"ticker": "ACME", "date": "1999-01-04"}, {"ticker": "ACME", "date": "2031-01-06"}]

        study = (await service.client.post("/impact/v1/event-studies", json=request(events=events))).json()

        assert [event["usable"] for event in study["events"]] == [True, True, True, False, False]
        assert study["events"][4]["event_date"] is None
        assert study["aggregate"]["n_events"] == 3


async def test_a_timeline_is_drawn_for_a_ticker_with_bars(impact: StartImpact) -> None:
    async with impact() as service:
        await post(service, analysis_body("one", at(DAYS[200]), title="Acme wins $5 order"))

        drawn = await service.client.get("/impact/v1/tickers/ACME/timeline.svg")
        unknown = await service.client.get("/impact/v1/tickers/NOBARS/timeline.svg")
        empty = await service.client.get("/impact/v1/tickers/ACME/timeline.svg", params={"date_from": "2030-01-01"})

        assert "1 news items" in " ".join(ET.fromstring(drawn.content).itertext())
        assert unknown.status_code == 404
        assert (empty.status_code, empty.json()["code"]) == (404, "too_few_bars")


async def test_an_idempotency_key_makes_one_study(impact: StartImpact) -> None:
    async with impact() as service:
        key = {"Idempotency-Key": "study-1"}

        first = await service.client.post("/impact/v1/event-studies", json=request(), headers=key)
        again = await service.client.post("/impact/v1/event-studies", json=request(), headers=key)

        assert first.json()["id"] == again.json()["id"]


async def test_unknown_resources_are_not_found(impact: StartImpact) -> None:
    async with impact(given=[]) as service:
        nowhere = "00000000-0000-7000-8000-000000000000"
        for path in ("", "/explanation", "/outcome"):
            await read(service, f"/impacts/{nowhere}{path}", 404)
        await read(service, f"/event-studies/{nowhere}", 404)
        await read(service, f"/event-studies/{nowhere}/chart.svg", 404)


@pytest.mark.parametrize(
    ("n_events", "window"), [(1_000, [-250, 250]), (200, [-250, 0]), (100, [250, -250]), (401, [-100, 24])]
)
async def test_a_study_above_the_limit_is_refused_with_its_size(
    impact: StartImpact, n_events: int, window: list[int]
) -> None:
    async with impact() as service:
        body = request(events=[EVENTS[0]] * n_events, event_window=window)

        response = await service.client.post("/impact/v1/event-studies", json=body)

        n_days = max(window) - min(window) + 1
        assert (response.status_code, response.json()["code"]) == (422, "study_too_large")
        assert f"{n_events * n_days:,} event days" in response.json()["detail"]
        assert "50,000" in response.json()["detail"]


async def test_the_largest_study_is_answered_and_read_again_as_it_was(impact: StartImpact) -> None:
    async with impact(study_max_event_days=2_000) as service:
        body = request(events=[EVENTS[n % 3] for n in range(500)], event_window=[-1, 2])

        answered = await service.client.post("/impact/v1/event-studies", json=body)
        kept = await service.client.get(answered.headers["location"])

        assert answered.status_code == 201
        assert kept.content == answered.content
        assert kept.headers["content-type"] == answered.headers["content-type"] == "application/json"
        assert "etag" in kept.headers
        assert "ratelimit-limit" in answered.headers
        again = await service.client.get(answered.headers["location"], headers={"If-None-Match": kept.headers["etag"]})
        assert again.status_code == 304


async def test_studies_are_forgotten_after_their_retention(impact: StartImpact) -> None:
    async with impact() as service:
        engine = service.engine
        old = (await service.client.post("/impact/v1/event-studies", json=request())).headers["location"]
        # The horizon lies between the two, whatever their distance.
        engine.settings.study_retention_days = 1e-9
        assert await prune_studies(engine) == 1
        engine.settings.study_retention_days = 30.0
        young = (await service.client.post("/impact/v1/event-studies", json=request())).headers["location"]

        assert await prune_studies(engine) == 0
        assert (await service.client.get(old)).status_code == 404
        assert (await service.client.get(f"{old}/chart.svg")).status_code == 404
        assert (await service.client.get(young)).status_code == 200
