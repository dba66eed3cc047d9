"""An impact, a rule or an alert that fails costs no other anything."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from tests.builders.impacts import impact
from tests.integration.alerts.conftest import AlertsUnderTest


def _spoilt(**changes: Any) -> dict[str, Any]:
    body = impact().model_dump(mode="json")
    for path, value in changes.items():
        *parents, name = path.split("__")
        place = body
        for parent in parents:
            place = place[parent]
        place[name] = value
    return body


@pytest.mark.parametrize(
    "bad",
    [
        _spoilt(lineage__published_at="9999-12-31T23:59:59-14:00"),
        _spoilt(lineage__published_at="2024-03-05T14:30:00"),
        _spoilt(interval__low=float("nan")),
    ],
)
async def test_one_impact_is_rejected_and_the_others_fire(alerts: AlertsUnderTest, bad: dict[str, Any]) -> None:
    await alerts.rule(group_by=["source", "article_id"])
    items = [impact().model_dump(mode="json") for _ in range(20)]
    items[7] = bad

    response = await alerts.client.post(
        "/alerts/v1/signals", content=json.dumps({"impacts": items}), headers={"Content-Type": "application/json"}
    )

    answers = response.json()["data"]
    assert [answer["index"] for answer in answers if answer["status"] != "stored"] == [7]
    assert answers[7]["status"] == "rejected"
    assert len(await alerts.alerts()) == 19


async def test_a_rule_that_cannot_be_read_stops_no_other(alerts: AlertsUnderTest) -> None:
    good, later = await alerts.rule(name="good"), await alerts.rule(name="of a later release")
    async with alerts.service.database.transaction() as connection:
        await connection.execute(
            text("""UPDATE rule SET "when" = '{"moon_is_full": true}' WHERE rule_id = CAST(:rule_id AS uuid)"""),
            {"rule_id": later["rule_id"]},
        )

    assert await alerts.signals(impact()) == ["stored"]

    assert [alert["rule_id"] for alert in await alerts.alerts()] == [good["rule_id"]]
    assert "alert_rules_unreadable 1.0" in (await alerts.client.get("/metrics")).text


async def test_an_alert_that_cannot_be_told_about_holds_up_no_other(alerts: AlertsUnderTest) -> None:
    await alerts.rule(group_by=["article_id"], group_wait_seconds=0.5)
    broken, sound = impact(), impact()
    assert await alerts.signals(broken, sound) == ["stored", "stored"]
    async with alerts.service.database.transaction() as connection:
        await connection.execute(
            text("UPDATE signal SET document = '{}' WHERE article_id = :article_id"), {"article_id": broken.article_id}
        )

    async def one_fires() -> bool:
        async with alerts.service.database.reading() as connection:
            return sorted(await connection.scalars(text("SELECT state FROM alert"))) == ["firing", "pending"]

    await alerts.until(one_fires)
