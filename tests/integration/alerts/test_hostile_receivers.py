"""Receivers that answer with anything: each attempt is on record once, and the next one is due later."""

import asyncio
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from alerts.lifecycle.notifier import flush_due
from tests.builders.impacts import impact
from tests.integration.alerts.conftest import ScriptedWebhooks, deliver_due
from tests.integration.alerts.test_deliveries import attempts, delivery_in

FAR = b"Mon, 02 Mar 99999999999999999999 13:00:00 GMT"
ANSWERS = {
    "retry-after that no calendar holds": b"HTTP/1.1 503 x\r\nRetry-After: " + FAR + b"\r\nContent-Length: 0\r\n\r\n",
    "retry-after of 5,000 digits": b"HTTP/1.1 429 x\r\nRetry-After: " + b"9" * 5_000 + b"\r\nContent-Length: 0\r\n\r\n",
    "retry-after that is no number": b"HTTP/1.1 429 x\r\nRetry-After: nan\r\nContent-Length: 0\r\n\r\n",
    "redirect to punycode": b"HTTP/1.1 302 x\r\nLocation: http://xn--a/\r\nContent-Length: 0\r\n\r\n",
    "redirect to a port out of range": b"HTTP/1.1 302 x\r\nLocation: http://a:99999/\r\nContent-Length: 0\r\n\r\n",
    "redirect beyond latin-1": b"HTTP/1.1 302 x\r\nLocation: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
    "status beyond the known": b"HTTP/1.1 599 x\r\nContent-Length: 0\r\n\r\n",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "nothing": b"",
    "header without end": b"HTTP/1.1 200 x\r\nX: " + b"a" * 300_000,
    "length that is no number": b"HTTP/1.1 500 x\r\nContent-Length: many\r\n\r\n",
    "cookies": b"HTTP/1.1 500 x\r\nSet-Cookie: \xff; expires=\xfe\r\nContent-Length: 0\r\n\r\n",
    "switched protocols": b"HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
}


@asynccontextmanager
async def answering(answer: bytes):
    """Serve one fixed answer on loopback."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        try:
            await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    finally:
        listening.close()


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_a_failed_attempt_is_on_record_once_and_the_next_is_due_later(alerts, clock, answer):
    async with answering(answer) as url:
        await alerts.receiver(url=url)
        await alerts.rule(receivers=["desk"])

        await alerts.signals(impact())
        delivery = await delivery_in(alerts, "pending", n_attempts=1)
        await deliver_due(alerts.engine.dispatcher)

    (attempt,) = await attempts(alerts, delivery)
    assert attempt["outcome"] in {"retry", "throttled"}
    assert attempt["error"]
    assert datetime.fromisoformat(delivery["next_attempt_at"]) > clock.now()


async def test_whatever_a_sender_raises_is_on_record_and_the_other_receivers_are_served(alerts, webhook, clock):
    await alerts.receiver(url="http://127.0.0.1:9/odd", name="odd")
    created = await alerts.receiver(url=webhook.url)
    webhook.secret = created["secret"]
    await alerts.rule(receivers=["odd", "desk"])
    await alerts.runtime.stop_workers()
    sound = alerts.engine.channels["webhook"]

    async def surprise(message):
        if message.receiver_name == "odd":
            raise ZeroDivisionError("a \0 surprise \ud800")
        return await sound.send(message)

    await alerts.signals(impact())
    await flush_due(alerts.engine)
    sent = await deliver_due(alerts.dispatcher(webhook=ScriptedWebhooks(surprise)))

    found = {each["receiver_name"]: each for each in (await alerts.get("/deliveries"))["data"]}
    assert (sent, found["desk"]["state"], found["odd"]["state"]) == (2, "delivered", "pending")
    assert found["odd"]["last_error"] == "ZeroDivisionError: a surprise"
    assert datetime.fromisoformat(found["odd"]["next_attempt_at"]) > clock.now()
    assert [each["number"] for each in await attempts(alerts, found["odd"])] == [1]


@pytest.mark.parametrize(
    "url", ["http://xn--a/", f"http://{'a' * 64}.com/", "http://a:99999/", "http://[fe80::1%25eth0]/"]
)
async def test_a_receiver_at_no_address_is_refused(alerts, url):
    problem = await alerts.request("POST", "/receivers", 409, json={"name": "odd", "kind": "webhook", "url": url})

    assert problem["code"] == "forbidden_address"
