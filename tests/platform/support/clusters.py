"""What the folders under clusters/ come to: kustomize itself builds them, each once."""

import subprocess
from functools import cache
from pathlib import PurePosixPath

import yaml

from charts.rendering import rendered
from tests.platform.support.chart import JSON, ROOT
from tests.platform.support.programs import program

CLUSTERS = ("staging", "production")
STEPS = ("sources", "namespaces", "secrets", "controllers", "configs", "monitoring", "apps")


@cache
def built(folder: str) -> tuple[JSON, ...]:
    """Return the objects of a folder, given relative to the repository."""
    done = subprocess.run(
        [program("kustomize"), "build", str(ROOT / folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return tuple(item for item in yaml.load_all(done.stdout, Loader=yaml.CSafeLoader) if item)


def steps(cluster: str) -> dict[str, JSON]:
    """Return the Flux Kustomizations of a cluster by name, the root included."""
    root = built(f"clusters/{cluster}")
    return {item["metadata"]["name"]: item["spec"] for item in root if item["kind"] == "Kustomization"}


def step(cluster: str, name: str) -> tuple[JSON, ...]:
    """Return what one step applies."""
    return built(str(PurePosixPath(steps(cluster)[name]["path"])))


def everything(cluster: str) -> list[JSON]:
    """Return all that Flux applies in a cluster, and what the chart then gives."""
    applied = [item for name in steps(cluster) for item in step(cluster, name)]
    return applied + list(rendered(cluster))


def releases(cluster: str) -> dict[str, JSON]:
    """Return every HelmRelease by name."""
    items = [item for item in everything(cluster) if item["kind"] == "HelmRelease"]
    return {item["metadata"]["name"]: item["spec"] for item in items}
