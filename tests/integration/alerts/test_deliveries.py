"""Deliveries: signed, retried by the table, throttled, given up, sent again; every attempt on record."""

import asyncio
import json

from alerts.retention import prune_deliveries
from alerts.settings import Settings
from common.clock import uuid7
from tests.builders.impacts import impact
from tests.emulators.dripping import dripping
from tests.emulators.webhook_receiver import Fault
from tests.integration.alerts.conftest import AlertsUnderTest, ScriptedWebhooks, deliver_due, running


async def desk(alerts: AlertsUnderTest, webhook, **rule):
    created = await alerts.receiver(url=webhook.url)
    webhook.secret = created["secret"]
    await alerts.rule(receivers=["desk"], **rule)
    return created


async def delivery_in(alerts: AlertsUnderTest, state: str, n_attempts: int = 0):
    found = {}

    async def probe() -> bool:
        found["all"] = (await alerts.get("/deliveries"))["data"]
        return any(each["state"] == state and each["n_attempts"] >= n_attempts for each in found["all"])

    await alerts.until(probe)
    return found["all"][0]


async def attempts(alerts: AlertsUnderTest, delivery):
    return (await alerts.get(f"/deliveries/{delivery['delivery_id']}/attempts"))["data"]


async def test_a_webhook_is_signed_and_its_delivery_is_on_record(alerts, webhook):
    await desk(alerts, webhook)

    await alerts.signals(impact())

    (arrival,) = await webhook.wait_for(1)
    delivery = await delivery_in(alerts, "delivered")
    assert arrival.is_verified
    assert (arrival.type, arrival.data["reason"], arrival.data["n_impacts"]) == ("alert.firing", "first", 1)
    assert delivery["webhook_id"] == arrival.webhook_id
    assert [each["status_code"] for each in await attempts(alerts, delivery)] == [204]


async def test_a_failed_delivery_is_tried_again_with_the_same_webhook_id(alerts, webhook, clock):
    await desk(alerts, webhook)
    webhook.faults += [Fault(500), Fault(302, {"Location": "/elsewhere"})]

    await alerts.signals(impact())
    await delivery_in(alerts, "pending", n_attempts=1)
    clock.advance(6)
    await delivery_in(alerts, "pending", n_attempts=2)
    clock.advance(331)
    delivery = await delivery_in(alerts, "delivered")

    assert len({arrival.webhook_id for arrival in webhook.arrivals}) == 1
    assert [each["status_code"] for each in await attempts(alerts, delivery)] == [500, 302, 204]
    assert {arrival.path for arrival in webhook.arrivals} == {"/hooks"}


async def test_a_receiver_that_answers_a_byte_now_and_then_is_left(start_service, webhook):
    never_ending = b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 10_000
    async with running(start_service, webhook_timeout_seconds=0.3) as alerts, dripping(never_ending) as address:
        webhook.url = address
        await desk(alerts, webhook)

        await alerts.signals(impact())

        delivery = await delivery_in(alerts, "pending", n_attempts=1)
        (attempt,) = await attempts(alerts, delivery)
        assert attempt["status_code"] is None
        assert attempt["error"] == "ReadTimeout: No complete response within 0.3 seconds."


async def test_a_receiver_that_asks_for_it_gets_a_rest(alerts, webhook, clock):
    await desk(alerts, webhook)
    webhook.faults.append(Fault(429, {"Retry-After": "120"}))

    await alerts.signals(impact())
    await delivery_in(alerts, "pending", n_attempts=1)
    await alerts.signals(impact(ticker="AAPL"))
    clock.advance(100)
    await alerts.signals(impact(ticker="MSFT"))
    arrived_early = len(webhook.arrivals)
    clock.advance(25)
    await webhook.wait_for(4)

    assert arrived_early == 1
    assert (await alerts.get("/receivers"))["data"][0]["enabled"]


async def test_a_receiver_that_is_gone_is_disabled(alerts, webhook):
    await desk(alerts, webhook)
    webhook.faults.append(Fault(410))

    await alerts.signals(impact())
    delivery = await delivery_in(alerts, "failed")
    await alerts.signals(impact(ticker="AAPL"))

    (receiver,) = (await alerts.get("/receivers"))["data"]
    missed = (await alerts.get("/deliveries", state="failed"))["data"]
    assert (receiver["enabled"], receiver["disabled_reason"]) == (False, "it answered 410 Gone")
    assert [each["outcome"] for each in await attempts(alerts, delivery)] == ["gone"]
    assert [each["last_error"] for each in missed] == ["the receiver is disabled", "HTTP 410"]


