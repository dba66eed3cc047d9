"""Every field has one owner: what Flagger or an autoscaler writes is not rendered as well."""

import json

import pytest

from charts.rendering import ENVIRONMENTS, NAMESPACE, merged_values, render, rendered
from common.gateway import SERVICES
from tests.platform.support.chart import JSON, of_kind
from tests.platform.support.clusters import CLUSTERS, everything

NAMES = {service.kubernetes_name for service in SERVICES}
MADE_BY_FLAGGER = ("Service", "VirtualService", "DestinationRule")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_services_and_routes_are_rendered_where_flagger_does_not_make_them(environment: str) -> None:
    has_flagger = merged_values(environment)["flagger"]["enabled"]

    found = {kind: set(of_kind(rendered(environment), kind)) for kind in MADE_BY_FLAGGER}

    by_chart = set() if has_flagger else NAMES
    assert found == {"Service": by_chart, "VirtualService": by_chart, "DestinationRule": by_chart}
    assert set(of_kind(rendered(environment), "Canary")) == NAMES - by_chart


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_the_clusters_folders_add_nothing_that_flagger_makes(cluster: str) -> None:
    items = everything(cluster)

    # Those of the gateway's inner door are in its namespace, where Flagger makes nothing.
    own = [item for item in items if item["metadata"].get("namespace") == NAMESPACE]
    assert not [item for item in own if item["kind"] in MADE_BY_FLAGGER]
    assert not [item for item in items if item["metadata"]["name"].endswith(("-primary", "-canary"))]


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_environments_with_canaries_say_so(environment: str) -> None:
    assert merged_values(environment)["flagger"]["enabled"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_has_a_name_that_flagger_gives(environment: str) -> None:
    names = [item["metadata"]["name"] for item in rendered(environment)]

    assert not [name for name in names if name.endswith(("-primary", "-canary"))]


@pytest.mark.parametrize(
    ("environment", "changes", "expected"),
    [
        ("development", {}, True),
        ("development", {"flagger": {"enabled": True, "loadTesterServiceAccount": "flagger-loadtester"}}, False),
        ("staging", {}, False),
        ("production", {}, False),
    ],
)
def test_replicas_are_written_only_where_nobody_else_writes_them(
    environment: str, changes: JSON, expected: bool
) -> None:
    deployments = of_kind(render(environment, changes), "Deployment")

    assert set(deployments) == NAMES
    assert {"replicas" in item["spec"] for item in deployments.values()} == {expected}


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_an_autoscaler_scales_a_deployment_that_is_there_and_says_how_fast(environment: str) -> None:
    scalers = of_kind(rendered(environment), "HorizontalPodAutoscaler")

    assert set(scalers) == NAMES
    for name, item in scalers.items():
        spec = item["spec"]
        assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
        assert {metric["containerResource"]["name"] for metric in spec["metrics"]} == {"cpu", "memory"}
        assert set(spec["behavior"]) == {"scaleUp", "scaleDown"}


def test_a_service_is_called_in_the_same_way_with_and_without_flagger() -> None:
    policies = {
        json.dumps(item["spec"]["trafficPolicy"], sort_keys=True)
        for item in of_kind(rendered("development"), "DestinationRule").values()
    }
    canaries = of_kind(rendered("production"), "Canary").values()

    assert {json.dumps(item["spec"]["service"]["trafficPolicy"], sort_keys=True) for item in canaries} == policies


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_sidecars_know_what_their_pods_call_and_not_the_whole_cluster(environment: str) -> None:
    (sidecar,) = of_kind(rendered(environment), "Sidecar").values()
    selector = sidecar["spec"]["workloadSelector"]["labels"]
    (egress,) = sidecar["spec"]["egress"]

    assert {"./*", "istio-ingress/*", "istio-system/*"} <= set(egress["hosts"])
    assert not [host for host in egress["hosts"] if host.startswith("*")]
    for item in of_kind(rendered(environment), "Deployment").values():
        assert selector.items() <= item["spec"]["template"]["metadata"]["labels"].items()


def test_without_istio_nothing_of_istio_is_rendered() -> None:
    objects = render("development", {"istio": {"enabled": False}})

    assert not [item for item in objects if "istio.io" in item["apiVersion"]]
    assert set(of_kind(objects, "Service")) == NAMES
