"""The folders that Flux applies: valid, complete, in an order that can work, and nothing secret in clear."""

import json
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from charts.rendering import render, rendered
from tests.platform.support.chart import CORE_GROUPS, JSON, group, of_kind
from tests.platform.support.clusters import CLUSTERS, STEPS, everything, releases, step, steps
from tests.platform.support.programs import program
from tests.platform.support.schemas import custom_resources, faults

EVERY_CLUSTER = pytest.mark.parametrize("cluster", CLUSTERS)
FLUX_NAMESPACE = "flux-system"
# Kinds that exist before anything of ours is applied: Kubernetes' own and Flux's.
GIVEN = {*CORE_GROUPS, *(f"{name}.toolkit.fluxcd.io" for name in ("source", "kustomize", "helm", "notification"))}


@EVERY_CLUSTER
def test_every_custom_resource_is_one_that_its_project_knows_in_every_field(cluster: str) -> None:
    items = [item for item in [*everything(cluster), *rendered("development")] if group(item) not in CORE_GROUPS]

    assert [fault for item in items for fault in faults(item)] == []
    assert len(items) > 50


def test_scaling_by_keda_is_valid_too() -> None:
    items = [item for item in render("production", {"keda": {"enabled": True}}) if group(item) not in CORE_GROUPS]

    assert [fault for item in items for fault in faults(item)] == []
    assert set(of_kind(items, "ScaledObject")) == set(of_kind(items, "Canary"))


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        # Each was seen in manifests of others, and is dropped by the API server without a word.
        ("Canary", ["spec", "service", "trafficPolicy", "connectionPool", "tcp"], {"maxConnections": 1}),
        ("Canary", ["spec", "analysis", "treshold"], 5),
        ("HelmRelease", ["spec", "replicas"], 1),
        ("Gateway", ["spec", "tls"], {}),
    ],
)
def test_an_unknown_field_would_be_noticed(kind: str, path: list[str], value: object) -> None:
    item = json.loads(json.dumps(next(one for one in everything("production") if one["kind"] == kind)))
    assert faults(item) == []
    *parents, last = path
    place = item
    for name in parents:
        place = place[name]
    place[last] = value

    assert any(last in fault for fault in faults(item))


@EVERY_CLUSTER
def test_every_object_of_kubernetes_is_valid_strictly(cluster: str) -> None:
    items = [item for name in steps(cluster) for item in step(cluster, name) if group(item) in CORE_GROUPS]

    for item in items:
        # What sops writes beside the data is gone when the object is applied.
        plain = {key: value for key, value in item.items() if key != "sops"}
        kubernetes_validate.validate(plain, kubernetes_validate.latest_version(), strict=True)

    assert len(items) > 15