async def test_a_delivery_is_given_up_after_the_last_attempt_of_the_table(alerts, webhook, clock):
    # Longer than the whole table: the alert is neither repeated nor over meanwhile.
    await desk(alerts, webhook, window_seconds=31_536_000, repeat_interval_seconds=31_536_000)
    webhook.faults += [Fault(500)] * 10

    await alerts.signals(impact())
    for number in range(1, 10):
        await delivery_in(alerts, "pending", n_attempts=number)
        clock.advance(27 * 3_600)
    delivery = await delivery_in(alerts, "failed")

    (receiver,) = (await alerts.get("/receivers"))["data"]
    assert delivery["n_attempts"] == 10
    assert not receiver["enabled"]


async def test_a_redelivery_keeps_webhook_id_and_body(alerts, webhook):
    await desk(alerts, webhook)
    await alerts.signals(impact())
    delivery = await delivery_in(alerts, "delivered")

    await alerts.request("POST", f"/deliveries/{delivery['delivery_id']}:redeliver", 202)
    first, second = await webhook.wait_for(2)

    assert (first.webhook_id, first.data) == (second.webhook_id, second.data)
    await delivery_in(alerts, "delivered", n_attempts=2)
    assert [each["number"] for each in await attempts(alerts, delivery)] == [1, 2]


async def test_a_slow_receiver_does_not_hold_up_another(alerts, webhook):
    await desk(alerts, webhook)
    await alerts.receiver(name="log", kind="log")
    await alerts.rule(name="also logged", receivers=["log"])
    webhook.faults.append(Fault(204, delay_seconds=1.0))

    await alerts.signals(impact())
    logged = await delivery_in(alerts, "delivered")

    assert logged["receiver_name"] == "log"


async def test_during_rotation_webhooks_carry_two_signatures(alerts, webhook, clock):
    created = await desk(alerts, webhook)
    rotated = await alerts.request("POST", f"/receivers/{created['receiver_id']}:rotate-secret", 200)

    await alerts.signals(impact())
    (with_old,) = await webhook.wait_for(1)
    webhook.secret = rotated["secret"]
    await alerts.signals(impact(ticker="AAPL"))
    with_new = (await webhook.wait_for(2))[1]
    clock.advance(25 * 3_600)
    await alerts.signals(impact(ticker="MSFT"))
    later = (await webhook.wait_for(3))[2]

    assert (with_old.is_verified, with_old.n_signatures) == (True, 2)
    assert (with_new.is_verified, with_new.n_signatures) == (True, 2)
    assert later.n_signatures == 1


async def test_a_test_message_arrives(alerts, webhook):
    created = await desk(alerts, webhook)

    await alerts.request("POST", f"/receivers/{created['receiver_id']}:test", 202)

    (arrival,) = await webhook.wait_for(1)
    assert (arrival.type, arrival.is_verified) == ("receiver.test", True)


async def test_a_very_large_alert_is_truncated_with_a_count(alerts, webhook):
    await desk(alerts, webhook, group_by=[])

    await alerts.signals(*(impact(ticker=f"T{number}", context={"title": "x" * 500}) for number in range(60)))

    (arrival,) = await webhook.wait_for(1)
    assert arrival.n_bytes < 20_000
    assert arrival.data["n_impacts"] == 60
    assert len(arrival.data["impacts"]) + arrival.data["truncated_impacts"] == 60


async def test_private_addresses_are_refused_unless_allowed(start_service):
    async with running(start_service, allow_private_addresses=False) as alerts:
        body = {"name": "inside", "kind": "webhook", "url": "http://127.0.0.1:9/"}

        problem = await alerts.request("POST", "/receivers", 409, json=body)

    assert problem["code"] == "forbidden_address"


async def test_a_delivery_that_a_dead_process_had_claimed_is_sent_after_its_lease(alerts, webhook, clock):
    await desk(alerts, webhook)
    await alerts.runtime.stop_workers()
    await alerts.signals(impact())

    async def die(_):
        raise asyncio.CancelledError("killed in the middle")

    await deliver_due(alerts.dispatcher(webhook=ScriptedWebhooks(die)))
    survivor = alerts.dispatcher()
    sent_during_lease = await deliver_due(survivor)
    clock.advance(alerts.runtime.settings_as(Settings).delivery_lease_seconds + 1)
    sent_after = await deliver_due(survivor)

    assert (sent_during_lease, sent_after) == (0, 1)
    assert len(webhook.arrivals) == 1


