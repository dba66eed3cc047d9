"""What a campaign needs of the machine and may not get: a small disk that can be full, and clocks that can jump."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_DISK_MB = 2_000
_TRIES = 20
_LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/local/lib")


class SmallDisk:
    """A file system in memory, mounted at `folder`; to fill it, it is shrunk to what is on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> bool:
        """Leave no room, and return whether that was possible: what grows meanwhile makes the kernel refuse."""
        for _ in range(_TRIES):
            used = shutil.disk_usage(self.folder).used
            if self._resize(f"{max(used // 1024, 1)}k"):
                return True
        return False

    def empty(self) -> None:
        """Give the room back."""
        self._resize(f"{_DISK_MB}m")

    def _resize(self, size: str) -> bool:
        return _succeeds("mount", "-o", f"remount,size={size}", self.folder)


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk | None]:
    """Mount a small disk at `folder` while the block runs; None where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0 or not _succeeds("mount", "-t", "tmpfs", "-o", f"size={_DISK_MB}m,mode=755", "tmpfs", folder):
        yield None
        return
    try:
        yield SmallDisk(folder)
    finally:
        if not _succeeds("umount", folder):
            _run("umount", "--lazy", str(folder))


class JumpingClocks:
    """Clocks of processes, by name, moved by libfaketime; timers go on as they are, as when NTP steps a clock."""

    def __init__(self, library: Path, folder: Path) -> None:
        self._library = library
        self._folder = folder

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables that give a process the clock called `name`."""
        self.set(name, 0.0)
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file(name)),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def set(self, name: str, seconds: float) -> None:
        """Let the clock be wrong by `seconds` from now on; the process sees it within a second."""
        other = self._file(name).with_suffix(".new")
        other.write_text(f"{seconds:+.3f}\n", encoding="ascii")
        other.replace(self._file(name))

    def _file(self, name: str) -> Path:
        return self._folder / f"clock-{name}"


def jumping_clocks(folder: Path) -> JumpingClocks | None:
    """Return the clocks; None where libfaketime is not installed (Debian's package `libfaketime`)."""
    for root in _LIBRARIES:
        for library in sorted(Path(root).glob("**/faketime/libfaketimeMT.so.1")):
            return JumpingClocks(library, folder)
    return None


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _succeeds(*command: str | Path) -> bool:
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        _run(*map(str, command))
        return True
    return False


def missing(disk: SmallDisk | None, clocks: JumpingClocks | None) -> Sequence[str]:
    """Say which faults cannot be tried here, and why."""
    reasons = []
    if disk is None:
        reasons.append("full_disk: mounting a tmpfs is not allowed here")
    if clocks is None:
        reasons.append("clock: libfaketime is not installed")
    return reasons
