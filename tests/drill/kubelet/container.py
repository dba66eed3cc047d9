"""One container: a command of this machine in the pod's network, on a root of its own that it may not write."""

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# The root is this machine's, below a layer of the container's own; what is mounted stands on top.
_SETUP = """\
set -e
mount -t tmpfs -o mode=0755 container {folder}
mkdir {folder}/upper {folder}/work {folder}/root
mount -t overlay overlay -o lowerdir=/,upperdir={folder}/upper,workdir={folder}/work {folder}/root
{reachable}
mkdir -p {folder}/root/proc {folder}/root/dev
mount -t proc proc {folder}/root/proc
mount --rbind /dev {folder}/root/dev
{mounts}
{seal}
exec chroot {identity} {folder}/root /usr/bin/env -i -C {directory} {environment} {command}
"""


@dataclass(frozen=True)
class Mount:
    """A file or folder of this machine, and where the container sees it."""

    source: Path
    target: str
    read_only: bool = True

    def commands(self, root: str) -> list[str]:
        """Return the lines that mount it under a root."""
        # A link on the way would lead out of the container's root.
        inside = Path(f"{root}{Path(self.target).parent.resolve() / Path(self.target).name}")
        source, target = shlex.quote(str(self.source)), shlex.quote(str(inside))
        if self.source.is_dir():
            place = f"mkdir -p {target}"
        else:
            place = f"mkdir -p {shlex.quote(str(inside.parent))} && touch {target}"
        lines = [place, f"mount --bind {source} {target}"]
        return [*lines, f"mount -o remount,bind,ro {target}"] if self.read_only else lines


@dataclass(frozen=True)
class Identity:
    """Who runs in the container; numbers, as nobody on this machine has these names."""

    user: int = 0
    group: int = 0
    groups: tuple[int, ...] = ()

    def arguments(self) -> str:
        """Return the options of `chroot`."""
        given = [f"--userspec={self.user}:{self.group}"]
        return " ".join([*given, f"--groups={','.join(map(str, self.groups))}"] if self.groups else given)


@dataclass
class Container:
    """A container that is to run: how, and if it does, its process.

    Parameters
    ----------
    folder : of the container's own, in which nothing stays.
    network : of the pod, a file of /proc.
    """

    name: str
    folder: Path
    network: Path
    command: Sequence[str]
    environment: Mapping[str, str]
    mounts: Sequence[Mount]
    identity: Identity
    log: Path
    is_read_only: bool = True
    directory: str = "/"
    restarts: int = -1
    started_at: float = 0.0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it, for the first time or again."""
        self.folder.mkdir(parents=True, exist_ok=True)
        script = self.folder.with_suffix(".sh")
        script.write_text(self._script(), encoding="utf-8")
        apart = ["nsenter", f"--net={self.network}", "unshare", "--mount", "--propagation", "private"]
        self.log.touch()
        # Who runs in the container opens it again, as /dev/stdout.
        self.log.chmod(0o666)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [*apart, "sh", str(script)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # So that what it starts can be ended with it.
                start_new_session=True,
            )
        self.restarts += 1
        self.started_at = time.time()

    @property
    def status(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self._process.poll() if self._process is not None else None

    @property
    def pid(self) -> int:
        """Return the number of the container's first process."""
        if self._process is None:
            raise ProcessLookupError(self.name)
        return self._process.pid

    def ask_to_end(self) -> None:
        """Send SIGTERM to the first process, as a kubelet does."""
        if self._process is not None and self.status is None:
            self._process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait until it has ended, at most so long; then end it and all that it has started."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, seconds))
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self._process.wait()

    def run_inside(self, command: Sequence[str], seconds: float) -> bool:
        """Run a command as a probe does, on the container's root and in its network; tell whether it succeeded."""
        inside = ["nsenter", f"--target={self.pid}", "--net", "--mount", "--root", "--wd=/", "--", *command]
        try:
            return subprocess.run(inside, capture_output=True, check=False, timeout=seconds).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def _script(self) -> str:
        root = f"{self.folder}/root"
        lines = [line for mount in self.mounts for line in mount.commands(root)]
        return _SETUP.format(
            folder=self.folder,
            reachable="\n".join(f"chmod a+rx {shlex.quote(root + path)}" for path in _closed_folders(self._programs())),
            mounts="\n".join(lines),
            seal=f"mount -o remount,ro {root}" if self.is_read_only else "",
            identity=self.identity.arguments(),
            directory=shlex.quote(self.directory),
            environment=shlex.join(f"{name}={value}" for name, value in self.environment.items()),
            command=shlex.join(self.command),
        )

    def _programs(self) -> list[Path]:
        given = [Path(self.command[0]), *(mount.source for mount in self.mounts)]
        return [one for path in given if path.is_absolute() for one in (path, path.resolve())]


def _closed_folders(paths: Sequence[Path]) -> list[str]:
    """Return the folders on the way to these that not everybody may enter, as an image would let them."""
    folders = {parent for path in paths for parent in path.parents if parent != Path("/")}
    return sorted(str(one) for one in folders if one.is_dir() and one.stat().st_mode & 0o5 != 0o5)
