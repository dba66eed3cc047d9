"""What a receiver hears last about an alert is the newest that there is to say, whatever failed in between."""

import asyncio
from typing import Any
from uuid import UUID

from alerts.delivery.dispatcher import Dispatcher
from alerts.lifecycle.notifier import flush_due
from common.clock import uuid7
from tests.builders.impacts import impact
from tests.emulators.webhook_receiver import Fault, WebhookReceiver
from tests.integration.alerts.conftest import AlertsUnderTest, SettableClock, deliver_due
from tests.integration.alerts.test_deliveries import attempts, delivery_in, desk

_LATER = "superseded: a newer notice of the alert took its place"


async def ledger(alerts: AlertsUnderTest) -> dict[str, dict[str, Any]]:
    """Return the deliveries by what they say."""
    return {each["reason"]: each for each in (await alerts.get("/deliveries"))["data"]}


async def fire(alerts: AlertsUnderTest, **changes: Any) -> UUID:
    article_id = uuid7()
    await alerts.signals(impact(article_id=article_id, **changes))
    return article_id


async def retract(alerts: AlertsUnderTest, article_id: UUID, revision: int = 2, **changes: Any) -> None:
    await alerts.signals(impact(article_id=article_id, revision=revision, state="retracted", **changes))


def dispatchers(alerts: AlertsUnderTest, number: int) -> list[Dispatcher]:
    """Return dispatchers as several replicas have them."""
    return [alerts.dispatcher() for _ in range(number)]


async def test_a_notice_that_failed_does_not_arrive_after_the_retraction(
    alerts: AlertsUnderTest, webhook: WebhookReceiver, clock: SettableClock
):
    await desk(alerts, webhook)
    webhook.faults.append(Fault(500))
    article_id = await fire(alerts)
    await delivery_in(alerts, "pending", n_attempts=1)

    await retract(alerts, article_id)
    await alerts.until(lambda: _is_delivered(alerts, "retracted"))
    for seconds in (6, 400, 86_400):
        clock.advance(seconds)
        await deliver_due(dispatchers(alerts, 1)[0])

    assert [(each.type, each.data["reason"]) for each in webhook.arrivals][:2] == [
        ("alert.firing", "first"),
        ("alert.amended", "retracted"),
    ]
    assert len(webhook.arrivals) == 2
    first = (await ledger(alerts))["first"]
    assert (first["state"], first["last_error"], first["next_attempt_at"]) == ("failed", _LATER, None)


async def test_a_notice_waits_for_the_older_one_that_is_under_way_and_that_one_is_not_tried_again(
    alerts: AlertsUnderTest, webhook: WebhookReceiver, clock: SettableClock
):
    await desk(alerts, webhook)
    await alerts.runtime.stop_workers()
    webhook.faults.append(Fault(500, delay_seconds=0.5))
    article_id = await fire(alerts)
    one, other, third = dispatchers(alerts, 3)
    under_way = asyncio.create_task(deliver_due(one))
    await webhook.wait_for(1)

    await retract(alerts, article_id)
    await flush_due(alerts.engine)
    meanwhile = await deliver_due(other) + await deliver_due(third)
    await under_way
    await deliver_due(other)
    clock.advance(6)
    await deliver_due(other)

    assert meanwhile == 0
    assert [each.data["reason"] for each in webhook.arrivals] == ["first", "retracted"]
    assert (await ledger(alerts))["first"]["last_error"] == _LATER