@EVERY_CLUSTER
def test_no_object_is_applied_twice(cluster: str) -> None:
    names = [
        (item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in everything(cluster)
    ]

    assert len(names) == len(set(names))


@EVERY_CLUSTER
def test_every_step_can_follow_those_that_it_waits_for(cluster: str) -> None:
    found = steps(cluster)

    assert set(found) == {*STEPS, FLUX_NAMESPACE}
    order = {name: {one["name"] for one in spec.get("dependsOn", [])} for name, spec in found.items()}
    # A child that waited for the root, which applies it, would wait for itself.
    assert all(waited <= set(STEPS) for waited in order.values())
    assert list(TopologicalSorter(order).static_order())
    assert all(spec["prune"] for spec in found.values())
    waited_for = set().union(*order.values())
    assert all(found[name]["wait"] for name in waited_for), "a step is done when what it applied is healthy"
    # While it waits, a step applies nothing newer: neither the correction of a step, nor that of a release.
    assert not {name for name in (FLUX_NAMESPACE, "apps") if "wait" in found[name]}


def before(cluster: str, name: str) -> set[str]:
    """Return every step that is done before this one begins."""
    direct = {one["name"] for one in steps(cluster)[name].get("dependsOn", [])}
    return direct.union(*(before(cluster, one) for one in direct))


@EVERY_CLUSTER
def test_definitions_and_namespaces_are_there_before_what_needs_them(cluster: str) -> None:
    made = dict.fromkeys(of_kind(step(cluster, "namespaces"), "Namespace"), "namespaces") | {FLUX_NAMESPACE: None}
    for name in STEPS:
        earlier = before(cluster, name)
        for item in step(cluster, name):
            if group(item) not in GIVEN:
                assert "controllers" in earlier, f"{name} applies a {item['kind']} before anybody defined it"
            namespace = item["metadata"].get("namespace")
            if namespace is not None:
                assert made[namespace] is None or made[namespace] in earlier
    assert {"controllers", "configs", "secrets"} <= before(cluster, "apps"), "Canaries come last"
    assert not [item for item in everything(cluster) if item["kind"] == "Canary" and item not in rendered(cluster)]


@EVERY_CLUSTER
def test_every_release_has_its_chart_its_namespace_and_an_order(cluster: str) -> None:
    found = releases(cluster)
    charts = of_kind(everything(cluster), "HelmChart")

    order = {name: {one["name"] for one in spec.get("dependsOn", [])} for name, spec in found.items()}
    assert set().union(*order.values()) <= set(found)
    assert list(TopologicalSorter(order).static_order())
    assert set(charts) == set(found), "no chart without a release, no release without a chart"
    for name, spec in found.items():
        assert spec["chartRef"] == {"kind": "HelmChart", "name": name}
        assert spec["targetNamespace"] in of_kind(everything(cluster), "Namespace")
        assert spec["storageNamespace"] == spec["targetNamespace"], "so that `helm history` finds it"
    sources = {(one["spec"]["sourceRef"]["kind"], one["spec"]["sourceRef"]["name"]) for one in charts.values()}
    repositories = {("HelmRepository", one) for one in of_kind(everything(cluster), "HelmRepository")}
    assert sources - {("GitRepository", FLUX_NAMESPACE)} == repositories


@EVERY_CLUSTER
def test_the_mesh_is_whole_and_built_from_the_ground(cluster: str) -> None:
    found = releases(cluster)

    def after(name: str) -> set[str]:
        direct = {one["name"] for one in found[name].get("dependsOn", [])}
        return direct.union(*(after(one) for one in direct))

    assert {"istio-base", "istio-cni"} <= after("istiod")
    assert "istiod" in after("istio-ingress")
    assert {"istiod", "monitoring"} <= after("flagger")
    assert "istiod" in after("flagger-loadtester"), "its sidecar is injected when its pod is made"
    assert found["istiod"]["values"]["cni"] == {"enabled": True}


@EVERY_CLUSTER
def test_a_step_that_waits_has_as_long_as_its_releases_may_take_one_after_the_other(cluster: str) -> None:
    for name, spec in steps(cluster).items():
        waiting = of_kind(step(cluster, name), "HelmRelease") if spec.get("wait") else {}

        def longest(release: str, waiting: dict[str, JSON] = waiting) -> int:
            before = [one["name"] for one in waiting[release]["spec"].get("dependsOn", []) if one["name"] in waiting]
            return _minutes(waiting[release]["spec"]["timeout"]) + max(map(longest, before), default=0)

        assert max(map(longest, waiting), default=0) <= _minutes(spec["timeout"]), name


def _minutes(text: str) -> int:
    assert text.endswith("m")
    return int(text[:-1])


def test_the_definitions_that_are_read_are_those_of_all_projects_in_use() -> None:
    used = {
        (item["apiVersion"], item["kind"])
        for name in CLUSTERS
        for item in everything(name)
        if group(item) not in CORE_GROUPS
    }

    assert used <= set(custom_resources())


@EVERY_CLUSTER
def test_kubeconform_finds_nothing_in_the_same_definitions(cluster: str, tmp_path: Path) -> None:
    for (version, kind), schema in custom_resources().items():
        (tmp_path / f"{version.replace('/', '_')}_{kind.lower()}.json").write_text(json.dumps(schema), encoding="utf-8")
    items = [item for item in everything(cluster) if group(item) not in CORE_GROUPS]
    location = f"{tmp_path}/{{{{ .Group }}}}_{{{{ .ResourceAPIVersion }}}}_{{{{ .ResourceKind }}}}.json"

    def summary(text: str) -> JSON:
        command = [program("kubeconform"), "-strict", "-summary", "-output", "json", "-schema-location", location]
        checked = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)
        return json.loads(checked.stdout)["summary"]

    assert summary(yaml.safe_dump_all(items)) == {"valid": len(items), "invalid": 0, "errors": 0, "skipped": 0}
    assert summary(yaml.safe_dump(items[0] | {"spec": items[0]["spec"] | {"another": 1}}))["invalid"] == 1
