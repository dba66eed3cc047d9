"""Alerts in time: waits, intervals, repeats, cooldown, and what people do with them."""

from datetime import timedelta

from sqlalchemy import text

from tests.builders.impacts import PUBLISHED_AT, impact
from tests.integration.alerts.test_deliveries import desk


async def test_receivers_hear_after_the_group_wait_of_all_that_came_meanwhile(alerts, webhook, clock):
    await desk(alerts, webhook, group_wait_seconds=30)
    await alerts.signals(impact())
    await alerts.signals(impact(horizon_days=5))
    (waiting,) = await alerts.alerts()

    clock.advance(31)
    (arrival,) = await webhook.wait_for(1)

    assert waiting["state"] == "pending"
    assert arrival.data["n_impacts"] == 2
    await alerts.state_is("firing")


async def test_further_impacts_are_told_after_the_group_interval(alerts, webhook, clock):
    await desk(alerts, webhook)
    await alerts.signals(impact())
    await webhook.wait_for(1)

    await alerts.signals(impact(horizon_days=5))
    await alerts.signals(impact(horizon_days=10))
    clock.advance(301)
    arrivals = await webhook.wait_for(2)

    assert [(each.data["reason"], each.data["n_impacts"]) for each in arrivals] == [("first", 1), ("new_impacts", 3)]
    assert len(await alerts.alerts()) == 1


async def test_a_firing_alert_is_repeated_until_somebody_acknowledges_it(alerts, webhook, clock):
    await desk(alerts, webhook, repeat_interval_seconds=3_600, window_seconds=86_400)
    await alerts.signals(impact())
    await webhook.wait_for(1)
    clock.advance(3_601)
    repeated = (await webhook.wait_for(2))[1]
    (alert,) = await alerts.alerts()

    acknowledged = await alerts.request(
        "POST", f"/alerts/{alert['alert_id']}:acknowledge", 200, json={"by": "Ada", "note": "on it"}
    )
    clock.advance(3_601)
    await alerts.signals(impact(horizon_days=5))

    assert repeated.data["reason"] == "repeat"
    assert acknowledged["state"] == "acknowledged"
    assert acknowledged["history"][-1]["actor"] == "Ada"
    assert (await alerts.alerts())[0]["n_impacts"] == 2
    assert len(webhook.arrivals) == 2


async def test_a_resolved_alert_is_told_and_a_further_impact_reopens_it(alerts, webhook, clock):
    await desk(alerts, webhook)
    await alerts.signals(impact())
    await webhook.wait_for(1)
    (alert,) = await alerts.alerts()

    resolved = await alerts.request("POST", f"/alerts/{alert['alert_id']}:resolve", 200)
    await webhook.wait_for(2)
    await alerts.signals(impact(horizon_days=5))
    clock.advance(301)
    arrivals = await webhook.wait_for(3)

    assert resolved["state"] == "resolved"
    assert [each.data["reason"] for each in arrivals] == ["first", "resolved", "reopened"]
    assert {each.data["alert_id"] for each in arrivals} == {alert["alert_id"]}


async def test_an_alert_without_further_impacts_expires(alerts, clock):
    await alerts.rule()
    await alerts.signals(impact())

    clock.advance(14_401)
    await alerts.state_is("expired")

    (alert,) = await alerts.alerts()
    detail = await alerts.get(f"/alerts/{alert['alert_id']}")
    assert [each["to_state"] for each in detail["history"]] == ["firing", "expired"]


async def test_receivers_that_heard_of_an_alert_hear_that_it_expired(alerts, webhook, clock):
    await desk(alerts, webhook)
    await alerts.signals(impact())
    await webhook.wait_for(1)

    clock.advance(14_401)
    arrival = (await webhook.wait_for(2))[1]
    await alerts.state_is("expired")
    clock.advance(14_401)
    await alerts.signals(impact(ticker="AAPL"))
    reasons = [each.data["reason"] for each in await webhook.wait_for(3)]

    assert (arrival.type, arrival.data["reason"], arrival.data["state"]) == ("alert.resolved", "resolved", "expired")
    assert arrival.data["ends_at"] is not None
    assert reasons == ["first", "resolved", "first"]


async def test_an_acknowledged_alert_that_expires_is_told_too_and_a_further_impact_reopens_it(alerts, webhook, clock):
    await desk(alerts, webhook)
    await alerts.signals(impact())
    await webhook.wait_for(1)
    (alert,) = await alerts.alerts()
    await alerts.request("POST", f"/alerts/{alert['alert_id']}:acknowledge", 200)

    clock.advance(14_401)
    await webhook.wait_for(2)
    await alerts.signals(impact(horizon_days=5))
    clock.advance(301)
    arrivals = await webhook.wait_for(3)

    assert [each.data["reason"] for each in arrivals] == ["first", "resolved", "reopened"]


async def test_an_alert_that_nobody_heard_of_expires_quietly_for_its_receivers(alerts, webhook, clock):
    await desk(alerts, webhook)
    await alerts.signals(impact())
    await webhook.wait_for(1)
    (alert,) = await alerts.alerts()
    async with alerts.runtime.database.transaction() as connection:
        await connection.execute(text("UPDATE alert SET n_notifications = 0, flush_at = NULL, flush_reason = NULL"))

    clock.advance(14_401)
    await alerts.state_is("expired")
    await alerts.signals(impact(ticker="AAPL"))
    arrivals = await webhook.wait_for(2)

    assert [each.data["alert_id"] == alert["alert_id"] for each in arrivals] == [True, False]


