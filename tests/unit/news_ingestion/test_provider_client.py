"""A request to a provider has a time of its own, and its redirects have no more."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from news_ingestion.providers.provider_client import ProviderClient, RequestRecord
from news_ingestion.providers.provider_errors import ProviderError
from tests.emulators.dripping import dripping


def provider_client(client: httpx.AsyncClient, *, timeout_seconds: float) -> ProviderClient:
    return ProviderClient(client, max_bytes=100_000, max_redirects=50, per_host=2, timeout_seconds=timeout_seconds)


@pytest.mark.parametrize(
    "drip",
    [
        b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>" + b" " * 995,
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100,
    ],
    ids=["head", "body", "interim answers"],
)
async def test_a_feed_that_comes_a_byte_now_and_then_is_left(drip: bytes) -> None:
    ledger: list[RequestRecord] = []
    async with dripping(drip) as address, httpx.AsyncClient(timeout=10.0) as client:
        with pytest.raises(ProviderError) as caught:
            await provider_client(client, timeout_seconds=0.3).get(address, {}, ledger)

    assert (caught.value.problem, caught.value.code) == ("unavailable", "timeout")
    assert [record.error for record in ledger] == ["timeout"]


_CODED = gzip.compress(b"<rss>" + b"news " * 2_000)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"Content-Length: 1000\r\n\r\n<rss>", "RemoteProtocolError"),
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n", "RemoteProtocolError"),
        (b"Transfer-Encoding: chunked\r\n\r\nff\r\n<rss>", "RemoteProtocolError"),
        (b"Content-Encoding: gzip\r\nContent-Length: 40\r\n\r\n" + _CODED[:40], "incomplete"),
        (b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + _CODED[:-1], "incomplete"),
    ],
    ids=["length", "no last chunk", "half a chunk", "half a gzip", "no end of the gzip"],
)
async def test_an_answer_that_was_cut_is_a_failed_request(answer: bytes, code: str) -> None:
    ledger: list[RequestRecord] = []
    async with (
        dripping(b"HTTP/1.1 200 OK\r\n" + answer, at_once=65_536) as address,
        httpx.AsyncClient(timeout=10.0) as client,
    ):
        with pytest.raises(ProviderError) as caught:
            await provider_client(client, timeout_seconds=5.0).get(address, {}, ledger)

    assert (caught.value.problem, caught.value.code) == ("unavailable", code)
    assert [record.error for record in ledger] == [code]


async def nothing() -> AsyncIterator[bytes]:
    """A body that is still to be read, as one from a socket is."""
    yield b""


async def test_redirects_have_no_time_of_their_own() -> None:
    async def redirect(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.1)
        return httpx.Response(302, headers={"Location": "/again"}, content=nothing())

    ledger: list[RequestRecord] = []
    async with httpx.AsyncClient(transport=httpx.MockTransport(redirect)) as client:
        with pytest.raises(ProviderError) as caught:
            await provider_client(client, timeout_seconds=0.35).get("http://feeds.test/", {}, ledger)

    assert caught.value.code == "timeout"
    assert 1 < len(ledger) <= 4


@pytest.mark.parametrize(
    ("location", "is_other"),
    [
        ("http://other.test/", True),
        ("https://feeds.test/", True),
        ("http://feeds.test:8080/", True),
        ("//other.test/", True),
        ("http://feeds.test/again", False),
        ("/again", False),
    ],
)
@pytest.mark.parametrize("name", ["X-Finnhub-Token", "Authorization", "x-api-key", "Cookie", "Apikey", "X-Client"])
async def test_no_header_of_a_provider_that_may_be_a_key_goes_to_another_origin(
    location: str, name: str, *, is_other: bool
) -> None:
    asked: list[httpx.Request] = []

    async def redirect(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        status = 302 if len(asked) == 1 else 200
        return httpx.Response(status, headers={"Location": location}, content=nothing())

    async with httpx.AsyncClient(transport=httpx.MockTransport(redirect)) as client:
        headers = {name: "a-key", "Accept": "text/xml", "If-None-Match": '"tag"'}
        await provider_client(client, timeout_seconds=5.0).get("http://feeds.test/", headers, [])

    assert [request.headers.get(name) for request in asked] == ["a-key", None if is_other else "a-key"]
    assert asked[1].headers["accept"] == "text/xml"
    assert asked[1].headers["if-none-match"] == '"tag"'
