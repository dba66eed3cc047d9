"""A call has an end, however little or much the other side sends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from common.outgoing.bounded_transport import BoundedTransport
from tests.emulators.dripping import dripping


class Body(httpx.AsyncByteStream):
    """A body in parts, with a pause before each, in seconds."""

    def __init__(self, parts: list[bytes], pause: float = 0.0) -> None:
        self._parts = parts
        self._pause = pause
        self.is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            await asyncio.sleep(self._pause)
            yield part

    async def aclose(self) -> None:
        self.is_closed = True


def client(
    answer: Callable[[httpx.Request], Awaitable[httpx.Response]], *, seconds: float = 10.0, max_bytes: int = 1_000
) -> httpx.AsyncClient:
    transport = BoundedTransport(httpx.MockTransport(answer), total_seconds=seconds, max_bytes=max_bytes)
    return httpx.AsyncClient(transport=transport, base_url="http://neighbour")


async def test_an_answer_within_the_limits_arrives_whole() -> None:
    async def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Body([b"a" * 500, b"b" * 500]))

    async with client(answer) as http:
        assert (await http.get("/")).content == b"a" * 500 + b"b" * 500


async def test_a_body_that_drips_ends_in_a_time_out_and_is_closed() -> None:
    body = Body([b"x"] * 100, pause=0.05)

    async def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=body)

    async with client(answer, seconds=0.2) as http:
        with pytest.raises(httpx.ReadTimeout, match=r"No complete response within 0\.2 seconds"):
            await http.get("/")

    assert body.is_closed


async def test_an_answer_that_never_begins_ends_in_a_time_out() -> None:
    async def answer(_request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        return httpx.Response(200)

    async with client(answer, seconds=0.1) as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.get("/")


async def test_a_body_without_end_is_given_up() -> None:
    body = Body([b"x" * 100] * 1_000)

    async def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=body)

    async with client(answer) as http:
        with pytest.raises(httpx.RemoteProtocolError, match="larger than 1000 bytes"):
            await http.get("/")

    assert body.is_closed


async def test_a_body_whose_size_is_hidden_is_refused() -> None:
    async def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Body([b"\x1f\x8b"]))

    async with client(answer) as http:
        with pytest.raises(httpx.RemoteProtocolError, match="gzip"):
            await http.get("/")


async def test_a_caller_that_leaves_is_not_told_of_a_time_out() -> None:
    async def answer(_request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        return httpx.Response(200)

    async with client(answer) as http:
        calling = asyncio.create_task(http.get("/"))
        await asyncio.sleep(0.01)
        calling.cancel()

        with pytest.raises(asyncio.CancelledError):
            await calling


@pytest.mark.parametrize(
    "drip",
    [
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 1_000,
        b"HTTP/1.1 102 Processing\r\n\r\n" * 100,
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"a" * 1_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 100,
    ],
    ids=["head", "interim answers", "body", "chunks"],
)
async def test_a_peer_that_sends_a_byte_now_and_then_is_left(drip: bytes) -> None:
    async with dripping(drip) as address:
        transport = BoundedTransport(httpx.AsyncHTTPTransport(), total_seconds=0.3, max_bytes=10_000)
        # Each read has ten seconds, and never needs them.
        async with httpx.AsyncClient(transport=transport, timeout=10.0) as http:
            with pytest.raises(httpx.ReadTimeout):
                await http.get(address)
