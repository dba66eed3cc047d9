"""Builds the images with buildah and runs them with podman, in a storage of the repository's own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.gateway import Service

ROOT = Path(__file__).resolve().parents[2]
STORAGE = ROOT / ".local" / "images"
PROGRAMS = ("buildah", "podman", "runc", "debootstrap", "nsenter")
SUITE = "bookworm"
BASE_IMAGE = f"localhost/python:{SUITE}"
# No registry is asked, so the base is made of Debian's packages; what its slim images leave out goes here too.
LEFT_OUT = [
    "var/cache/apt",
    "var/lib/apt/lists",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
]
# A container may not raise the limits of who starts it, and podman's own are higher than some machines allow.
LIMITS = ["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"]
# As the chart locks down a pod: an ordinary user (the image's own), no capabilities, nothing writable but /tmp.
LOCKED_DOWN = [
    *["--read-only", "--read-only-tmpfs=false", "--tmpfs", "/tmp:size=64m,mode=1777"],
    *["--cap-drop", "all", "--security-opt", "no-new-privileges"],
]
PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "cert", "timeout", "retries")


class EngineError(Exception):
    """A program of the engine failed; the message is the end of what it said."""


def missing() -> str | None:
    """Return why no image can be built and run here, or None when it can."""
    if os.geteuid() != 0:
        return "only root can build and run images this way"
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"{', '.join(absent)} not installed; `make image-tools` installs them" if absent else None


def run(command: Sequence[str], seconds: float = 60) -> str:
    """Return what the command printed; `EngineError` with the end of its output when it fails."""
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds, cwd=ROOT)
    if finished.returncode:
        said = "\n".join((finished.stdout + finished.stderr).splitlines()[-40:])
        raise EngineError(f"{' '.join(command)} ended with status {finished.returncode}:\n{said}")
    return finished.stdout


@dataclass(frozen=True)
class Engine:
    """Images and containers below one folder."""

    storage: Path
    run_root: Path

    def _options(self) -> list[str]:
        return ["--root", str(self.storage), "--runroot", str(self.run_root), "--storage-driver", "overlay"]

    def podman(self, *arguments: str, seconds: float = 60) -> str:
        """Return what podman printed."""
        cgroups = ["--runtime", "runc", "--cgroup-manager", "cgroupfs"]
        return run(["podman", *self._options(), *cgroups, *arguments], seconds)

    def close(self) -> None:
        """Remove images without a name, and unmount the storage, which else nobody could remove."""
        self.podman("image", "prune", "--force")
        mounted = self.storage / "overlay"
        if f" {mounted} " in Path("/proc/mounts").read_text(encoding="utf-8"):
            run(["umount", "--recursive", str(mounted)])

    def make_base(self, folder: Path) -> str:
        """Return the base image's name; it is made once, of Debian's own Python."""
        given = os.environ.get("BASE_IMAGE")
        if given:
            return given
        if BASE_IMAGE not in self.podman("images", "--format", "{{.Repository}}:{{.Tag}}").split():
            root, archive = folder / "root", folder / "root.tar"
            included = "--include=python3,python3-venv,ca-certificates"
            run(["debootstrap", "--variant=minbase", included, SUITE, str(root)], seconds=1_800)
            excluded = [f"--exclude=./{name}/*" for name in LEFT_OUT]
            run(["tar", "--create", "--file", str(archive), "--directory", str(root), *excluded, "."], seconds=300)
            self.podman("import", str(archive), BASE_IMAGE, seconds=300)
            shutil.rmtree(root)
            archive.unlink()
        return BASE_IMAGE

    def build(self, service: Service, base: str, version: str, pip_file: Path) -> str:
        """Return the name of the service's image, built from the Dockerfile as `make image` does it."""
        name = f"localhost/{service.kubernetes_name}:{version}"
        arguments = {"BASE_IMAGE": base, "SERVICE": service.name, "VERSION": version, "REVISION": "0" * 40}
        command = ["buildah", *self._options(), "bud", "--layers", "--isolation", "chroot", "--network", "host"]
        command += [part for item in arguments.items() for part in ("--build-arg", "=".join(item))]
        command += [part for mounted in _host_settings(pip_file) for part in ("--volume", f"{mounted}:ro")]
        run([*command, "--tag", name, "."], seconds=3_600)
        return name

    def python(self, image: str, *arguments: str) -> str:
        """Return what Python printed in a new container of an image, without a network."""
        options = ["--rm", "--network", "none", *LIMITS, *LOCKED_DOWN, "--entrypoint", "/opt/mia/bin/python"]
        return self.podman("run", *options, image, *arguments)

    def inspect(self, image: str) -> dict[str, Any]:
        """Return what podman knows of an image."""
        (found,) = json.loads(self.podman("image", "inspect", image))
        return dict(found)

    def start(
        self, image: str, network: str, environment: Mapping[str, str], mounts: Mapping[Path, str], *command: str
    ) -> str:
        """Start a locked-down container: return its id, or, when a command is given, what that printed to its end."""
        variables = [part for item in environment.items() for part in ("--env", "=".join(item))]
        volumes = [part for source, target in mounts.items() for part in ("--volume", f"{source}:{target}")]
        kind = ["--rm"] if command else ["--detach"]
        options = [*kind, "--network", network, *LIMITS, *LOCKED_DOWN, *variables, *volumes]
        return self.podman("run", *options, image, *command, seconds=120).strip()


def _host_settings(pip_file: Path) -> list[str]:
    """Return mounts, `SOURCE:TARGET`, through which pip in the build reaches the index that pip here reaches."""
    listed = run([sys.executable, "-m", "pip", "config", "list"])
    settings = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        settings[name.rpartition(".")[2].removeprefix("default-")] = value.strip("'")
    kept = {name: value for name, value in settings.items() if name in PIP_SETTINGS}
    pip_file.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in kept.items()), encoding="utf-8")
    mounts = [f"{pip_file}:/etc/pip.conf"]
    if "cert" in kept:
        mounts.append(f"{kept['cert']}:{kept['cert']}")
    return mounts
