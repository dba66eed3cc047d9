"""A system that others may reach: from a start for oneself to keys, every address, and a key that is taken back."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from standalone.api_client import KeyAuth, RequestRefusedError, system_client
from standalone.replay.bar_files import import_bars
from standalone.sample.files import bars_path, headlines_path
from tests.system import StartedSystem, mia, started_system

ARTICLE = {
    "title": "Apple beats profit estimates and raises its dividend",
    "url": "https://wire.example/apple-beats",
    "published_at": "2015-01-27T21:30:00Z",
}
ONE_PROCESS = ["up", "--no-sample"]
PROCESSES = ["up-processes"]
has_ipv6 = pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="no IPv6 here")


def create_key(data: Path, name: str, *options: str) -> str:
    created = mia("keys", "create", name, *options, "--data", str(data))
    assert created.returncode == 0, created.stderr
    return created.stdout.strip().splitlines()[-1]


async def status_of(address: str, key: str | None = None, host: str | None = None) -> int:
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as http:
        headers = {**({"X-API-Key": key} if key else {}), **({"Host": host} if host else {})}
        return (await http.get("/news/v1/articles", headers=headers)).status_code


async def allowances_of_strange_addresses(address: str) -> list[int]:
    """Return what is left to callers that each claim another address."""
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as http:
        answers = [
            await http.get("/news/v1/articles", headers={"X-Forwarded-For": f"198.51.100.{n}"}) for n in range(5)
        ]
        return [int(answer.headers["RateLimit-Remaining"]) for answer in answers]


async def wait_for(seconds: float, holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0.1)


async def alert_of(address: str, key: str) -> dict[str, object]:
    """Send an article through the system with `key` and return the alert that it causes."""
    async with system_client(address, KeyAuth(SecretStr(key))) as client:
        await import_bars(client, bars_path())
        rule = {"name": "any news", "when": {"tickers": ["AAPL"]}, "group_wait_seconds": 0, "receivers": ["log"]}
        await client.request("POST", "/alerts/v1/rules", json=rule)
        posted = await client.request("POST", "/news/v1/articles", json={"articles": [ARTICLE]})
        async with asyncio.timeout(60):
            while True:
                async for alert in client.pages("/alerts/v1/alerts"):
                    if alert["lineage"]["article_id"] == posted["data"][0]["article_id"]:
                        return alert
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("command", [ONE_PROCESS, PROCESSES], ids=lambda command: command[0])
async def test_a_system_for_oneself_becomes_one_that_others_reach_with_a_key(
    tmp_path: Path, command: list[str]
) -> None:
    data = tmp_path / "data"
    with started_system(tmp_path, *command) as alone:
        open_to_me = await status_of(alone.address)
        left = await allowances_of_strange_addresses(alone.address)
        under_another_name = await status_of(alone.address, host="news.example")
        first = create_key(data, "desk", "--scope", "write")
        await wait_for(10, lambda: refuses(alone.address, None))
        with_first = await status_of(alone.address, first)
        by_name = await status_of(alone.address, first, host="news.example")
    second = create_key(data, "night desk", "--scope", "write")

    with started_system(tmp_path, *command, "--host", "0.0.0.0") as reachable:
        without = await status_of(reachable.address)
        alert = await alert_of(reachable.address, second)
        replayed = mia("replay", str(headlines_path()), "--url", reachable.address, MIA_API_KEY=second)
        revoked = mia("keys", "revoke", second.split("_")[1], "--data", str(data))
        await wait_for(10, lambda: refuses(reachable.address, second))
        with_other = await status_of(reachable.address, first)
        told = reachable.text()

    assert (open_to_me, with_first, without, with_other) == (200, 200, 401, 200)
    assert (under_another_name, by_name) == (421, 200)
    # A minute may begin in between.
    assert len(set(left)) >= 4, left
    assert alert["rule_name"] == "any news"
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert revoked.returncode == 0
    assert not [text for text in (first, second) if text in told + replayed.stdout + replayed.stderr]


async def refuses(address: str, key: str | None) -> bool:
    return await status_of(address, key) == 401


async def test_keys_that_are_revoked_or_expired_open_nothing_and_leave_nothing_open(tmp_path: Path) -> None:
    data = tmp_path / "data"
    key = create_key(data, "desk", "--scope", "admin")
    mia("keys", "revoke", key.split("_")[1], "--data", str(data))

    with started_system(tmp_path, *ONE_PROCESS, "--host", "0.0.0.0") as system:
        statuses = await status_of(system.address), await status_of(system.address, key)
        told = system.text()

    assert statuses == (401, 401)
    assert "no_valid_key" in told


async def test_the_first_run_shows_its_tables_although_keys_exist_and_a_given_secret_is_as_good(tmp_path: Path) -> None:
    create_key(tmp_path / "data", "desk")

    with started_system(tmp_path, "up") as system:
        with_keys = system.text()
    with started_system(tmp_path / "other", "up", "--host", "0.0.0.0", SERVICE_TOKEN_SECRET="s" * 40) as system:
        with_secret = system.text()
        status = await status_of(system.address)

    for text in (with_keys, with_secret):
        assert "Strongest impacts" in text
        assert "balances" in text
    assert status == 401


@pytest.mark.parametrize(
    ("host", "address"),
    [
        pytest.param("::1", "http://[::1]:", marks=has_ipv6),
        ("localhost", "http://127.0.0.1:"),
    ],
)
async def test_every_way_to_name_this_machine_is_served_and_printed_as_it_is_reached(
    tmp_path: Path, host: str, address: str
) -> None:
    with started_system(tmp_path, *ONE_PROCESS, "--host", host) as system:
        status = await status_of(system.address)

    assert system.address.startswith(address)
    assert not system.address.endswith(":0")
    assert status == 200


@has_ipv6
@pytest.mark.parametrize("command", [ONE_PROCESS, PROCESSES], ids=lambda command: command[0])
async def test_every_address_of_ipv6_includes_those_of_ipv4(tmp_path: Path, command: list[str]) -> None:
    key = create_key(tmp_path / "data", "desk")

    with started_system(tmp_path, *command, "--host", "::") as system:
        by_four = system.address.replace("[::1]", "127.0.0.1")
        statuses = [await status_of(address, key) for address in (system.address, by_four)]

    assert system.address.startswith("http://[::1]:")
    assert statuses == [200, 200]


@pytest.mark.parametrize("command", [ONE_PROCESS, PROCESSES, ["serve", "alerts"]], ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("host", "reason"),
    [("no-such-host.invalid", "no-such-host.invalid"), ("192.0.2.1", "192.0.2.1"), ("", "empty host")],
)
def test_a_host_that_is_none_of_this_machine_is_said_in_one_line(
    backing_environment: dict[str, str], tmp_path: Path, command: list[str], host: str, reason: str
) -> None:
    data = [] if command[0] == "serve" else ["--data", str(tmp_path)]

    refused = mia(*command, "--host", host, *data, **backing_environment)

    assert refused.returncode == 2
    assert reason in refused.stderr
    assert refused.stderr.count("\n") == 1, refused.stderr


@pytest.mark.parametrize("command", [ONE_PROCESS, PROCESSES], ids=lambda command: command[0])
def test_a_taken_port_is_said_in_one_line(
    backing_environment: dict[str, str], tmp_path: Path, command: list[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = mia(*command, "--port", port, "--data", str(tmp_path), **backing_environment)

    assert refused.returncode == 2
    assert f"port {port}: Address already in use" in refused.stderr
    assert refused.stderr.count("\n") == 1, refused.stderr


def test_a_key_that_is_none_is_refused_and_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("mia_12345678_seçret", encoding="utf-8")

    refused = mia("replay", str(headlines_path()), "--api-key-file", str(file))

    assert refused.returncode == 2
    assert "an API key is a single word" in refused.stderr
    assert "12345678" not in refused.stderr


async def test_a_system_that_asks_for_a_key_says_so_to_a_client_without_one(started: StartedSystem) -> None:
    async with system_client(started.address) as client:
        with pytest.raises(RequestRefusedError, match="An API key is required"):
            await client.request("GET", "/news/v1/articles")


@pytest.fixture
def started(tmp_path: Path) -> Iterator[StartedSystem]:
    create_key(tmp_path / "data", "desk")
    with started_system(tmp_path, *ONE_PROCESS) as system:
        yield system