async def test_an_ended_alert_cannot_be_acknowledged(alerts):
    await alerts.rule()
    await alerts.signals(impact())
    (alert,) = await alerts.alerts()
    await alerts.request("POST", f"/alerts/{alert['alert_id']}:resolve", 200)

    problem = await alerts.request("POST", f"/alerts/{alert['alert_id']}:acknowledge", 409)

    assert problem["code"] == "alert_has_ended"


async def test_a_cooldown_holds_the_next_alert_back_without_losing_it(alerts, webhook, clock):
    await desk(alerts, webhook, cooldown_seconds=600)
    await alerts.signals(impact())
    await webhook.wait_for(1)

    await alerts.signals(impact(published_at=PUBLISHED_AT + timedelta(hours=4)))
    (held,) = await alerts.alerts(state="pending")
    clock.advance(601)
    arrivals = await webhook.wait_for(2)

    assert arrivals[1].data["alert_id"] == held["alert_id"]


async def test_the_lineage_has_every_hop_in_milliseconds(alerts, webhook):
    await desk(alerts, webhook)
    await alerts.signals(impact())
    await webhook.wait_for(1)
    (alert,) = await alerts.alerts()

    async def is_notified() -> bool:
        return (await alerts.get(f"/alerts/{alert['alert_id']}"))["notified_at"] is not None

    await alerts.until(is_notified)
    lineage = await alerts.get(f"/alerts/{alert['alert_id']}/lineage")

    (trail,) = lineage["trails"]
    hops = {(hop["start"], hop["end"]): hop["milliseconds"] for hop in trail["hops"]}
    assert hops["published", "received"] == 100.0
    assert hops["received", "analysed"] == 50.0
    assert hops["analysed", "scored"] == 25.0
    assert hops["scored", "notified"] > 0
    assert trail["lineage"]["notified_at"] == lineage["notified_at"]


async def test_after_a_correction_the_hops_are_those_of_the_correction(alerts, webhook, clock):
    await desk(alerts, webhook)
    first = impact(impact_score=60)
    await alerts.signals(first)
    await webhook.wait_for(1)
    (alert,) = await alerts.alerts()

    async def hop_to_receivers() -> float | None:
        (trail,) = (await alerts.get(f"/alerts/{alert['alert_id']}/lineage"))["trails"]
        milliseconds: float | None = trail["hops"][-1]["milliseconds"]
        return milliseconds

    async def is_told() -> bool:
        return await hop_to_receivers() is not None

    await alerts.until(is_told)
    clock.advance(300)
    lineage = {**first.model_dump(mode="json")["lineage"], "scored_at": clock.now().isoformat()}
    corrected = impact(article_id=first.article_id, impact_score=80, revision=2, state="revised", lineage=lineage)
    await alerts.signals(corrected)
    clock.advance(301)
    arrivals = await webhook.wait_for(2)
    await alerts.until(is_told)

    assert arrivals[1].data["lineage"]["notified_at"] is None
    assert await hop_to_receivers() >= 0
    told = await alerts.get(f"/alerts/{alert['alert_id']}/lineage")
    assert told["trails"][0]["lineage"]["notified_at"] > told["notified_at"]


async def test_alerts_are_listed_by_what_is_asked_for(alerts):
    falls = await alerts.rule()
    await alerts.rule(name="apples", when={"tickers": ["AAPL"]}, severity="critical")
    await alerts.signals(impact(), impact(ticker="AAPL", impact_score=10))

    by_ticker = await alerts.alerts(ticker="AAPL")
    by_rule = await alerts.alerts(rule_id=falls["rule_id"])
    future = await alerts.alerts(**{"from": "2200-01-01T00:00:00Z"})

    assert [alert["rule_name"] for alert in by_ticker] == ["apples"]
    assert [alert["group_labels"]["ticker"] for alert in by_rule] == ["TSLA"]
    assert [alert["severity"] for alert in await alerts.alerts(severity="critical")] == ["critical"]
    assert future == []


async def test_groups_gather_the_alerts_of_their_windows(alerts):
    await alerts.rule()
    await alerts.signals(impact(), impact(published_at=PUBLISHED_AT + timedelta(hours=4)), impact(ticker="AAPL"))

    groups = (await alerts.get("/groups"))["data"]

    assert {(group["group_labels"]["ticker"], group["n_alerts"], group["n_open"]) for group in groups} == {
        ("TSLA", 2, 2),
        ("AAPL", 1, 1),
    }


async def test_what_happens_is_streamed_and_counted(alerts):
    await alerts.rule(severity="critical")

    await alerts.signals(impact())

    async with alerts.runtime.database.reading() as connection:
        rows = (await connection.execute(alerts.runtime.tables.event.select())).all()
    metrics = (await alerts.client.get("/metrics")).text
    assert [row.name for row in rows] == ["alert.firing"]
    assert 'alert_signal_count{severity="critical"} 1.0' in metrics
