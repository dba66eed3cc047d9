"""The address guard: what may be reached, and that the connection goes to what was checked."""

import asyncio
import ipaddress
from contextlib import asynccontextmanager

import httpx
import pytest

from common.errors import Conflict
from common.outgoing.address_guard import AddressGuard, ForbiddenAddress, guarded_client, refusal

PUBLIC = "93.184.215.14"


def names(**addresses: str):
    """Return a resolver that knows these names, dots written as underscores, and how often each was asked for."""
    asked: list[str] = []

    async def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return addresses[host.replace(".", "_")].split(",")

    resolver.asked = asked
    return resolver


@asynccontextmanager
async def server(answer: bytes):
    """Serve one fixed answer on loopback and record the requests' heads."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1], heads
    finally:
        listening.close()
        await listening.wait_closed()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::",
        "::1",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_an_address_that_is_not_public_is_refused(address):
    assert refusal(ipaddress.ip_address(address), allow_private=False)


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_a_public_address_is_allowed(address):
    assert refusal(ipaddress.ip_address(address), allow_private=False) is None


def test_private_addresses_can_be_allowed_but_multicast_cannot():
    assert refusal(ipaddress.ip_address("127.0.0.1"), allow_private=True) is None
    assert refusal(ipaddress.ip_address("224.0.0.1"), allow_private=True)


@pytest.mark.parametrize(
    "url", ["ftp://example.com/x", "file:///etc/passwd", "http:///x", "not a url", "//example.com", "http://[::1"]
)
async def test_a_url_that_is_not_http_is_forbidden(url):
    guard = AddressGuard(resolver=names(example_com=PUBLIC))

    with pytest.raises(ForbiddenAddress):
        await guard.check(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "2130706433", "0x7f.1", "localhost"])
async def test_loopback_is_forbidden_in_every_spelling(host):
    with pytest.raises(ForbiddenAddress):
        await AddressGuard().check(f"http://{host}:8080/")


async def test_a_public_name_is_pinned_to_its_addresses():
    guard = AddressGuard(resolver=names(hooks_example_com=f"2606:4700::1111,{PUBLIC}"))

    pinned = await guard.check("https://hooks.example.com/x")

    assert pinned.port == 443
    assert [str(address) for address in pinned.addresses] == ["2606:4700::1111", PUBLIC]


async def test_one_private_address_among_public_ones_forbids_the_name():
    guard = AddressGuard(resolver=names(rebind_example_com=f"{PUBLIC},10.0.0.1"))

    with pytest.raises(ForbiddenAddress, match=r"10\.0\.0\.1"):
        await guard.check("http://rebind.example.com/")


async def test_the_client_connects_to_the_pinned_address_and_sends_the_name():
    resolver = names(hooks_example_com="127.0.0.1")

    async with (
        server(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n") as (port, heads),
        guarded_client(AddressGuard(allow_private=True, resolver=resolver), timeout_seconds=5.0) as client,
    ):
        response = await client.get(f"http://hooks.example.com:{port}/x")

    assert response.status_code == 204
    assert f"Host: hooks.example.com:{port}".encode() in heads[0]
    assert resolver.asked == ["hooks.example.com"]


async def test_the_client_raises_for_a_forbidden_name_without_connecting():
    async with (
        server(b"") as (port, heads),
        guarded_client(AddressGuard(resolver=names(inside_example_com="127.0.0.1")), timeout_seconds=5.0) as client,
    ):
        with pytest.raises(ForbiddenAddress):
            await client.get(f"http://inside.example.com:{port}/")

    assert heads == []


async def test_a_redirect_passes_the_guard_again():
    answers = {"first.example.com": ["127.0.0.1"], "inside.example.com": ["10.0.0.1"]}

    class FirstHostIsTrusted(AddressGuard):
        async def pin(self, host, port):
            self.allow_private = host == "first.example.com"
            return await super().pin(host, port)

    async def resolver(host: str, port: int) -> list[str]:
        return answers[host]

    redirect = b"HTTP/1.1 302 Found\r\nLocation: http://inside.example.com/\r\nContent-Length: 0\r\n\r\n"
    async with (
        server(redirect) as (port, _),
        guarded_client(FirstHostIsTrusted(resolver=resolver), timeout_seconds=5.0, follow_redirects=True) as client,
    ):
        with pytest.raises(ForbiddenAddress, match="inside"):
            await client.get(f"http://first.example.com:{port}/")


async def test_an_unknown_name_is_a_connection_error():
    async def resolver(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    async with guarded_client(AddressGuard(resolver=resolver), timeout_seconds=5.0) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://nowhere.example.com/")


async def test_the_next_address_is_tried_when_the_first_refuses():
    async with server(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n") as (port, _):
        # Nothing listens on 127.0.0.2 at this port.
        guard = AddressGuard(allow_private=True, resolver=names(two_example_com="127.0.0.2,127.0.0.1"))
        async with guarded_client(guard, timeout_seconds=5.0) as client:
            response = await client.get(f"http://two.example.com:{port}/")

    assert response.status_code == 204


@pytest.mark.parametrize(
    "url", ["http://xn--a/", "http://[fe80::1%25eth0]/", "http://a:99999/", f"http://{'a' * 64}.com/", "http://a\\@b/"]
)
async def test_what_is_no_address_is_forbidden_and_never_looked_up(url):
    resolver = names()

    with pytest.raises(ForbiddenAddress):
        await AddressGuard(resolver=resolver).check(url)

    assert resolver.asked == []


@pytest.mark.parametrize("url", ["http://inside.example.com/", "http://xn--a/", "ftp://example.com/"])
async def test_what_a_user_sets_is_refused_as_a_conflict(url):
    with pytest.raises(Conflict) as refused:
        await AddressGuard(resolver=names(inside_example_com="10.0.0.1")).require(url)

    assert refused.value.code == "forbidden_address"


async def test_a_name_that_is_not_known_yet_may_be_set():
    async def resolver(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    await AddressGuard(resolver=resolver).require("http://later.example.com/")


async def test_every_answer_of_dns_is_checked_and_few_are_tried():
    many = ",".join(f"93.184.{number // 250}.{number % 250 + 1}" for number in range(1_000))

    pinned = await AddressGuard(resolver=names(many_example_com=many)).check("http://many.example.com/")
    assert len(pinned.addresses) == 8
    with pytest.raises(ForbiddenAddress):
        await AddressGuard(resolver=names(many_example_com=f"{many},10.0.0.1")).check("http://many.example.com/")


async def test_cookies_of_strangers_are_not_kept():
    answer = b"HTTP/1.1 204 No Content\r\nSet-Cookie: a=b; expires=x\r\nConnection: close\r\n\r\n"
    guard = AddressGuard(allow_private=True, resolver=names(hooks_example_com="127.0.0.1"))

    async with server(answer) as (port, heads), guarded_client(guard, timeout_seconds=5.0) as client:
        for _ in range(2):
            await client.get(f"http://hooks.example.com:{port}/")

    assert not any(b"cookie" in head.lower() for head in heads)
    assert len(client.cookies.jar) == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:9;SECRET/", "https://SECRET", "ftp://a/SECRET", "SECRET"])
async def test_an_address_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(ForbiddenAddress) as refused:
        await AddressGuard(allow_private=False).check(url + "\\")

    assert "SECRET" not in str(refused.value)


async def test_silent_hosts_take_no_connection_from_a_healthy_one():
    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(stay_silent, "127.0.0.1", 0, backlog=512)
    silent_port = silent.sockets[0].getsockname()[1]
    async with (
        silent,
        server(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n") as (port, _heads),
        guarded_client(AddressGuard(allow_private=True), timeout_seconds=20.0) as client,
    ):
        # 14 receivers with 8 requests each.
        waiting = [asyncio.create_task(client.get(f"http://127.0.0.1:{silent_port}/")) for _ in range(112)]
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            response = await client.get(f"http://127.0.0.1:{port}/")
        all_wait = not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    assert response.status_code == 204
    assert all_wait