async def test_notices_to_a_slow_receiver_arrive_in_order_from_however_many_replicas(
    alerts: AlertsUnderTest, webhook: WebhookReceiver
):
    await desk(alerts, webhook, group_by=["article_id"])
    await alerts.runtime.stop_workers()
    webhook.faults += [Fault(204, delay_seconds=0.05 * (number % 3)) for number in range(60)]
    articles = [await fire(alerts) for _ in range(10)]
    replicas = dispatchers(alerts, 4)
    await asyncio.gather(*(each.start_due() for each in replicas))
    for revision in (2, 3):
        for article_id in articles:
            await alerts.signals(impact(article_id=article_id, revision=revision, state="revised"))
        await flush_due(alerts.engine)
        await asyncio.gather(*(each.start_due() for each in replicas))

    async def is_empty() -> bool:
        await asyncio.gather(*(deliver_due(each) for each in replicas))
        return all(each["state"] != "pending" for each in (await alerts.get("/deliveries"))["data"])

    await alerts.until(is_empty)

    heard: dict[str, list[int]] = {}
    for arrival in webhook.arrivals:
        heard.setdefault(arrival.data["alert_id"], []).append(arrival.data["impacts"][0]["revision"])
    assert len(heard) == 10
    assert all(revisions == sorted(revisions) and revisions[-1] == 3 for revisions in heard.values()), heard


async def test_other_alerts_are_not_held_up_nor_replaced(alerts: AlertsUnderTest, webhook: WebhookReceiver):
    await desk(alerts, webhook)
    webhook.faults.append(Fault(500))
    await fire(alerts)
    await delivery_in(alerts, "pending", n_attempts=1)

    article_id = await fire(alerts, ticker="AAPL")
    await webhook.wait_for(2)
    await retract(alerts, article_id, ticker="AAPL")
    await webhook.wait_for(3)

    states = [each["state"] for each in (await alerts.get("/deliveries"))["data"]]
    assert states[-1] == "pending"


async def test_a_notice_that_was_replaced_is_sent_when_somebody_asks_for_it(
    alerts: AlertsUnderTest, webhook: WebhookReceiver
):
    await desk(alerts, webhook)
    webhook.faults.append(Fault(500))
    article_id = await fire(alerts)
    await delivery_in(alerts, "pending", n_attempts=1)
    await retract(alerts, article_id)
    await webhook.wait_for(2)
    first = (await ledger(alerts))["first"]

    await alerts.request("POST", f"/deliveries/{first['delivery_id']}:redeliver", 202)
    *_, again = await webhook.wait_for(3)

    assert (again.webhook_id, again.data["reason"]) == (first["webhook_id"], "first")
    await alerts.until(lambda: _is_delivered(alerts, "first"))


async def _is_delivered(alerts: AlertsUnderTest, reason: str) -> bool:
    found = await ledger(alerts)
    return reason in found and found[reason]["state"] == "delivered"


async def test_a_notice_asked_for_while_it_is_under_way_is_sent_again_when_that_fails(
    alerts: AlertsUnderTest, webhook: WebhookReceiver
):
    await desk(alerts, webhook)
    webhook.faults.append(Fault(500, delay_seconds=0.5))
    await fire(alerts)
    await webhook.wait_for(1)
    first = (await ledger(alerts))["first"]

    await alerts.request("POST", f"/deliveries/{first['delivery_id']}:redeliver", 202)

    delivery = await delivery_in(alerts, "delivered", n_attempts=2)
    assert [each["status_code"] for each in await attempts(alerts, delivery)] == [500, 204]


async def test_a_receiver_that_took_none_of_many_notices_for_days_is_given_up(
    alerts: AlertsUnderTest, webhook: WebhookReceiver, clock: SettableClock
):
    await desk(alerts, webhook)
    await alerts.runtime.stop_workers()
    webhook.faults += [Fault(500)] * 5
    (dispatcher,) = dispatchers(alerts, 1)
    article_id = await fire(alerts)
    await deliver_due(dispatcher)

    is_on = []
    for revision in range(2, 6):
        clock.advance(86_400)
        await alerts.signals(impact(article_id=article_id, revision=revision, state="revised"))
        await flush_due(alerts.engine)
        await deliver_due(dispatcher)
        is_on.append((await alerts.get("/receivers"))["data"][0]["enabled"])

    assert is_on == [True, True, True, False]
    newest, *older = (await alerts.get("/deliveries"))["data"]
    assert (newest["state"], newest["last_error"]) == ("failed", "HTTP 500")
    assert {each["last_error"] for each in older} == {_LATER}
