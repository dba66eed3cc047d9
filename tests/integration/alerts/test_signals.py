"""Impacts become alerts: once each, grouped, amended when the impact is corrected."""

import asyncio
from datetime import timedelta

from sqlalchemy import event

from common.clock import uuid7
from tests.builders.impacts import PUBLISHED_AT, impact


async def test_an_impact_above_the_threshold_fires_an_alert(alerts):
    await alerts.rule()

    statuses = await alerts.signals(impact())

    (alert,) = await alerts.alerts()
    assert statuses == ["stored"]
    assert alert["state"] == "firing"
    assert alert["group_labels"] == {"ticker": "TSLA", "direction": "down"}
    assert alert["title"] == "TSLA down -2.3%: Tesla cuts its delivery outlook"
    assert alert["n_impacts"] == 1


async def test_an_impact_below_the_threshold_is_stored_without_an_alert(alerts):
    await alerts.rule()

    statuses = await alerts.signals(impact(impact_score=49.9))

    assert statuses == ["stored"]
    assert await alerts.alerts() == []
    assert (await alerts.get("/counts"))["counts"]["received"] == 1


async def test_a_repeated_batch_changes_nothing(alerts):
    await alerts.rule(receivers=["log"])
    await alerts.request("POST", "/receivers", 201, json={"name": "log", "kind": "log"})
    batch = [impact(), impact(ticker="AAPL")]
    await alerts.signals(*batch)
    before = await alerts.get("/counts")

    statuses = await alerts.signals(*batch)

    assert statuses == ["unchanged", "unchanged"]
    assert (await alerts.get("/counts"))["counts"] == before["counts"]


async def test_one_bad_item_does_not_fail_its_batch(alerts):
    statuses = await alerts.signals(impact(), {"ticker": "nonsense"}, impact())

    assert statuses == ["stored", "rejected", "stored"]


async def test_the_same_impact_twice_in_one_batch_is_stored_once(alerts):
    one = impact()

    assert await alerts.signals(one, one) == ["stored", "unchanged"]


async def test_an_older_revision_is_superseded(alerts):
    article_id = uuid7()
    await alerts.signals(impact(article_id=article_id, revision=2))

    statuses = await alerts.signals(
        impact(article_id=article_id, revision=1), impact(article_id=article_id, revision=2)
    )

    assert statuses == ["superseded", "unchanged"]


async def test_impacts_of_one_group_and_window_make_one_alert(alerts):
    await alerts.rule()

    await alerts.signals(impact(), impact(horizon_days=5))
    await alerts.signals(impact(published_at=PUBLISHED_AT + timedelta(minutes=5)))

    (alert,) = await alerts.alerts()
    assert alert["n_impacts"] == 3


async def test_another_window_makes_another_alert(alerts):
    await alerts.rule()

    await alerts.signals(impact(), impact(published_at=PUBLISHED_AT + timedelta(hours=4)))

    assert len(await alerts.alerts()) == 2


async def test_replicas_that_see_one_group_at_once_make_one_alert(alerts):
    await alerts.rule()

    await asyncio.gather(*(alerts.signals(impact(), impact(ticker="AAPL")) for _ in range(4)))

    found = await alerts.alerts()
    assert sorted((alert["group_labels"]["ticker"], alert["n_impacts"]) for alert in found) == [
        ("AAPL", 4),
        ("TSLA", 4),
    ]


async def test_a_revised_impact_amends_its_alert(alerts, webhook):
    await alerts.receiver(url=webhook.url)
    await alerts.rule(receivers=["desk"])
    article_id = uuid7()
    await alerts.signals(impact(article_id=article_id))
    await webhook.wait_for(1)

    await alerts.signals(impact(article_id=article_id, revision=2, impact_score=60.0))

    amended = (await webhook.wait_for(2))[1]
    assert amended.type == "alert.amended"
    assert amended.data["reason"] == "revised"
    assert amended.data["impacts"][0]["impact_score"] == 60.0
    assert (await alerts.alerts())[0]["state"] == "firing"


async def test_a_retracted_impact_ends_its_alert_and_says_so(alerts, webhook):
    await alerts.receiver(url=webhook.url)
    await alerts.rule(receivers=["desk"])
    article_id = uuid7()
    await alerts.signals(impact(article_id=article_id))
    await webhook.wait_for(1)

    retracted = impact(article_id=article_id, revision=2, state="retracted")
    await alerts.signals(retracted)

    amended = (await webhook.wait_for(2))[1]
    (alert,) = await alerts.alerts()
    assert (amended.type, amended.data["reason"]) == ("alert.amended", "retracted")
    assert amended.data["amendment"] == {"reason": "retracted", "impact_ids": [str(retracted.impact_id)]}
    assert (amended.data["state"], amended.data["n_impacts"]) == ("resolved", 0)
    assert (alert["state"], alert["title"].startswith("Withdrawn:")) == ("resolved", True)


async def test_an_impact_that_turned_round_moves_to_the_other_group(alerts, webhook):
    await alerts.receiver(url=webhook.url)
    await alerts.rule(receivers=["desk"])
    article_id = uuid7()
    await alerts.signals(impact(article_id=article_id))
    await webhook.wait_for(1)

    await alerts.signals(impact(article_id=article_id, revision=2, direction="up"))
    await webhook.wait_for(3)

    found = {alert["group_labels"]["direction"]: alert for alert in await alerts.alerts()}
    assert (found["up"]["state"], found["up"]["n_impacts"]) == ("firing", 1)
    assert (found["down"]["state"], found["down"]["n_impacts"]) == ("resolved", 0)


async def test_an_impact_retracted_during_the_wait_is_never_told(alerts, webhook, clock):
    await alerts.receiver(url=webhook.url)
    await alerts.rule(receivers=["desk"], group_wait_seconds=30)
    article_id = uuid7()
    await alerts.signals(impact(article_id=article_id))
    await alerts.signals(impact(article_id=article_id, revision=2, state="retracted"))

    clock.advance(31)
    await alerts.state_is("resolved")

    assert webhook.arrivals == []
    assert (await alerts.get("/deliveries"))["data"] == []


async def test_a_batch_of_any_size_costs_the_same_number_of_statements(alerts):
    await alerts.rule(receivers=[])
    await alerts.signals(impact())
    statements: list[str] = []
    engine = alerts.runtime.database.engine.sync_engine
    await alerts.runtime.stop_workers()

    @event.listens_for(engine, "before_cursor_execute")
    def count(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    await alerts.signals(impact(ticker="A"))
    of_one = len(statements)
    statements.clear()
    await alerts.signals(*(impact(ticker=f"T{number}") for number in range(100)))

    assert len(statements) == of_one
