"""Receivers that a newer release has stored: they are shown, left alone, and sent to by a process that can."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from alerts.lifecycle.notifier import flush_due
from tests.builders.impacts import impact
from tests.emulators.webhook_receiver import WebhookReceiver
from tests.integration.alerts.conftest import AlertsUnderTest, SettableClock, deliver_due
from tests.integration.alerts.test_channels import PagerChannel

STORED = {
    "other fields": ("newer", None, {"number": 7}),
    "an address": ("newer", "https://desk.example/letmein", {}),
    "an address that is no secret": ("newer", None, {"url": {"host": "desk.example"}}),
    "an odd name": ("ne'wer\n" + "x" * 200, None, {}),
}


@pytest.fixture
async def desk(alerts: AlertsUnderTest) -> str:
    """Return the path of a receiver, beside one of a kind that there is."""
    await alerts.runtime.stop_workers()
    await alerts.receiver(name="log", kind="log")
    created = await alerts.receiver(url="http://127.0.0.1:9/x")
    return f"/receivers/{created['receiver_id']}"


async def store(
    alerts: AlertsUnderTest, kind: str, url: str | None = None, config: dict[str, Any] | None = None
) -> None:
    statement = "UPDATE receiver SET kind = :kind, url = :url, config = CAST(:config AS jsonb) WHERE name = 'desk'"
    async with alerts.service.database.transaction() as connection:
        values = {"kind": kind, "url": url, "config": json.dumps(config or {})}
        await connection.execute(text(statement), values)


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
async def test_a_receiver_of_another_kind_is_shown_as_such(alerts: AlertsUnderTest, desk: str, stored: Any) -> None:
    await store(alerts, *stored)
    kind, _, config = stored

    one, listed = await alerts.get(desk), (await alerts.get("/receivers"))["data"]

    assert (one["kind"], one["name"], one["is_supported"], one["config"]) == (kind, "desk", False, config)
    assert one["url"] is None
    assert [(each["name"], each["is_supported"]) for each in listed] == [("desk", False), ("log", True)]


@pytest.mark.parametrize("config", [{}, {"url": 7}, {"url": None}, {"added": ["later"]}])
async def test_a_configuration_that_its_channel_cannot_read_hides_no_receiver(
    alerts: AlertsUnderTest, desk: str, config: dict[str, Any]
) -> None:
    await store(alerts, "webhook", None, config)

    one = await alerts.get(desk)

    assert (one["kind"], one["is_supported"]) == ("webhook", True)
    assert len((await alerts.get("/receivers"))["data"]) == 2


async def test_it_is_neither_changed_nor_sent_to(alerts: AlertsUnderTest, desk: str) -> None:
    await store(alerts, "newer")
    body = {"name": "desk", "kind": "webhook", "url": "http://127.0.0.1:9/x"}

    refused = [
        await alerts.request("PUT", desk, 409, json=body),
        await alerts.request("POST", f"{desk}:test", 409),
        await alerts.request("POST", f"{desk}:rotate-secret", 409),
    ]

    assert {problem["code"] for problem in refused} == {"kind_not_supported"}
    assert all("kind 'newer'" in problem["detail"] for problem in refused)
    assert (await alerts.get("/deliveries"))["data"] == []
    await alerts.request("DELETE", desk, 204)


async def test_its_deliveries_wait_for_a_process_that_can_send_them(
    alerts: AlertsUnderTest, desk: str, clock: SettableClock
) -> None:
    await alerts.rule(receivers=["desk", "log"])
    await store(alerts, "pager", None, {"number": "+41443210000", "code": "letmein"})
    await alerts.signals(impact())
    await flush_due(alerts.engine)

    sent = [await deliver_due(alerts.engine.dispatcher)]
    clock.advance(5 * 24 * 3_600)
    sent.append(await deliver_due(alerts.engine.dispatcher))
    before = {each["receiver_name"]: each for each in (await alerts.get("/deliveries"))["data"]}
    pager = PagerChannel()
    # At once: nobody holds a lease on what could not be sent.
    sent.append(await deliver_due(alerts.dispatcher(pager=pager)))

    assert sent == [1, 0, 1]
    assert (before["desk"]["state"], before["desk"]["n_attempts"]) == ("pending", 0)
    assert before["log"]["state"] == "delivered"
    assert [message.receiver_name for message in pager.paged] == ["desk"]
    assert {each["state"] for each in (await alerts.get("/deliveries"))["data"]} == {"delivered"}


async def test_what_waits_for_it_holds_up_no_other(
    alerts: AlertsUnderTest, desk: str, webhook: WebhookReceiver
) -> None:
    await alerts.receiver(name="other", url=webhook.url)
    await alerts.rule(receivers=["desk", "other"])
    await store(alerts, "newer")
    await alerts.signals(impact())
    await flush_due(alerts.engine)

    assert await deliver_due(alerts.engine.dispatcher) == 1
    assert len(webhook.arrivals) == 1
