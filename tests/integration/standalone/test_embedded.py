"""Embedded PostgreSQL recovers from whatever an earlier process left in its folder, and has one user at a time."""

import asyncio
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
from sqlalchemy import make_url

from standalone.embedded.postgres_cluster import EmbeddedServerError, FolderInUseError
from standalone.embedded.servers import EmbeddedPostgres, EmbeddedRedis
from tests.conftest import has_embedded_redis
from tests.system import wait_until_gone

HOLDER = """
    import sys
    from pathlib import Path
    from standalone.embedded.servers import EmbeddedPostgres
    server = EmbeddedPostgres(Path(sys.argv[1]), is_durable=False)
    server.start()
    print(server.process.pid, flush=True)
    sys.stdin.read()
    server.stop()
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster that has been made and stopped, to be copied."""
    folder = tmp_path_factory.mktemp("cluster") / "data"
    with running(folder) as server:
        execute(server, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")
    return folder


@pytest.fixture
def folder(cluster: Path, tmp_path: Path) -> Path:
    """A folder with a cluster of its own."""
    copy = tmp_path / "data"
    # Owners are kept: as root, PostgreSQL runs as a user of its own.
    subprocess.run(["cp", "-a", str(cluster), str(copy)], check=True)
    return copy


@contextmanager
def running(folder: Path, *, may_join: bool = False) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(folder, is_durable=False, may_join=may_join)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def holder(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that serves from `folder`."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLDER), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    try:
        yield process
    finally:
        process.communicate(timeout=60)


def execute(server: EmbeddedPostgres, statement: str) -> str | None:
    async def run() -> str | None:
        connection = await asyncpg.connect(
            make_url(server.url).set(database="postgres").render_as_string(hide_password=False)
        )
        try:
            if statement.startswith("SELECT"):
                return str(await connection.fetchval(statement))
            await connection.execute(statement)
        finally:
            await connection.close()
        return None

    return asyncio.run(run())


def kept(server: EmbeddedPostgres) -> str | None:
    return execute(server, "SELECT count(*) FROM kept")


def test_a_killed_server_starts_again_at_the_same_address_with_its_data(folder: Path) -> None:
    with running(folder) as server:
        first, url = server.process, server.url
        assert first is not None
        first.kill()
        first.wait()
        status = server.exit_status()

        server.start()

        assert status == -9
        assert (server.url, kept(server)) == (url, "1")


def test_a_killed_redis_starts_again_at_the_same_address() -> None:
    if not has_embedded_redis():
        pytest.skip("the wheel of embedded Redis is not to be had on this platform")
    server = EmbeddedRedis()
    server.start()
    try:
        url, first = server.url, server.process
        assert first is not None
        first.kill()
        first.wait()
        server.start()

        assert server.url == url
        assert server.exit_status() is None
    finally:
        server.stop()


def test_a_second_server_is_refused_and_a_command_joins_and_leaves_without_harm(folder: Path) -> None:
    with holder(folder) as first:
        with pytest.raises(FolderInUseError, match=f"in use by process {first.pid}: stop it, or give another folder"):
            EmbeddedPostgres(folder).start()
        with running(folder, may_join=True) as joined:
            while_joined = kept(joined)
        with running(folder, may_join=True) as joined:
            after_leaving = kept(joined)

    assert (while_joined, after_leaving) == ("1", "1")


def test_a_command_starts_a_server_that_nobody_runs_and_stops_it(folder: Path) -> None:
    with running(folder, may_join=True) as server:
        process = server.process
        assert process is not None
        assert kept(server) == "1"

    assert process.poll() == 0


def test_commands_at_the_same_time_wait_for_each_other(folder: Path) -> None:
    async def use() -> str | None:
        return await asyncio.to_thread(one_use)

    def one_use() -> str | None:
        with running(folder, may_join=True) as server:
            return kept(server)

    async def several() -> list[str | None]:
        return await asyncio.gather(*(use() for _ in range(3)))

    assert asyncio.run(several()) == ["1", "1", "1"]


def test_a_server_left_by_a_process_whose_watchdog_died_too_is_ended(folder: Path) -> None:
    with holder(folder) as first:
        (watchdog,) = [one for one in psutil.Process(first.pid).children() if "watchdog" in " ".join(one.cmdline())]
        orphans = [one for one in psutil.Process(first.pid).children(recursive=True) if one.pid != watchdog.pid]
        watchdog.suspend()
        first.kill()
        first.wait()
        watchdog.kill()
        assert all(orphan.is_running() for orphan in orphans)

        with running(folder) as server:
            assert kept(server) == "1"

    assert wait_until_gone(orphans) == []


@pytest.mark.parametrize("content", ["", "\n", "garbage", "{pid}\n/elsewhere\n1\n5432\n\n\n1 2\nready\n"])
def test_a_stale_file_of_the_server_does_not_keep_it_from_starting(folder: Path, content: str) -> None:
    # Whoever has the number now is a process that goes on and on, and is no PostgreSQL.
    text = content.format(pid=os.getpid())
    (folder / "postmaster.pid").write_text(text, encoding="utf-8")
    (folder / ".s.PGSQL.5432.lock").write_text(text, encoding="utf-8")
    (folder / ".s.PGSQL.5432").write_text("", encoding="utf-8")

    with running(folder) as server:
        assert kept(server) == "1"


def test_a_first_start_that_was_cut_off_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    unfinished = tmp_path / "data.new-abc"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n", encoding="utf-8")

    with running(tmp_path / "data") as server:
        assert execute(server, "SELECT 1") == "1"

    assert not unfinished.exists()


def test_a_folder_of_something_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear all", encoding="utf-8")

    with pytest.raises(EmbeddedServerError, match="is not empty and holds no PostgreSQL"):
        EmbeddedPostgres(folder).start()

    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def test_a_path_that_is_too_long_for_a_socket_is_no_hindrance(cluster: Path, tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 60) / ("y" * 60) / "data"
    folder.parent.mkdir(parents=True)
    subprocess.run(["cp", "-a", str(cluster), str(folder)], check=True)

    with running(folder) as server, running_joined(folder) as joined:
        assert joined.url == server.url
        assert kept(joined) == "1"
        socket_folder = Path(make_url(server.url).query["host"])  # type: ignore[arg-type]
        assert socket_folder.is_dir()

    assert not socket_folder.exists()


@contextmanager
def running_joined(folder: Path) -> Iterator[EmbeddedPostgres]:
    with running(folder, may_join=True) as server:
        assert server.process is None
        yield server


def test_what_postgresql_says_when_it_cannot_start_is_told(folder: Path) -> None:
    shutil.rmtree(folder / "global")

    with pytest.raises(EmbeddedServerError, match=r"ended with status \d+: .*could not open"):
        EmbeddedPostgres(folder).start()
