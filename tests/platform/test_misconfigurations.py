"""What trivy, with the checks built into it, says of Dockerfile, chart and clusters, as written and as rendered."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from charts.rendering import ENVIRONMENTS, rendered
from tests.platform.support.chart import JSON, ROOT
from tests.platform.support.clusters import CLUSTERS, everything
from tests.platform.support.programs import cluster_program

IGNORED = yaml.safe_load((ROOT / ".trivyignore.yaml").read_text(encoding="utf-8"))["misconfigurations"]
ROOT_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "careless", "namespace": "financial-news"},
    "spec": {
        "containers": [{"name": "app", "image": "elsewhere.example/app:1", "securityContext": {"privileged": True}}]
    },
}


def findings(target: Path, cache: Path, *options: str) -> dict[str, set[str]]:
    """Return where each check finds something; the settings are those of trivy.yaml."""
    command = [
        cluster_program("trivy"),
        "config",
        "--quiet",
        "--format",
        "json",
        "--cache-dir",
        str(cache),
        *options,
        str(target),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout, done.stderr
    found: dict[str, set[str]] = {}
    results = json.loads(done.stdout)["Results"]
    assert results, "nothing was looked at"
    for result in results:
        for one in result.get("Misconfigurations", []):
            found.setdefault(one["ID"], set()).add(f"{result['Target']}: {one['Message']}")
    assert done.returncode == bool(found), done.stderr
    return found


def written(items: list[JSON], file: Path) -> Path:
    file.write_text(yaml.safe_dump_all(items), encoding="utf-8")
    return file


def test_what_is_written_is_clean(tmp_path: Path) -> None:
    assert findings(Path(), tmp_path) == {}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_the_chart_gives_is_clean(environment: str, tmp_path: Path) -> None:
    assert findings(written(list(rendered(environment)), tmp_path / "chart.yaml"), tmp_path / "cache") == {}


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_what_flux_applies_is_clean(cluster: str, tmp_path: Path) -> None:
    assert findings(written(everything(cluster), tmp_path / "cluster.yaml"), tmp_path / "cache") == {}


def test_every_exception_is_still_needed_and_says_why(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    nothing.touch()

    found = findings(Path(), tmp_path, "--ignorefile", str(nothing))

    assert set(found) == {one["id"] for one in IGNORED}
    assert all(one["statement"].strip() for one in IGNORED)


def test_a_careless_pod_would_be_found(tmp_path: Path) -> None:
    found = findings(written([ROOT_POD], tmp_path / "pod.yaml"), tmp_path / "cache")

    # Privileged, as root, with a writable root file system, from a registry that nobody knows.
    assert {"KSV-0017", "KSV-0012", "KSV-0014", "KSV-0125"} <= set(found)
