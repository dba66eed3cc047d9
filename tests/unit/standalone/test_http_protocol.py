"""A server within limits: whatever bytes come, a problem body or silence, and an end."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from standalone.system.http_protocol import MAX_HEADERS, MAX_TARGET_BYTES, RequestLimits
from tests.raw_http import ask, connected, request, served

LIMITS = RequestLimits(max_header_bytes=16 * 1024, receive_seconds=20.0, max_connections=50)
IMPATIENT = RequestLimits(max_header_bytes=16 * 1024, receive_seconds=0.3, max_connections=50)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with what it was asked; `/endless` with more than anybody reads."""
    asked = Request(scope, receive)
    if scope["path"] == "/endless":
        await StreamingResponse(_endless())(scope, receive, send)
        return
    try:
        body = await asked.body()
    except ClientDisconnect:
        return
    await JSONResponse({"path": scope["path"], "bytes": len(body)})(scope, receive, send)


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 65_536
        await asyncio.sleep(0)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with served(echo, LIMITS) as port:
        yield port


@pytest.fixture
async def impatient_port() -> AsyncIterator[int]:
    async with served(echo, IMPATIENT) as port:
        yield port


HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "parts",
    [
        [HEAD + b"X: " + b"a" * LIMITS.max_header_bytes + b"\r\n\r\n"],
        [HEAD + b"X: a\r\n" * (MAX_HEADERS + 1) + b"\r\n"],
        [HEAD + b"X" * LIMITS.max_header_bytes + b": a\r\n\r\n"],
        [HEAD, *[b"X: " + b"a" * 1_000 + b"\r\n"] * 50],
        # A header that never ends: the parser keeps it to itself.
        [HEAD + b"X: ", *[b"a" * 1_000] * 200],
        # Neither head nor body: what comes with the length of a chunk, and after the last one.
        [CHUNKED, b"1;extension=", *[b"a" * 1_000] * 200],
        [CHUNKED, b"0\r\n", *[b"Trailer: " + b"a" * 1_000 + b"\r\n"] * 200],
        [CHUNKED, b"0\r\nTrailer: ", *[b"a" * 1_000] * 200],
    ],
    ids=["value", "number", "name", "together", "endless value", "extension", "trailers", "endless trailer"],
)
async def test_more_headers_than_it_takes_are_refused(port: int, parts: list[bytes]) -> None:
    answer = await ask(port, *parts)

    assert answer is not None
    assert answer.status == 431
    assert answer.problem()["code"] == "headers_too_large"
    assert answer.headers["connection"] == "close"


async def test_a_longer_address_than_it_takes_is_refused(port: int) -> None:
    for parts in ([request(target="/" + "a" * MAX_TARGET_BYTES)], [b"GET /", *[b"a" * 1_000] * 100]):
        answer = await ask(port, *parts)

        assert answer is not None
        assert answer.status == 414
        assert answer.problem()["code"] == "uri_too_long"


async def test_what_is_within_the_limits_is_served_however_it_is_cut(port: int) -> None:
    large_head = request(target="/a", headers=["X: " + "a" * (LIMITS.max_header_bytes - 200)])
    many_headers = request(target="/b", headers=["X: a"] * (MAX_HEADERS - 1))
    one_byte_chunks = CHUNKED + b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n"
    large_body = request("POST", "/d", body=b"x" * 1_000_000)
    async with connected(port) as connection:
        for asked, n_bytes in ((large_head, 0), (many_headers, 0), (one_byte_chunks, 20_000), (large_body, 10**6)):
            for size in (len(asked), 7_777):
                await connection.send(*(asked[start : start + size] for start in range(0, len(asked), size)))
                answer = await connection.answer()

                assert answer is not None
                assert answer.status == 200
                assert f'"bytes":{n_bytes}'.encode() in answer.body


async def test_requests_sent_at_once_are_all_answered(port: int) -> None:
    async with connected(port) as connection:
        await connection.send(b"".join(request(target=f"/{number}") for number in range(50)))

        for number in range(50):
            answer = await connection.answer()
            assert answer is not None
            assert f'"path":"/{number}"'.encode() in answer.body


async def test_a_refused_request_takes_no_answer_from_the_ones_before_it(port: int) -> None:
    async with connected(port) as connection:
        await connection.send(request(target="/first") + b"nonsense\r\n\r\n")

        first = await connection.answer()
        assert first is not None
        assert b"/first" in first.body
        assert await connection.is_closed()


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"OPTIONS * HTTP/1.1", 200),
        (b"OPTIONS http://localhost HTTP/1.1", 200),
        (b"GET http://localhost/a?b HTTP/1.1", 200),
        (b"GET http://localhost HTTP/1.1", 200),
        (b"GET //a//b HTTP/1.1", 200),
        (b"GET /%00%ff%zz HTTP/1.1", 200),
        (b"GET /a#b HTTP/1.1", 200),
        (b"TRACE / HTTP/1.1", 200),
        (b"CONNECT localhost:443 HTTP/1.1", 400),
        (b"CONNECT / HTTP/1.1", 200),
        (b"GET a/b HTTP/1.1", 400),
        (b"GET ?a HTTP/1.1", 400),
        (b"GET /\xff HTTP/1.1", 400),
        (b"GET /a b HTTP/1.1", 400),
        (b"NONSENSE / HTTP/1.1", 400),
        (b"GET / HTTP/7.0", 400),
        (b"PRI * HTTP/2.0", 400),
        (b"\x16\x03\x01\x02\x00", 400),
    ],
)
async def test_every_request_line_is_answered(port: int, line: bytes, status: int) -> None:
    answer = await ask(port, line + b"\r\nHost: localhost\r\n\r\n")

    assert answer is not None
    assert answer.status == status
    if status >= 400:
        assert answer.problem()["code"] == "malformed_request"


