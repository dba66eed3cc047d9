"""Programs and files that come from Go modules pinned in tests/platform/tools; `make platform-tools` fetches them."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.platform.support.chart import ROOT

TOOLS = ROOT / "tests" / "platform" / "tools"
BUILT = ROOT / ".local" / "platform-tools" / "bin"
HOW = "run `make platform-tools` (it needs Go 1.26)"
HOW_CLUSTER = "run `make cluster-tools` (it needs Go 1.26, and Debian or Ubuntu for etcd)"


@cache
def program(name: str, how: str = HOW, setting: str = "PLATFORM_TOOLS") -> str:
    """Return the path of a program; without it the test is skipped, or fails if `PLATFORM_TOOLS=required`."""
    found = shutil.which(name, path=str(BUILT)) or shutil.which(name)
    if found is None:
        _missing(f"{name} is not there: {how}", setting)
    return found


def cluster_program(name: str) -> str:
    """Return the path of a part of a real cluster; without it the test skips, or fails if `CLUSTER_TOOLS=required`."""
    return program(name, HOW_CLUSTER, "CLUSTER_TOOLS")


@cache
def module_folder(module: str) -> Path:
    """Return the folder of a module of which files are read, downloaded and checked by its hash."""
    go = shutil.which("go")
    if go is None:
        _missing(f"Go is not there, which fetches {module}: {HOW}")
    listed = subprocess.run(
        [go, "list", "-m", "-f", "{{.Dir}}", module],
        cwd=TOOLS / "manifests",
        env={**os.environ, "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    folder = listed.stdout.strip()
    if listed.returncode or not folder:
        _missing(f"{module} is not downloaded: {HOW}. {listed.stderr.strip()}")
    return Path(folder)


def modules() -> set[str]:
    """Return the modules of which files are read."""
    text = (TOOLS / "manifests" / "go.mod").read_text(encoding="utf-8")
    return set(re.findall(r"^\t(\S+) v", text, re.MULTILINE))


def _missing(reason: str, setting: str = "PLATFORM_TOOLS") -> None:
    if os.environ.get(setting) == "required":
        pytest.fail(reason)
    pytest.skip(reason)
