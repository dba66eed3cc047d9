"""A real API server takes every object of every environment, and starts every pod under Pod Security `restricted`."""

import json

import pytest
from helm_python import Config
from helm_python import chart as helm

from charts.rendering import CHART, ENVIRONMENTS, NAMESPACE, RELEASE, given_values, render, rendered
from tests.platform.support.api_server import APIServer, pods, refusals
from tests.platform.support.chart import of_kind
from tests.platform.support.clusters import CLUSTERS, STEPS, built, step
from tests.platform.support.control_plane import ControlPlane
from tests.platform.support.foreign_charts import CHARTS, rendered_chart

EVERY_ENVIRONMENT = pytest.mark.parametrize("environment", ENVIRONMENTS)
EVERY_CLUSTER = pytest.mark.parametrize("cluster", CLUSTERS)


@EVERY_ENVIRONMENT
def test_every_object_of_the_chart_is_accepted(server: APIServer, environment: str) -> None:
    items = [item for item in rendered(environment) if item["kind"] != "Pod"]

    assert refusals(server, items) == []
    assert len(items) > 30


def test_scaling_by_keda_is_accepted_too(server: APIServer) -> None:
    items = of_kind(render("production", {"keda": {"enabled": True}}), "ScaledObject")

    assert refusals(server, list(items.values())) == []
    assert len(items) == 4


@EVERY_CLUSTER
def test_the_root_of_a_cluster_is_accepted(server: APIServer, cluster: str) -> None:
    items = built(f"clusters/{cluster}")

    assert refusals(server, items) == []
    assert {item["kind"] for item in items} == {"GitRepository", "Kustomization"}


@EVERY_CLUSTER
@pytest.mark.parametrize("name", STEPS)
def test_every_object_of_a_step_is_accepted(server: APIServer, cluster: str, name: str) -> None:
    # What sops writes beside the data is gone when Flux applies the object.
    items = [{key: value for key, value in item.items() if key != "sops"} for item in step(cluster, name)]

    assert refusals(server, items) == []
    assert items


@EVERY_ENVIRONMENT
def test_pod_security_lets_every_pod_of_the_chart_start(server: APIServer, environment: str) -> None:
    made = pods(rendered(environment))

    # A Deployment and a test for each of the four, and the migration.
    assert len(made) == 9
    assert refusals(server, made) == []


@pytest.mark.parametrize("release", CHARTS)
def test_pod_security_lets_the_pods_of_istio_and_flagger_start(server: APIServer, release: str) -> None:
    made = pods(rendered_chart(release))

    assert refusals(server, made) == []
    assert made or release == "istio-base"


def test_a_privileged_pod_is_refused_where_pods_are_restricted(server: APIServer) -> None:
    levels = {
        item["metadata"]["name"]: item["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for item in step("production", "namespaces")
    }
    for namespace, level in levels.items():
        (sound, *_) = pods(rendered("production"))
        sound["metadata"]["namespace"] = namespace
        broken = json.loads(json.dumps(sound))
        broken["spec"]["containers"][0]["securityContext"]["privileged"] = True
        broken["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True

        assert refusals(server, [sound]) == []
        refused = refusals(server, [broken])
        if level == "restricted":
            assert len(refused) == 1
            assert 'violates PodSecurity "restricted:latest": privileged' in refused[0]
        else:
            assert refused == []
    assert levels[NAMESPACE] == "restricted"


@pytest.mark.parametrize(
    ("kind", "path", "value", "complaint"),
    [
        ("Deployment", ["spec", "replcas"], 1, "replcas"),
        ("Canary", ["spec", "analysis", "treshold"], 5, "treshold"),
        ("PodDisruptionBudget", ["spec", "minAvailable"], 1, "cannot be both set"),
        ("NetworkPolicy", ["spec", "policyTypes"], ["Inwards"], "Unsupported value"),
        ("HorizontalPodAutoscaler", ["spec", "maxReplicas"], 0, "must be greater than 0"),
        ("AuthorizationPolicy", ["spec", "action"], "PERMIT", "Unsupported value"),
    ],
)
def test_a_mistake_would_be_refused(
    server: APIServer, kind: str, path: list[str], value: object, complaint: str
) -> None:
    item = json.loads(json.dumps(next(one for one in rendered("production") if one["kind"] == kind)))
    assert refusals(server, [item]) == []
    *parents, last = path
    place = item
    for name in parents:
        place = place[name]
    place[last] = value

    (refused,) = refusals(server, [item])

    assert complaint in refused


@pytest.fixture(scope="module")
def machines(control_plane: ControlPlane) -> ControlPlane:
    """The same cluster with a machine, on which pods become ready."""
    control_plane.start_machines()
    return control_plane


@EVERY_ENVIRONMENT
def test_helm_installs_the_chart_and_its_pods_start(
    machines: ControlPlane, server: APIServer, environment: str
) -> None:
    with Config(kubeconfig_path=machines.kubeconfig, namespace=NAMESPACE) as config, helm.Chart.load(CHART) as chart:
        release = config.install(chart, RELEASE, given_values(environment), wait="watcher", timeout=120)
        try:
            deployments = {
                one["metadata"]["name"]: one for one in server.items("Deployment", NAMESPACE, version="apps/v1")
            }
            running = [one for one in server.items("Pod", NAMESPACE) if one["status"]["phase"] == "Running"]
        finally:
            config.uninstall(RELEASE, wait="watcher", timeout=120)

    assert release["status"] == "deployed"
    assert set(deployments) == set(of_kind(rendered(environment), "Deployment"))
    for name, one in deployments.items():
        assert one["status"]["readyReplicas"] == one["spec"]["replicas"], name
    assert len(running) >= len(deployments)
