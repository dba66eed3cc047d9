"""What a run replaces of clusters/ is one small file, and touches nothing but addresses and intervals."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.gitops.repository import OVERLAY, OVERLAY_OF_PRODUCTION, write_tree
from tests.platform.support.chart import JSON, ROOT
from tests.platform.support.clusters import CLUSTERS, step, steps
from tests.platform.support.programs import program

DRILL_OVERLAY = ROOT / "tests" / "drill" / "overlay.yaml"
HERE = "http://127.0.0.1"
ADDRESSES = {
    "git": f"{HERE}:1/git/repository.git",
    "charts": f"{HERE}:1",
    "registry": "oci://127.0.0.1:1/charts",
    "inbox": f"{HERE}:2",
    "webhooks": "https://localhost:3",
    "traces": f"{HERE}:4",
}
# By kind, what may differ in each; `patches` are what the root hands on to a step, whose effect is in the same list.
ALLOWED = {
    "GitRepository": {"spec.url", "spec.interval"},
    "Kustomization": {"spec.interval", "spec.retryInterval", "spec.patches"},
    "HelmRepository": {"spec.url"},
    "HelmChart": {"spec.interval"},
    "HelmRelease": {
        "spec.interval",
        "spec.values.base.validationURL",
        "spec.values.istiodRemote.injectionURL",
    },
    "Provider": {"spec.address"},
}
# What may differ in production besides: its registry is plain HTTP, and a key stands for the workflow's identity.
ALLOWED_IN_PRODUCTION = ALLOWED | {
    "HelmRepository": {"spec.url", "spec.insecure"},
    "HelmChart": {"spec.interval", "spec.verify.matchOIDCIdentity", "spec.verify.secretRef.name"},
}


def build(folder: Path) -> list[JSON]:
    done = subprocess.run([program("kustomize"), "build", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [item for item in yaml.safe_load_all(done.stdout) if item]


def leaves(value: object, path: str = "") -> dict[str, object]:
    """Return every value that is no map, by its path."""
    if not isinstance(value, dict):
        return {path: value}
    return {key: leaf for name, one in value.items() for key, leaf in leaves(one, f"{path}.{name}".lstrip(".")).items()}


def differences(before: JSON, after: JSON) -> set[str]:
    old, new = leaves(before), leaves(after)
    return {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}


def named(items: list[JSON] | tuple[JSON, ...]) -> dict[tuple[str, str], JSON]:
    return {(item["kind"], item["metadata"]["name"]): item for item in items}


# What may differ in a drill besides: how fast, never how well, what Envoy tells of itself, and where traces go.
ALLOWED_IN_DRILL = ALLOWED | {
    "ConfigMap": {"data.TRACES_ENDPOINT"},
    "Kustomization": ALLOWED["Kustomization"] - {"spec.interval"},
    "HelmRelease": ALLOWED["HelmRelease"] - {"spec.interval"}
    | {
        "spec.values.flagger.interval",
        "spec.values.flagger.progressDeadlineSeconds",
        "spec.values.meshConfig.defaultConfig.proxyMetadata.SECRET_TTL",
        "spec.values.meshConfig.defaultConfig.proxyStatsMatcher.inclusionRegexps",
        "spec.values.meshConfig.defaultProviders.metrics",
    },
}


@pytest.mark.parametrize(
    ("cluster", "more", "allowed"),
    [
        *((name, None, ALLOWED_IN_PRODUCTION if name == "production" else ALLOWED) for name in CLUSTERS),
        ("staging", DRILL_OVERLAY, ALLOWED_IN_DRILL),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_addresses_and_intervals_are_all_that_differs(
    cluster: str, more: Path | None, allowed: dict[str, set[str]], tmp_path: Path
) -> None:
    write_tree(tmp_path, ADDRESSES, more)
    changed = set()

    def compare(before: list[JSON] | tuple[JSON, ...], after: list[JSON]) -> None:
        old, new = named(before), named(after)
        assert old.keys() == new.keys()
        for (kind, name), item in old.items():
            paths = differences(item, new[kind, name])
            assert paths <= allowed.get(kind, set()), f"{kind}/{name}"
            changed.update((kind, path) for path in paths)

    root = build(tmp_path / "clusters" / cluster)
    compare(step(cluster, "flux-system"), root)
    handed_on = {
        name: one["spec"].get("patches", []) for (kind, name), one in named(root).items() if kind == "Kustomization"
    }
    for name, spec in steps(cluster).items():
        if name != "flux-system":
            # What the controller does with the patches of a Kustomization.
            folder = tmp_path / "clusters" / "patched"
            folder.mkdir(exist_ok=True)
            resources = [f"../{Path(spec['path']).relative_to('clusters')}"]
            (folder / "kustomization.yaml").write_text(
                yaml.safe_dump({"resources": resources, "patches": handed_on[name]}), encoding="utf-8"
            )
            compare(step(cluster, name), build(folder))

    assert changed == {(kind, path) for kind, paths in allowed.items() for path in paths}, "no more than is needed"


def test_the_overlays_are_small() -> None:
    lines = [
        line for file in (OVERLAY, OVERLAY_OF_PRODUCTION) for line in file.read_text(encoding="utf-8").splitlines()
    ]

    assert len(lines) <= 75
