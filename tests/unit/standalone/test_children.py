"""What a process starts ends with it, however it ends, and nothing else does."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import psutil
import pytest

from standalone.embedded.children import ensure_watchdog, start_child, start_child_async
from standalone.embedded.owned_folder import own_folder
from tests.system import wait_until_gone

SLEEP = ["sleep", "300"]


def run_until_killed(program: str) -> list[str]:
    """Run Python code that prints words and kills itself, and return the words."""
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == -signal.SIGKILL
    return ran.stdout.split()


def processes(pids: list[str]) -> list[psutil.Process]:
    return [psutil.Process(int(pid)) for pid in pids if psutil.pid_exists(int(pid))]


@pytest.mark.parametrize(
    "children",
    [
        "[start_child(['sleep', '300']).pid]",
        # One that does not listen, and one that has started another.
        "[start_child(['sh', '-c', 'trap \"\" QUIT; while :; do sleep 1; done'], end_signal='QUIT').pid]",
        "[start_child(['sh', '-c', 'sleep 300 & wait']).pid]",
        "[asyncio.run(start_child_async(['sleep', '300'])).pid]",
    ],
)
def test_a_killed_process_leaves_no_child(children: str) -> None:
    pids = run_until_killed(f"""
        import asyncio, os, time, psutil
        from standalone.embedded.children import start_child, start_child_async
        pids = {children}
        time.sleep(0.3)
        pids += [child.pid for pid in pids for child in psutil.Process(pid).children()]
        print(*pids, flush=True)
        os.kill(os.getpid(), 9)
    """)

    assert pids
    assert wait_until_gone(processes(pids)) == []


def test_a_process_that_is_killed_just_when_it_starts_a_child_leaves_none() -> None:
    pids = run_until_killed("""
        import os
        from standalone.embedded.children import start_child
        pids = [start_child(["sleep", "300"]).pid for _ in range(10)]
        print(*pids, flush=True)
        os.kill(os.getpid(), 9)
    """)

    assert wait_until_gone(processes(pids)) == []


def test_a_copy_of_the_killed_process_that_lives_on_keeps_no_child_alive() -> None:
    *pids, copy = run_until_killed("""
        import os, sys, time
        from standalone.embedded.children import start_child
        pid = start_child(["sleep", "300"]).pid
        copy = os.fork()
        if not copy:
            os.close(1)
            time.sleep(60)
            os._exit(0)
        print(pid, copy, flush=True)
        os.kill(os.getpid(), 9)
    """)

    try:
        assert wait_until_gone(processes(pids)) == []
    finally:
        os.kill(int(copy), signal.SIGKILL)


def test_a_watchdog_that_was_killed_is_replaced_and_knows_of_those_before() -> None:
    folder, *pids = run_until_killed("""
        import os, time, psutil
        from standalone.embedded.children import ensure_watchdog, start_child
        from standalone.embedded.owned_folder import own_folder
        pid, folder = start_child(["sleep", "300"]).pid, own_folder("mia-test-")
        (watchdog,) = [one for one in psutil.Process().children() if "watchdog.py" in " ".join(one.cmdline())]
        watchdog.kill()
        watchdog.wait()
        ensure_watchdog()
        print(folder.path, pid, flush=True)
        os.kill(os.getpid(), 9)
    """)

    assert wait_until_gone(processes(pids)) == []
    assert wait_until_removed(Path(folder))


def test_a_child_outlives_the_thread_that_started_it() -> None:
    started: list[subprocess.Popen[bytes]] = []
    thread = threading.Thread(target=lambda: started.append(start_child(SLEEP)))
    thread.start()
    thread.join()
    ensure_watchdog()

    (child,) = started
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.5)
    child.kill()
    child.wait()


async def test_a_child_has_an_empty_standard_input_and_the_status_of_its_program() -> None:
    child = await start_child_async(["sh", "-c", "read line || exit 7"])

    async with asyncio.timeout(10):
        assert await child.wait() == 7


def test_the_folder_of_a_killed_process_is_removed_and_what_works_in_it_is_ended() -> None:
    folder, pid = run_until_killed("""
        import os, psutil, subprocess
        from standalone.embedded.owned_folder import own_folder
        folder = own_folder("mia-test-").path
        (watchdog,) = psutil.Process().children()
        watchdog.kill()
        working = subprocess.Popen(["sleep", "300"], cwd=folder, stdout=subprocess.DEVNULL, start_new_session=True)
        print(folder, working.pid, flush=True)
        os.kill(os.getpid(), 9)
    """)
    left = processes([pid])
    was_there = Path(folder).is_dir()

    mine = own_folder("mia-test-")
    other = own_folder("mia-test-")

    assert was_there
    assert not Path(folder).exists()
    assert wait_until_gone(left) == []
    assert mine.path.is_dir()
    for own in (mine, other):
        own.remove()
        assert not own.path.exists()


def wait_until_removed(folder: Path) -> bool:
    for _ in range(200):
        if not folder.exists():
            return True
        threading.Event().wait(0.05)
    return False
