"""Staging has every commit, production signed releases alone, and each environment is small patches on one tree."""

import json
import os
import re
from pathlib import Path

import pytest
import yaml

from charts.rendering import CHART, RELEASE, merged_values
from tests.platform.support.chart import JSON, ROOT, of_kind
from tests.platform.support.clusters import CLUSTERS, STEPS, built, everything, step, steps

EVERY_CLUSTER = pytest.mark.parametrize("cluster", CLUSTERS)
SOURCE = {"kind": "GitRepository", "name": "flux-system"}
VERSION = re.compile(r"\d+\.\d+\.\d+")


def repository(cluster: str) -> JSON:
    """Return the one Git repository that a cluster reads."""
    (found,) = of_kind(everything(cluster), "GitRepository").values()
    return found["spec"]


def chart(cluster: str) -> JSON:
    """Return where the chart of the release comes from."""
    return of_kind(step(cluster, "apps"), "HelmChart")[RELEASE]["spec"]


def test_staging_follows_the_branch_and_production_released_versions() -> None:
    assert repository("staging")["ref"] == {"branch": "main"}
    assert repository("production")["ref"].keys() == {"semver"}
    assert repository("staging")["url"] == repository("production")["url"]
    (base,) = of_kind(built("clusters/base/flux-system"), "GitRepository").values()
    assert "ref" not in base["spec"], "no environment follows anything by default"


def test_the_range_of_production_has_no_candidate_and_no_next_major_version() -> None:
    """A range without a candidate in it matches none (Masterminds semver), and Flux takes the highest version."""
    lowest, below = re.fullmatch(
        rf">=({VERSION.pattern}) <({VERSION.pattern})", repository("production")["ref"]["semver"]
    ).groups()
    version = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["version"]

    def numbers(text: str) -> list[int]:
        return [int(part) for part in text.split(".")]

    assert numbers(lowest) <= numbers(version) < numbers(below)
    assert numbers(below) == [numbers(lowest)[0] + 1, 0, 0]


@EVERY_CLUSTER
def test_every_step_of_an_environment_reads_the_same_source(cluster: str) -> None:
    assert {name: spec["sourceRef"] for name, spec in steps(cluster).items()} == dict.fromkeys(steps(cluster), SOURCE)


def test_nothing_of_production_comes_from_a_branch() -> None:
    """Neither by a source of its own, nor by a chart built from the repository at another revision."""
    for item in everything("production"):
        assert "branch" not in item.get("spec", {}).get("ref", {}), item["metadata"]["name"]
    assert chart("production")["sourceRef"]["kind"] == "HelmRepository"
    assert chart("production").get("reconcileStrategy", "ChartVersion") == "ChartVersion"


def test_the_release_of_production_is_one_exact_chart_and_signed_by_the_workflow() -> None:
    spec = chart("production")
    source = of_kind(step("production", "apps"), "HelmRepository")[spec["sourceRef"]["name"]]["spec"]

    # By the tag of a release Flux finds the chart of the same release, and by an older tag the older one.
    assert spec["version"] == yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["version"]
    assert source["type"] == "oci", "only charts of such repositories are verified"
    assert source["url"] == f"oci://{merged_values('production')['global']['imageRegistry']}/charts"
    assert spec["verify"]["provider"] == "cosign"
    ((issuer, subject),) = [(one["issuer"], one["subject"]) for one in spec["verify"]["matchOIDCIdentity"]]
    assert re.search(issuer, "https://token.actions.githubusercontent.com")
    workflow = subject.strip("^$").replace("\\", "")
    assert re.fullmatch(r"https://github.com/[\w-]+/[\w-]+/.github/workflows/release.yaml@refs/heads/main", workflow)
    assert re.search(subject, workflow)
    for other in (
        workflow.replace("heads/main", "heads/another"),
        workflow.replace("release.yaml", "images.yaml"),
        workflow.replace("github.com/", "github.com/another-"),
        f"https://elsewhere.example/{workflow}",
        f"{workflow}2",
    ):
        assert not re.search(subject, other)


