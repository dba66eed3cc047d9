"""Temporary folders that are detected as abandoned when their process is gone, and then removed."""

import contextlib
import fcntl
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import structlog

from standalone.embedded.children import remove_at_death

logger = structlog.get_logger(__name__)

_LOCK = ".owner"
_POLITE_SECONDS = 10.0
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class OwnedFolder:
    """A temporary folder of this process, whose lock ends with the process."""

    path: Path
    lock: IO[bytes]

    def remove(self) -> None:
        """Remove the folder and what is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.lock.close()


def own_folder(prefix: str) -> OwnedFolder:
    """Return a new temporary folder; those of the same prefix whose process is gone are removed first."""
    _remove_abandoned(prefix)
    # It gets its name once it is locked: nobody takes it for abandoned before.
    unnamed = Path(tempfile.mkdtemp(prefix=f".{prefix}"))
    lock = (unnamed / _LOCK).open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    path = unnamed.rename(unnamed.with_name(unnamed.name[1:]))
    remove_at_death(path)
    return OwnedFolder(path, lock)


def _remove_abandoned(prefix: str) -> None:
    # What belongs to another user cannot be opened, and stays.
    for lock in Path(tempfile.gettempdir()).glob(f"{prefix}*/{_LOCK}"):
        with contextlib.suppress(OSError), lock.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            end_processes_in(lock.parent)
            shutil.rmtree(lock.parent, ignore_errors=True)


def end_processes_in(folder: Path, name: str = "", polite_end: tuple[int | None, signal.Signals] | None = None) -> None:
    """End the processes whose working directory is `folder`, which an earlier process of ours has left behind.

    Parameters
    ----------
    name : what their names begin with.
    polite_end : the number of one that gets a signal and some time before what is left is killed.
    """
    import psutil  # noqa: PLC0415 - comes with an optional extra

    def left() -> list[psutil.Process]:
        # One that has ended and that nobody has reaped has no working directory any more.
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.name().startswith(name) and Path(process.cwd()) == folder.resolve():
                    found.append(process)
        return found

    first = left()
    if first:
        logger.warning("left_over", folder=str(folder), processes=[process.pid for process in first])
    for process in first:
        if polite_end is not None and process.pid == polite_end[0]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(polite_end[1])
    kill_at = time.monotonic() + (_POLITE_SECONDS if polite_end is not None else 0)
    while (remaining := left()) and time.monotonic() < kill_at + _POLITE_SECONDS:
        if time.monotonic() > kill_at:
            for process in remaining:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        time.sleep(_LOOK_SECONDS)
