"""The parts of a system are killed: each comes back and works; a parent that is killed leaves nothing."""

import asyncio
import shutil
import signal
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from standalone.api_client import system_client
from tests.conftest import has_embedded_redis
from tests.system import StartedSystem, mia, started_system, wait_until_gone

ONE_PROCESS = ["up", "--no-sample"]
PROCESSES = ["up-processes"]
has_redis = pytest.mark.skipif(not has_embedded_redis(), reason="no wheel of Redis here")


def article(number: int) -> dict[str, str]:
    return {
        "title": f"Company number {number} raises its dividend by {number} cents",
        "url": f"https://wire.example/{number}",
        "published_at": "2015-01-27T21:30:00Z",
    }


async def send(address: str, number: int) -> str:
    """Send one article and return its id; a system that is just coming back is asked again."""
    async with system_client(address) as client:
        answer = await client.request("POST", "/news/v1/articles", json={"articles": [article(number)]})
    article_id: str = answer["data"][0]["article_id"]
    return article_id


async def wait_until_analysed(address: str, article_ids: list[str]) -> None:
    """Return once NLP has analysed every article: it was kept, handed on and worked upon."""
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as http, asyncio.timeout(90):
        for article_id in article_ids:
            while True:
                try:
                    if (await http.get(f"/nlp/v1/analyses/{article_id}")).is_success:
                        break
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.2)


async def kill_and_wait_for_another(system: StartedSystem, name: str) -> None:
    first = system.parts()[name]
    first.send_signal(signal.SIGKILL)
    async with asyncio.timeout(90):
        while (now := system.parts().get(name)) is None or now.pid == first.pid:
            assert system.process.poll() is None, system.text()
            await asyncio.sleep(0.05)


async def test_every_part_of_four_processes_that_is_killed_comes_back_and_works(tmp_path: Path) -> None:
    with started_system(tmp_path, *PROCESSES) as system:
        names = set(system.parts())
        sent = [await send(system.address, 0)]
        for number, name in enumerate(sorted(names), 1):
            await kill_and_wait_for_another(system, name)
            sent.append(await send(system.address, number))
        await wait_until_analysed(system.address, sent)
        async with asyncio.timeout(90):
            while any(f"{name} works again" not in system.text() for name in names - {"watchdog"}):
                await asyncio.sleep(0.1)
        after, told = set(system.parts()), system.text()

    assert names >= {"envoy", "postgres", "watchdog", "news_ingestion", "nlp", "market_impact", "alerts"}
    assert after == names
    for name in names - {"watchdog"}:
        assert f"{name} ended with status -9; starting it again" in told


async def test_embedded_servers_of_one_process_that_are_killed_come_back_and_are_counted(tmp_path: Path) -> None:
    with started_system(tmp_path, *ONE_PROCESS) as system:
        names = set(system.parts())
        sent = [await send(system.address, 0)]
        for number, name in enumerate(sorted(names), 1):
            await kill_and_wait_for_another(system, name)
            sent.append(await send(system.address, number))
        await wait_until_analysed(system.address, sent)
        async with httpx.AsyncClient(base_url=system.address, trust_env=False) as http:
            metrics = (await http.get("/metrics")).text

    assert names >= {"postgres", "watchdog"}
    assert 'process_restarts_total{process="postgres"} 1.0' in metrics


@pytest.mark.parametrize("command", [ONE_PROCESS, PROCESSES], ids=lambda command: command[0])
@pytest.mark.parametrize("watchdog_dies", [False, True], ids=["alone", "with its watchdog"])
async def test_a_parent_that_is_killed_leaves_nothing_running_and_the_next_start_has_what_was_accepted(
    tmp_path: Path, command: list[str], watchdog_dies: bool
) -> None:
    with started_system(tmp_path, *command) as first:
        sent = [await send(first.address, number) for number in range(3)]
        everything, port = first.everything(), urlsplit(first.address).port
        folders = [Path(folder) for process in first.parts().values() for folder in temporary_folders(process)]
        if watchdog_dies:
            first.parts()["watchdog"].suspend()
        first.process.kill()
        first.process.wait()
        if watchdog_dies:
            next(process for process in everything if process.pid != first.process.pid and is_watchdog(process)).kill()
        left = [] if watchdog_dies else wait_until_gone(everything)

    with started_system(tmp_path, *command, "--port", str(port)) as second:
        await wait_until_analysed(second.address, sent)

    assert left == []
    assert wait_until_gone(everything, 0) == []
    assert [folder for folder in folders if folder.exists()] == []


def temporary_folders(process: psutil.Process) -> set[str]:
    """Return the temporary folders that a part names on its command line."""
    return {str(Path(part).parent) for part in process.cmdline() if "/mia-" in part}


def is_watchdog(process: psutil.Process) -> bool:
    return any(part.endswith("watchdog.py") for part in process.cmdline())


async def test_a_second_start_on_the_same_folder_gets_one_line_and_harms_nothing(tmp_path: Path) -> None:
    with started_system(tmp_path, *ONE_PROCESS) as system:
        sent = [await send(system.address, 0)]
        second = mia(*ONE_PROCESS, "--data", str(tmp_path / "data"), "--port", "0")
        keys = mia("keys", "list", "--data", str(tmp_path / "data"))
        sent.append(await send(system.address, 1))
        await wait_until_analysed(system.address, sent)

    assert second.returncode == 2
    assert f"is in use by process {system.process.pid}" in second.stderr
    assert second.stderr.count("\n") == 1, second.stderr
    assert keys.returncode == 0, keys.stderr


async def test_a_crash_loop_ends_with_a_message(tmp_path: Path) -> None:
    with started_system(tmp_path, *ONE_PROCESS) as system:
        # What is committed is no longer to be had: PostgreSQL cannot start again.
        shutil.rmtree(tmp_path / "data" / "postgres" / "global")
        system.parts()["postgres"].kill()

        status = await asyncio.to_thread(system.process.wait, 120)

    assert status == 2
    told = system.text().splitlines()[-1]
    assert "postgres did not start: PostgreSQL in" in told
    assert "has ended too often to be started again" in told
