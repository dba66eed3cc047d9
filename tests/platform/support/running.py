"""Programs that tests start: each with its log, ended with the test, and waited for until it answers."""

import os
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

READY_SECONDS = 60.0
# A program that is asked to end has this long.
STOP_SECONDS = 10.0


@dataclass
class Process:
    """A program that runs, and where it writes what it has to say."""

    name: str
    running: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> None:
        """Ask the program to end, and make it end if it does not."""
        self.running.terminate()
        try:
            self.running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait()

    def last_words(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:]


def started(stack: ExitStack, folder: Path, program: str, *arguments: str, **variables: str) -> Process:
    """Start the program at that path; it ends with the stack."""
    name = Path(program).name
    log = folder / f"{name}.log"
    # A proxy would be asked for addresses that only this machine knows.
    inherited = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    with log.open("wb") as output:
        running = subprocess.Popen(
            [program, *arguments],
            cwd=folder,
            env={**inherited, **variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    process = Process(name, running, log)
    stack.callback(process.stop)
    return process


def serving(stack: ExitStack, folder: Path, program: str, *arguments: str, base_url: str, ready: str) -> httpx.Client:
    """Start a program that answers by HTTP, wait until it is ready, and return a client; both end with the stack."""
    process = started(stack, folder, program, *arguments)
    client = stack.enter_context(httpx.Client(base_url=base_url, trust_env=False))
    answers(process, ready, client)
    return client


def answers(process: Process, url: str, client: httpx.Client) -> None:
    """Return when the program answers; fail with its last words when it ends or takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert process.running.poll() is None, f"{process.name} ended by itself:\n{process.last_words()}"
        try:
            if client.get(url).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{process.name} does not answer at {url}:\n{process.last_words()}")
