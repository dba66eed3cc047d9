"""Child processes that end with this process, even when it is killed: a watchdog ends any that remain."""

import asyncio
import atexit
import contextlib
import os
import pwd
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

EndSignal = Literal["KILL", "QUIT"]
File = int | None

# A child names itself before it becomes the program: no moment is left in which nobody knows of it. The pipe to the
# watchdog is its standard input until then; what the program gets is empty.
_NAMES_ITSELF = 'echo "+ $$ $0" >&0; exec "$@" < /dev/null'
_WATCHDOG = Path(__file__).with_name("watchdog.py")


@dataclass(slots=True)
class _Watchdog:
    """The watchdog of one process, started when it is first needed, and again when it has died."""

    owner: int = field(default_factory=os.getpid)
    process: subprocess.Popen[bytes] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    children: dict[int, tuple[EndSignal, Callable[[], bool]]] = field(default_factory=dict)
    folders: list[Path] = field(default_factory=list)

    def pipe(self) -> int:
        """Return the writing end of the pipe to a watchdog that runs and knows of everything that does."""
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                self._close()
                self.process = subprocess.Popen(  # noqa: S603 - our own program
                    [sys.executable, "-I", "-S", str(_WATCHDOG), str(self.owner)],
                    stdin=subprocess.PIPE,
                    start_new_session=True,
                )
                self.children = {pid: known for pid, known in self.children.items() if known[1]()}
                self.folders = [folder for folder in self.folders if folder.exists()]
                self._write("".join(f"+ {pid} {known[0]}\n" for pid, known in self.children.items()))
                self._write("".join(f"folder {folder}\n" for folder in self.folders))
            return self._descriptor()

    def add_child(self, pid: int, end_signal: EndSignal, is_running: Callable[[], bool]) -> None:
        """Remember a child that has named itself, in case the watchdog has to be started again."""
        with self.lock:
            self.children = {known: own for known, own in self.children.items() if own[1]()}
            self.children[pid] = (end_signal, is_running)

    def add_folder(self, folder: Path) -> None:
        """Have `folder` removed when this process has ended without doing so."""
        pipe = self.pipe()
        self.folders.append(folder)
        # Should it die just now, the next one is told of all folders.
        with contextlib.suppress(BrokenPipeError):
            os.write(pipe, f"folder {folder}\n".encode())

    def end(self) -> None:
        """Let the watchdog end: it finds nothing to do unless something was left."""
        with self.lock:
            if self.process is not None and self.owner == os.getpid():
                self._close()
                self.process.wait(timeout=30)
                self.process = None

    def _descriptor(self) -> int:
        if self.process is None or self.process.stdin is None:
            raise RuntimeError("the watchdog is not started")
        return self.process.stdin.fileno()

    def _write(self, lines: str) -> None:
        if lines:
            os.write(self._descriptor(), lines.encode())

    def _close(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()


_watchdog = _Watchdog()


@atexit.register
def _end_watchdog() -> None:
    _watchdog.end()


def _own_watchdog() -> _Watchdog:
    global _watchdog  # noqa: PLW0603 - one for each process; a forked copy of a process needs its own
    if _watchdog.owner != os.getpid():
        _watchdog = _Watchdog()
    return _watchdog


def start_child(
    command: Sequence[str], *, end_signal: EndSignal = "KILL", output: File = None, user: str | None = None
) -> "subprocess.Popen[bytes]":
    """Start a process in a session of its own, so that Ctrl-C reaches us first and we stop it in order.

    Parameters
    ----------
    end_signal : what ends it when this process has ended without doing so.
    output : a file descriptor for what it writes; this process's own when absent.
    user : whom it runs as; this process's user when absent.
    """
    watchdog = _own_watchdog()
    process = subprocess.Popen(  # noqa: S603 - the caller's program; the shell reads no text of anybody's
        _naming(command, end_signal),
        stdin=watchdog.pipe(),
        stdout=output,
        stderr=output,
        start_new_session=True,
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
    )
    watchdog.add_child(process.pid, end_signal, lambda: process.poll() is None)
    return process


async def start_child_async(
    command: Sequence[str], environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> asyncio.subprocess.Process:
    """Start a process as `start_child` does, whose end the event loop awaits."""
    watchdog = _own_watchdog()
    process = await asyncio.create_subprocess_exec(
        *_naming(command, "KILL"), stdin=watchdog.pipe(), env=environment, cwd=folder, start_new_session=True
    )
    watchdog.add_child(process.pid, "KILL", lambda: process.returncode is None)
    return process


def remove_at_death(folder: Path) -> None:
    """Have `folder` removed when this process has ended without doing so."""
    _own_watchdog().add_folder(folder)


def ensure_watchdog() -> None:
    """Start the watchdog again when it has died; nothing to do otherwise."""
    _own_watchdog().pipe()


def _naming(command: Sequence[str], end_signal: EndSignal) -> list[str]:
    return ["/bin/sh", "-c", _NAMES_ITSELF, end_signal, *command]
