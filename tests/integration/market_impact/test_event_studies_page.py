"""The worked example of `docs/event-studies.md` is what the service answers."""

import re
from pathlib import Path

from market_impact.event_studies.event_study import ALL_TESTS
from tests.integration.market_impact.conftest import StartImpact

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "event-studies.md").read_text(encoding="utf-8")


async def test_the_example_is_what_the_service_answers(impact: StartImpact) -> None:
    (body,) = re.findall(r"^```json\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)

    async with impact(given=[]) as service:
        response = await service.client.post(
            "/impact/v1/event-studies", content=body, headers={"Content-Type": "application/json"}
        )

    assert response.status_code == 201, response.text
    study = response.json()
    rows = []
    for event in study["events"]:
        figures = [*event["coefficients"], *event["abnormal_returns"]]
        figures += [event[name] for name in ("car", "standard_error", "t_stat", "p_value")]
        rows.append(" | ".join([event["ticker"], *(f"{figure:.4f}" for figure in figures)]))
    tests = study["aggregate"]["tests"]
    rows += [f"{test['name']} | {test['statistic']:.4f} | {test['p_value']:.4f}" for test in tests]
    assert [row for row in rows if f"| {row} |" not in PAGE] == []
    assert f"The average CAR is {study['aggregate']['caar'][-1]:.4f}." in PAGE
    assert [warning["code"] for warning in study["warnings"]] == ["few_events"]


def test_every_test_is_described() -> None:
    assert [name for name in ALL_TESTS if f"| `{name}` |" not in PAGE] == []