def test_staging_needs_no_registry_of_charts() -> None:
    assert chart("staging")["sourceRef"] == SOURCE
    assert chart("staging")["reconcileStrategy"] == "Revision"
    assert "HelmRepository" not in {item["kind"] for item in step("staging", "apps")}


@EVERY_CLUSTER
def test_values_are_the_charts_then_the_images_then_the_environments(cluster: str) -> None:
    folder = "" if cluster == "production" else "charts/market-impact-analysis-system/"

    names = ["values.yaml", "values-images.yaml", f"values-{cluster}.yaml"]
    assert chart(cluster)["valuesFiles"] == [folder + name for name in names]
    assert all((CHART / name).is_file() for name in names)


@EVERY_CLUSTER
def test_versions_of_others_charts_are_exact(cluster: str) -> None:
    charts = of_kind(step(cluster, "sources"), "HelmChart")

    assert all(VERSION.fullmatch(one["spec"]["version"]) for one in charts.values())
    assert (
        len({charts[name]["spec"]["version"] for name in ("istio-base", "istio-cni", "istiod", "istio-ingress")}) == 1
    )


def test_the_patch_of_the_page_holds_back_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "operations" / "clusters.md").read_text(encoding="utf-8")
    (block,) = [one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "production/sources" in one]
    patched = {"resources": [os.path.relpath(ROOT / "clusters/production/sources", tmp_path)], **yaml.safe_load(block)}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(patched), encoding="utf-8")

    before = of_kind(step("production", "sources"), "HelmChart")
    after = of_kind(built(str(tmp_path)), "HelmChart")

    changed = {name for name, one in after.items() if one != before[name]}
    assert changed == {"istio-base", "istio-cni", "istiod", "istio-ingress"}
    assert all(VERSION.fullmatch(after[name]["spec"]["version"]) for name in changed)


def test_versions_stand_in_one_file_that_an_environment_may_patch() -> None:
    found = {
        path.relative_to(ROOT / "clusters").as_posix()
        for path in (ROOT / "clusters").rglob("*.yaml")
        if re.search(r"^ *version: |, version: ", path.read_text(encoding="utf-8"), re.MULTILINE)
        and "sops:" not in path.read_text(encoding="utf-8")
    }

    # The version of our own release is production's.
    required = {"base/sources/charts.yaml", "production/apps/chart.yaml"}
    assert required <= found <= required | {f"{cluster}/sources/kustomization.yaml" for cluster in CLUSTERS}


def test_addresses_of_sources_stand_in_four_files() -> None:
    found = {
        path.relative_to(ROOT / "clusters").as_posix()
        for path in (ROOT / "clusters").rglob("*.yaml")
        for line in path.read_text(encoding="utf-8").splitlines()
        # Links for people, the inbox, where events are sent, and where traces are: nothing is fetched from them.
        if re.search("(https|oci)://", line)
        and not line.lstrip().startswith("runbook_url:")
        and "/alerts/v1/integrations/" not in line
        and "TRACES_ENDPOINT" not in line
    }

    assert found == {
        "base/flux-system/repository.yaml",
        "base/monitoring/istio-dashboards.yaml",
        "base/sources/repositories.yaml",
        "production/apps/chart.yaml",
    }


@EVERY_CLUSTER
def test_an_environment_is_a_folder_with_small_patches(cluster: str) -> None:
    """All environments are in one tree; each says only what is its own."""
    for path in (ROOT / "clusters" / cluster).rglob("kustomization.yaml"):
        patches = yaml.safe_load(path.read_text(encoding="utf-8")).get("patches", [])
        assert all(len(one["patch"].splitlines()) <= 15 for one in patches)
    other = next(name for name in CLUSTERS if name != cluster)
    assert not [item for name in STEPS for item in step(cluster, name) if f"clusters/{other}" in json.dumps(item)]