async def test_two_dispatchers_never_send_the_same_delivery(alerts, webhook):
    await desk(alerts, webhook)
    await alerts.runtime.stop_workers()
    await alerts.signals(*(impact(ticker=f"T{number}") for number in range(40)))

    sent = await asyncio.gather(*(deliver_due(alerts.dispatcher()) for _ in range(3)))

    assert sum(sent) == len(webhook.arrivals) == len(webhook.taken()) == 40


async def test_no_secret_is_ever_read_back(alerts, webhook):
    created = await desk(alerts, webhook)

    read = [await alerts.get(path) for path in ("/receivers", f"/receivers/{created['receiver_id']}", "/deliveries")]

    assert created["secret"].startswith("whsec_")
    assert "whsec_" not in json.dumps(read)


async def test_an_unknown_delivery_is_not_found(alerts):
    await alerts.request("GET", f"/deliveries/{uuid7()}", 404)
    await alerts.request("POST", f"/deliveries/{uuid7()}:redeliver", 404)


async def test_finished_deliveries_are_forgotten_after_their_retention_and_pending_ones_stay(alerts, webhook, clock):
    await desk(alerts, webhook)
    await alerts.signals(impact())
    await webhook.wait_for(1)
    done = await delivery_in(alerts, "delivered")
    assert await prune_deliveries(alerts.engine) == 0

    clock.advance(alerts.engine.settings.delivery_retention_days * 86_400 + 1)
    assert await prune_deliveries(alerts.engine) == 1

    assert done not in (await alerts.get("/deliveries"))["data"]
    assert len((await alerts.get("/alerts"))["data"]) == 1


async def change_address(alerts: AlertsUnderTest, receiver, url: str) -> None:
    body = {"name": "desk", "kind": "webhook", "url": url}
    await alerts.request("PUT", f"/receivers/{receiver['receiver_id']}", 200, json=body)


async def test_a_receiver_is_not_switched_off_for_what_its_former_address_answers(alerts, webhook):
    created = await desk(alerts, webhook)
    webhook.faults.append(Fault(410, delay_seconds=0.5))
    await alerts.signals(impact())
    await webhook.wait_for(1)

    await change_address(alerts, created, f"{webhook.url}/new")
    delivery = await delivery_in(alerts, "delivered", n_attempts=2)

    (receiver,) = (await alerts.get("/receivers"))["data"]
    assert (receiver["enabled"], receiver["disabled_reason"]) == (True, None)
    assert [arrival.path for arrival in webhook.arrivals] == ["/hooks", "/hooks/new"]
    assert [each["outcome"] for each in await attempts(alerts, delivery)] == ["gone", "delivered"]


async def test_a_receiver_gets_no_rest_that_its_former_address_asked_for(alerts, webhook):
    created = await desk(alerts, webhook)
    webhook.faults.append(Fault(429, {"Retry-After": "86400"}, delay_seconds=0.5))
    await alerts.signals(impact())
    await webhook.wait_for(1)

    await change_address(alerts, created, f"{webhook.url}/new")

    await webhook.wait_for(2)
    await delivery_in(alerts, "delivered", n_attempts=2)
    assert (await alerts.get("/receivers"))["data"][0]["throttled_until"] is None


async def test_what_is_left_of_a_batch_goes_to_the_new_address(start_service, webhook):
    async with running(start_service, delivery_concurrency=1) as alerts:
        created = await desk(alerts, webhook, group_by=["ticker"])
        webhook.faults.append(Fault(204, delay_seconds=0.5))
        await alerts.signals(*(impact(ticker=f"T{number}") for number in range(4)))
        await webhook.wait_for(1)

        await change_address(alerts, created, f"{webhook.url}/new")
        await webhook.wait_for(4)

    assert [arrival.path for arrival in webhook.arrivals] == ["/hooks", *["/hooks/new"] * 3]


async def test_a_receiver_that_was_deleted_during_an_attempt_is_sent_nothing_more(start_service, webhook):
    async with running(start_service, delivery_concurrency=1) as alerts:
        await alerts.runtime.stop_workers()
        created = await alerts.receiver(url=webhook.url)
        for _ in range(3):
            await alerts.request("POST", f"/receivers/{created['receiver_id']}:test", 202)
        webhook.faults.append(Fault(500, delay_seconds=0.5))
        dispatcher = alerts.dispatcher()
        under_way = asyncio.create_task(deliver_due(dispatcher))
        await webhook.wait_for(1)

        await alerts.request("DELETE", f"/receivers/{created['receiver_id']}", 204)
        await under_way
        deliveries = (await alerts.get("/deliveries"))["data"]

    assert len(webhook.arrivals) == 1
    assert {(each["state"], each["last_error"]) for each in deliveries} == {("failed", "the receiver was deleted")}
