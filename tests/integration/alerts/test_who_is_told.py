"""Whoever was told of an alert hears what becomes of it, whatever has become of the rule since."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from alerts.retention import prune_deliveries
from common.clock import uuid7
from tests.builders.impacts import impact
from tests.emulators.webhook_receiver import WebhookReceiver, serve
from tests.integration.alerts.conftest import AlertsUnderTest, SettableClock


@pytest.fixture
async def other() -> AsyncIterator[WebhookReceiver]:
    async with serve(WebhookReceiver()) as receiver:
        yield receiver


async def told(
    alerts: AlertsUnderTest, webhook: WebhookReceiver, other: WebhookReceiver, **fields: Any
) -> tuple[Any, UUID]:
    """Return a rule that tells the first of two receivers, and the article whose alert that one has heard of."""
    await alerts.receiver(name="first", url=webhook.url)
    await alerts.receiver(name="second", url=other.url)
    rule = await alerts.rule(receivers=["first"], **fields)
    article_id = uuid7()
    await alerts.signals(impact(article_id=article_id))
    await webhook.wait_for(1)
    return rule, article_id


async def change(alerts: AlertsUnderTest, rule: Any, receivers: list[str]) -> None:
    body = {"name": "falls", "when": {"min_impact_score": 50}, "group_wait_seconds": 0, "receivers": receivers}
    await alerts.request("PUT", f"/rules/{rule['rule_id']}", 200, json=body)


async def revise(alerts: AlertsUnderTest, article_id: UUID, revision: int, state: str, **changes: Any) -> None:
    await alerts.signals(impact(article_id=article_id, revision=revision, state=state, **changes))


def heard(webhook: WebhookReceiver) -> list[tuple[str, str]]:
    return [(arrival.type, arrival.data["reason"]) for arrival in webhook.arrivals]


_FIRED, _RETRACTED = ("alert.firing", "first"), ("alert.amended", "retracted")


async def test_a_retraction_reaches_the_receiver_that_was_told_and_not_the_one_that_the_rule_names_now(
    alerts: AlertsUnderTest, webhook: WebhookReceiver, other: WebhookReceiver
):
    rule, article_id = await told(alerts, webhook, other)
    await change(alerts, rule, ["second"])

    await revise(alerts, article_id, 2, "retracted")
    await webhook.wait_for(2)
    await alerts.signals(impact(ticker="AAPL"))
    await other.wait_for(1)

    assert heard(webhook) == [_FIRED, _RETRACTED]
    assert heard(other) == [_FIRED]
    assert other.arrivals[0].data["group_labels"]["ticker"] == "AAPL"


async def test_a_correction_of_an_alert_that_stands_reaches_both(
    alerts: AlertsUnderTest, webhook: WebhookReceiver, other: WebhookReceiver
):
    rule, article_id = await told(alerts, webhook, other)
    await change(alerts, rule, ["second"])
    # Would be told in five minutes; the correction tells it.
    await alerts.signals(impact(horizon_days=5))

    await revise(alerts, article_id, 2, "revised", impact_score=90.0)
    (_, first), (second,) = await webhook.wait_for(2), await other.wait_for(1)
    await revise(alerts, article_id, 3, "retracted")
    await webhook.wait_for(3)
    await other.wait_for(2)

    assert (first.type, first.data) == (second.type, second.data)
    assert first.data["n_impacts"] == 2
    assert heard(webhook) == [_FIRED, ("alert.amended", "revised"), _RETRACTED]


async def test_a_correction_of_a_reopened_alert_is_told_with_the_reopening_to_both(
    alerts: AlertsUnderTest, webhook: WebhookReceiver, other: WebhookReceiver
):
    rule, article_id = await told(alerts, webhook, other)
    await change(alerts, rule, ["second"])
    (alert,) = await alerts.alerts()
    await alerts.request("POST", f"/alerts/{alert['alert_id']}:resolve", 200, json={})
    await webhook.wait_for(2)
    # Would be told in five minutes; the correction tells it.
    await alerts.signals(impact(horizon_days=5))

    await revise(alerts, article_id, 2, "revised", impact_score=90.0)
    (*_, first), (second,) = await webhook.wait_for(3), await other.wait_for(1)

    assert (first.type, first.data) == (second.type, second.data)
    assert (first.type, first.data["reason"], first.data["state"]) == ("alert.firing", "reopened", "firing")
    assert first.data["amendment"]["reason"] == "revised"


async def test_a_resolution_by_hand_reaches_the_receiver_that_was_told(
    alerts: AlertsUnderTest, webhook: WebhookReceiver, other: WebhookReceiver
):
    rule, _ = await told(alerts, webhook, other)
    await change(alerts, rule, ["second"])
    (alert,) = await alerts.alerts()

    await alerts.request("POST", f"/alerts/{alert['alert_id']}:resolve", 200, json={})

    (_, resolved) = await webhook.wait_for(2)
    assert (resolved.type, resolved.data["state"]) == ("alert.resolved", "resolved")
    assert heard(other) == []


async def test_a_retraction_reaches_whoever_was_told_by_a_rule_that_is_gone_or_tells_nobody_any_more(
    alerts: AlertsUnderTest, webhook: WebhookReceiver, other: WebhookReceiver
):
    rule, article_id = await told(alerts, webhook, other)
    await change(alerts, rule, [])
    await alerts.request("DELETE", f"/rules/{rule['rule_id']}", 204)

    await revise(alerts, article_id, 2, "retracted")

    await webhook.wait_for(2)
    assert heard(webhook) == [_FIRED, _RETRACTED]


async def test_a_receiver_that_was_deleted_hears_nothing_and_stops_no_other(
    alerts: AlertsUnderTest, webhook: WebhookReceiver, other: WebhookReceiver
):
    rule, article_id = await told(alerts, webhook, other)
    await change(alerts, rule, ["first", "second"])
    await revise(alerts, article_id, 2, "revised", impact_score=90.0)
    await webhook.wait_for(2)
    await other.wait_for(1)
    await change(alerts, rule, [])
    first = next(each for each in (await alerts.get("/receivers"))["data"] if each["name"] == "first")
    await alerts.request("DELETE", f"/receivers/{first['receiver_id']}", 204)

    await revise(alerts, article_id, 3, "retracted")

    await other.wait_for(2)
    assert heard(other)[-1] == _RETRACTED
    assert len(webhook.arrivals) == 2


async def test_an_end_after_the_ledger_has_forgotten_whom_it_told_reaches_the_rules_receivers(
    alerts: AlertsUnderTest, webhook: WebhookReceiver, other: WebhookReceiver, clock: SettableClock
):
    # So long that the alert is neither repeated nor over when the ledger has forgotten it.
    long = {"window_seconds": 31_536_000, "repeat_interval_seconds": 31_536_000}
    _, article_id = await told(alerts, webhook, other, **long)
    await alerts.until(lambda: _is_settled(alerts))
    clock.advance(alerts.runtime.settings.delivery_retention_days * 86_400 + 1)
    assert await prune_deliveries(alerts.engine) == 1

    await revise(alerts, article_id, 2, "retracted")

    await webhook.wait_for(2)
    assert heard(webhook)[-1] == _RETRACTED


async def _is_settled(alerts: AlertsUnderTest) -> bool:
    return all(each["state"] == "delivered" for each in (await alerts.get("/deliveries"))["data"])
