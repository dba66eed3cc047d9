"""One process of the system under test: started again whenever it ends, whoever ended it."""

import asyncio
import contextlib
import ctypes
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_SET_PARENT_DEATH_SIGNAL = 1
_RESTART_SECONDS = 0.3
_STOP_SECONDS = 15.0


def _die_with_parent() -> None:
    """Let the kernel kill this process when the campaign's own is gone, however it went."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


@dataclass(slots=True)
class Program:
    """A process that is kept running; `ended` counts how often it ended, by exit status."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    user: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    ended: dict[int, int] = field(default_factory=dict)
    _process: asyncio.subprocess.Process | None = None
    _family: list[psutil.Process] = field(default_factory=list)
    _keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, and keep it running from now on."""
        await self._spawn()
        self._keeping = asyncio.create_task(self._keep())

    def kill(self) -> None:
        """SIGKILL the process and its children, as a machine that fails would."""
        for process in self._alive():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def restart(self) -> None:
        """Ask it to end in order; it is started again."""
        self._send(self.stop_signal)

    async def pause(self, seconds: float) -> None:
        """Stop it where it stands for `seconds`, and let it go on."""
        family = self._alive()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        try:
            await asyncio.sleep(seconds)
        finally:
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()

    async def stop(self) -> None:
        """End it for good."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._process is None:
            return
        self._alive()
        self._send(signal.SIGCONT)
        self._send(self.stop_signal)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        self.kill()
        await self._process.wait()

    def memory_mb(self) -> float:
        """Return the resident memory of the process and its children."""
        total = 0
        for process in self._alive():
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total / 1e6

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    def _alive(self) -> list[psutil.Process]:
        """Return the process and its children; children that outlive it are remembered."""
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if self._process is not None and self._process.returncode is None:
                parent = psutil.Process(self._process.pid)
                self._family = [parent, *parent.children(recursive=True)]
        return [process for process in self._family if process.is_running()]

    async def _spawn(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                env=dict(self.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=self.user,
                group=self.user,
                extra_groups=[] if self.user is not None else None,
                preexec_fn=_die_with_parent,
            )

    async def _keep(self) -> None:
        while True:
            assert self._process is not None
            code = await self._process.wait()
            self.ended[code] = self.ended.get(code, 0) + 1
            await self._wait_for_children()
            await asyncio.sleep(_RESTART_SECONDS)
            await self._spawn()

    async def _wait_for_children(self) -> None:
        """Wait until no child holds what the next process needs: PostgreSQL's back ends end by themselves."""
        for _ in range(100):
            if not any(map(_is_alive, self._family)):
                return
            await asyncio.sleep(0.05)
        self.kill()


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