@pytest.mark.parametrize(
    "headers",
    [
        b"",
        b"Host:\r\n",
        b"Host: a\r\nHost: a\r\n",
        b"Host: [::1\r\n",
        b"Host: a b\r\n",
        b"Host: a:b\r\n",
        b"Host: a/b\r\n",
        b"Host: \xff\r\n",
        b"Host: a@b\r\n",
    ],
)
async def test_a_request_names_one_host(port: int, headers: bytes) -> None:
    answer = await ask(port, b"GET / HTTP/1.1\r\n" + headers + b"\r\n")

    assert answer is not None
    assert answer.status == 400
    answer.problem()


@pytest.mark.parametrize("host", [b"localhost", b"a_b.example:8000", b"127.0.0.1:1", b"[::1]", b"[::1]:8000"])
async def test_every_right_host_is_served(port: int, host: bytes) -> None:
    answer = await ask(port, b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")

    assert answer is not None
    assert answer.status == 200


@pytest.mark.parametrize(
    "begun",
    [
        HEAD + b"X: a",
        b"G",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345",
        CHUNKED + b"5\r\n12",
    ],
)
async def test_a_request_that_does_not_end_is_given_up(impatient_port: int, begun: bytes) -> None:
    answer = await ask(impatient_port, begun)

    assert answer is not None
    assert answer.status == 408
    assert answer.problem()["code"] == "request_timeout"


async def test_a_byte_now_and_then_buys_no_time(impatient_port: int) -> None:
    async with connected(impatient_port) as connection:
        answering = asyncio.create_task(connection.answer())
        await connection.send(HEAD)
        while not answering.done():
            await connection.send(b"X")
            await asyncio.sleep(0.05)

        answer = await answering
        assert answer is not None
        assert answer.status == 408


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"\r\n\r\n"])
async def test_a_connection_without_a_request_is_closed(impatient_port: int, sent: bytes) -> None:
    async with connected(impatient_port) as connection:
        await connection.send(sent)

        assert await connection.is_closed()


async def test_a_long_answer_that_is_read_has_its_time(impatient_port: int) -> None:
    ends = asyncio.get_running_loop().time() + 4 * IMPATIENT.receive_seconds
    async with connected(impatient_port) as connection:
        await connection.send(request(target="/endless"))

        while asyncio.get_running_loop().time() < ends:
            assert await connection.read()


async def test_a_caller_who_reads_nothing_is_left(impatient_port: int) -> None:
    async with connected(impatient_port) as connection:
        connection.stop_reading()
        await connection.send(request(target="/endless"))

        # What is sent to a closed connection comes back as an error.
        async with asyncio.timeout(20):
            while await connection.send(b"x"):
                await asyncio.sleep(0.05)


async def test_a_connection_too_many_is_told_when_to_come_back() -> None:
    limits = RequestLimits(max_header_bytes=16 * 1024, receive_seconds=20.0, max_connections=2)
    async with served(echo, limits) as port:
        async with connected(port) as first, connected(port) as second:
            for connection in (first, second):
                await connection.send(request())
                answer = await connection.answer()
                assert answer is not None
                assert answer.status == 200
            refused = await ask(port, request())
        assert refused is not None
        assert refused.status == 503
        assert refused.problem()["code"] == "too_many_connections"
        assert refused.headers["retry-after"] == "1"

        async with asyncio.timeout(10):
            while (again := await ask(port, request())) is None or again.status != 200:
                await asyncio.sleep(0.02)


WORDS = [
    "GET ",
    "POST ",
    "/ ",
    "* ",
    "http://",
    "HTTP/1.1\r\n",
    "\r\n",
    "\x00",
    "\xff",
    ":",
    " ",
    "abc",
    "[",
    "0\r\n\r\n",
]
LINES = ["Host: a", "Host: [", "Content-Length: 3", "Content-Length: 9999999999999", "Transfer-Encoding: chunked"]
LINES += ["Expect: 100-continue", "Connection: upgrade", "Upgrade: h2c"]
FRAGMENTS = st.sampled_from([text.encode("latin-1") for text in [*WORDS, *(f"{line}\r\n" for line in LINES)]])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.lists(FRAGMENTS | st.binary(max_size=5), max_size=15))
def test_no_bytes_make_it_fail(sent: list[bytes]) -> None:
    async def statuses() -> list[int]:
        found = []
        async with served(echo, IMPATIENT) as port, connected(port) as connection:
            await connection.send(b"".join(sent))
            while (answer := await connection.answer()) is not None:
                found.append(answer.status)
                if answer.headers.get("connection") == "close" or len(found) > 20:
                    break
        return found

    assert all(status < 500 for status in asyncio.run(statuses()))
