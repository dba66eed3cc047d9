"""What the real Envoy answers itself is a problem body like a service's, and says when to come back."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from common.api.problem_responses import problem_response
from standalone.system.envoy_config import envoy_bootstrap
from standalone.system.http_protocol import DEFAULT_LIMITS, RequestLimits
from standalone.system.processes import start_envoy
from tests.raw_http import WireAnswer, ask, request, served
from tests.system import free_port

LIMITS = RequestLimits(max_header_bytes=16 * 1024, receive_seconds=0.5, max_connections=100)
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PATHS = {"news": "/news/v1/articles?q=1", "nlp": "/nlp/v1/x", "impact": "/impact/v1/x", "alerts": "/alerts/v1/x"}

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def service(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers as a service does, with a failure of its own where it is asked for one."""
    if scope["path"].endswith("/unavailable"):
        answer: JSONResponse = problem_response(503, "database_unavailable", "PostgreSQL is away.", scope["path"])
    else:
        answer = JSONResponse({"path": scope["path"]})
    await answer(scope, receive, send)


async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes a request and drops the connection."""
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


async def muttering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes a request and answers what is no HTTP."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"what was that?\r\n\r\n")
    await writer.drain()
    writer.close()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes requests and never answers."""
    while await reader.read(65_536):
        pass
    writer.close()


@asynccontextmanager
async def peer(behaviour: Peer) -> AsyncIterator[int]:
    server = await asyncio.start_server(behaviour, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[int]:
    """Envoy: news answers, nobody listens for nlp, market impact drops connections, alerts never answer."""
    async with served(service, DEFAULT_LIMITS) as news, peer(resetting) as impact, peer(silent) as alerts:
        ports = {"news_ingestion": news, "nlp": free_port(), "market_impact": impact, "alerts": alerts}
        port = free_port()
        bootstrap = envoy_bootstrap(port, ports, limits=LIMITS)
        _cluster(bootstrap, "alerts")["circuit_breakers"] = {
            "thresholds": [{"max_connections": 1, "max_pending_requests": 1}]
        }
        async with _envoy(tmp_path, bootstrap, port):
            yield port


def _cluster(bootstrap: dict[str, object], name: str) -> dict[str, object]:
    (found,) = (each for each in bootstrap["static_resources"]["clusters"] if each["name"] == name)  # type: ignore[index]
    return found


@asynccontextmanager
async def _envoy(folder: Path, bootstrap: dict[str, object], port: int) -> AsyncIterator[None]:
    file = folder / "envoy.json"
    file.write_text(json.dumps(bootstrap), encoding="utf-8")
    envoy = await start_envoy(file)
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    (await asyncio.open_connection("127.0.0.1", port))[1].close()
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        yield
    finally:
        envoy.send_signal(signal.SIGKILL)
        await envoy.wait()


async def refused(port: int, *parts: bytes, status: int, code: str) -> WireAnswer:
    answer = await ask(port, *parts)
    assert answer is not None
    assert answer.status == status, answer.body
    assert answer.problem()["code"] == code
    assert answer.problem()["type"] == f"urn:mia:problem:{code}"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert ("retry-after" in answer.headers) == (status in {429, 503, 504})
    return answer


async def test_a_service_that_is_down_is_a_problem_with_a_time_to_come_back(gateway: int) -> None:
    traced = request(target=PATHS["nlp"], headers=[f"traceparent: 00-{TRACE_ID}-b7ad6b7169203331-01"])

    problem = (await refused(gateway, traced, status=503, code="unavailable")).problem()

    assert problem["instance"] == "/nlp/v1/x"
    assert problem["trace_id"] == TRACE_ID
    assert problem["errors"] == []


async def test_a_service_that_drops_the_connection_is_one_too(gateway: int) -> None:
    await refused(gateway, request(target=PATHS["impact"]), status=503, code="unavailable")


async def test_a_service_that_is_asked_too_much_is_one_too(gateway: int) -> None:
    asking = [asyncio.create_task(ask(gateway, request(target=PATHS["alerts"]))) for _ in range(5)]

    # One request is being served and one waits: the others are refused at once.
    (first, *_), _ = await asyncio.wait(asking, timeout=10, return_when=asyncio.FIRST_COMPLETED)

    answer = first.result()
    assert answer is not None
    assert answer.status == 503
    assert answer.problem()["code"] == "unavailable"
    assert answer.headers["retry-after"] == "2"
    for task in asking:
        task.cancel()


async def test_what_is_no_http_is_a_problem(tmp_path: Path) -> None:
    async with peer(muttering) as muttered:
        port = free_port()
        ports = dict.fromkeys(("news_ingestion", "nlp", "market_impact", "alerts"), muttered)
        async with _envoy(tmp_path, envoy_bootstrap(port, ports), port):
            await refused(port, request(target=PATHS["news"]), status=502, code="bad_gateway")


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        (request(target="/nowhere"), 404, "not_found"),
        (request(target='/now"here\\'), 404, "not_found"),
        (request("OPTIONS", "*"), 404, "not_found"),
        (request("CONNECT", "localhost:443"), 404, "not_found"),
        (request(target="/news/%00"), 400, "malformed_request"),
        (request(target=PATHS["news"], headers=["X: " + "a" * LIMITS.max_header_bytes]), 431, "headers_too_large"),
        (request(target=PATHS["news"], headers=["X: a"] * 150), 431, "headers_too_large"),
        (request(target="/news/" + "a" * LIMITS.max_header_bytes), 431, "headers_too_large"),
        (request(target=PATHS["news"], headers=["Upgrade: websocket", "Connection: upgrade"]), 403, "forbidden"),
        (b"nonsense\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.0\r\n\r\n", 426, "upgrade_required"),
        (b"GET /news/v1/articles HTTP/1.1\r\nHost: localhost\r\nX: a", 408, "request_timeout"),
    ],
)
async def test_what_never_reaches_a_service_is_a_problem(gateway: int, asked: bytes, status: int, code: str) -> None:
    await refused(gateway, asked, status=status, code=code)


async def test_a_body_that_does_not_come_is_a_problem(gateway: int) -> None:
    begun = request("POST", PATHS["alerts"], headers=["Content-Length: 10"]) + b"12345"

    await refused(gateway, begun, status=408, code="request_timeout")


async def test_the_answers_of_services_stay_as_they_are(gateway: int) -> None:
    served_answer = await ask(gateway, request(target=PATHS["news"]))
    failed_answer = await ask(gateway, request(target="/news/v1/unavailable"))

    assert served_answer is not None
    assert json.loads(served_answer.body) == {"path": "/news/v1/articles"}
    assert failed_answer is not None
    assert json.loads(failed_answer.body)["code"] == "database_unavailable"
