"""Ends the children of a process when that process ends, however it ends: a separate program, run by its path.

Standard input is a pipe whose writing end the parent holds, and each child until it has named itself on it. Lines are
`+ PID SIGNAL` for a child and `folder PATH` for a folder to remove. When nobody holds the writing end any more, or the
parent is gone, each child gets its signal, whatever is left gets SIGKILL, and the folders go. It needs the standard
library alone, so that it starts at once and stays small.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_LOOK_SECONDS = 1.0
_GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class Child:
    """A process and when it began, so that another one that gets its number later is not taken for it."""

    pid: int
    signal: signal.Signals
    began: str

    def is_alive(self) -> bool:
        """Tell whether the process still runs."""
        return bool(self.began) and began(self.pid) == self.began


def began(pid: int) -> str:
    """Return a mark of when a process began; empty when there is none, or only what its parent has yet to reap."""
    try:
        # The name in parentheses may hold spaces; state is field 3, the time of the start field 22.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
        told = subprocess.run(  # noqa: S603 - where there is no /proc
            ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout.strip()
        return "" if told.startswith("Z") else told.partition(" ")[2]
    except ProcessLookupError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


@dataclass
class Watched:
    """What the parent and its children have named so far."""

    children: dict[int, Child]
    folders: list[str]
    rest: bytes = b""

    def read(self, data: bytes) -> None:
        """Take in bytes of the pipe; a line may come in pieces."""
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            kind, _, what = os.fsdecode(line).partition(" ")
            if kind == "folder":
                self.folders = [folder for folder in self.folders if Path(folder).exists()] + [what]
            elif kind == "+":
                pid, _, name = what.partition(" ")
                self.children = {known.pid: known for known in self.children.values() if known.is_alive()}
                self.children[int(pid)] = Child(int(pid), signal.Signals[f"SIG{name}"], began(int(pid)))

    def end(self) -> None:
        """End every child that is left and what it started in its process group, and remove the folders."""
        left = [child for child in self.children.values() if child.is_alive()]
        for child in left:
            _send(child, child.signal)
        deadline = time.monotonic() + _GRACE_SECONDS
        while any(child.is_alive() for child in left) and time.monotonic() < deadline:
            time.sleep(0.02)
        for child in left:
            _send(child, signal.SIGKILL)
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


def _send(child: Child, number: signal.Signals) -> None:
    # Each child leads a group of its own, which it shares with the processes that it starts.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)


def watch(parent: int, pipe: int) -> Watched:
    """Read `pipe` until the parent has ended and everything written has been read."""
    watched = Watched({}, [])
    while True:
        is_orphan = os.getppid() != parent
        ready, _, _ = select.select([pipe], [], [], 0.2 if is_orphan else _LOOK_SECONDS)
        if ready:
            data = os.read(pipe, 65_536)
            if not data:
                return watched
            watched.read(data)
        elif is_orphan:
            # A copy of the parent (a fork without exec) may hold the pipe open for ever.
            return watched


def main() -> None:
    """Watch over the children of the process whose number is the first argument."""
    # Ctrl-C and the end of a session are for the parent, which ends its children in order.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watch(int(sys.argv[1]), sys.stdin.fileno()).end()


if __name__ == "__main__":
    main()
