"""The step `apps` and its release have rights of their own: for what they hold, in its place, and for nothing else."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from helm_python import Config, HelmError
from helm_python import chart as helm

from charts.rendering import CHART, ENVIRONMENTS, NAMESPACE, RELEASE, given_values, render, rendered
from tests.platform.support.api_server import APIServer, Refused, refusals
from tests.platform.support.chart import JSON, group, of_kind
from tests.platform.support.clusters import CLUSTERS, releases, step, steps
from tests.platform.support.control_plane import ControlPlane

FLUX = "flux-system"
EVERY_CLUSTER = pytest.mark.parametrize("cluster", CLUSTERS)
RIGHTS = ("ServiceAccount", "Role", "RoleBinding")
WRITE = {"get", "list", "watch", "create", "update", "patch", "delete"}
# Of others, and only read: Helm waits for a Deployment by its pods.
READ = {("", "pods"), ("apps", "replicasets")}


def ever_rendered() -> list[JSON]:
    """Return what the chart gives in any environment, with and without Flagger and KEDA; `helm test` is a person's."""
    variants: tuple[JSON, ...] = ({}, {"keda": {"enabled": True}}, {"flagger": {"enabled": False}})
    items = [item for name in ENVIRONMENTS for changes in variants for item in render(name, changes)]
    return [one for one in items if one["metadata"].get("annotations", {}).get("helm.sh/hook") != "test"]


def resources(items: list[JSON] | tuple[JSON, ...]) -> set[tuple[str, str]]:
    return {(group(one), plural(one["kind"])) for one in items}


def plural(kind: str) -> str:
    """Return the resource of a kind, by Kubernetes' own habit."""
    name = kind.lower()
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


def rights(cluster: str, account: str) -> list[JSON]:
    """Return every rule that an account of Flux's namespace has, with the namespace that it is for."""
    items = step(cluster, "configs")
    assert not [one for one in items if one["kind"] in {"ClusterRole", "ClusterRoleBinding"}]
    roles = {(one["metadata"]["namespace"], one["metadata"]["name"]): one for one in items if one["kind"] == "Role"}
    found = []
    for binding in [one for one in items if one["kind"] == "RoleBinding"]:
        if {"kind": "ServiceAccount", "name": account, "namespace": FLUX} in binding["subjects"]:
            namespace = binding["metadata"]["namespace"]
            found += [rule | {"namespace": namespace} for rule in roles[namespace, binding["roleRef"]["name"]]["rules"]]
    assert account in of_kind(items, "ServiceAccount")
    return found


def pairs(rules: list[JSON]) -> set[tuple[str, str]]:
    return {(one, resource) for rule in rules for one in rule["apiGroups"] for resource in rule["resources"]}


@EVERY_CLUSTER
def test_the_release_may_change_what_the_chart_has_and_helms_record_in_its_namespace_alone(cluster: str) -> None:
    rules = rights(cluster, releases(cluster)[RELEASE]["serviceAccountName"])
    written = [rule for rule in rules if set(rule["verbs"]) == WRITE]
    read = [rule for rule in rules if set(rule["verbs"]) == {"get", "list", "watch"}]

    assert {rule["namespace"] for rule in rules} == {NAMESPACE}
    assert pairs(written) == resources(ever_rendered()) | {("", "secrets")}
    assert pairs(read) == READ
    assert len(written) + len(read) == len(rules)
    assert {one["metadata"]["namespace"] for one in ever_rendered()} == {NAMESPACE}


@EVERY_CLUSTER
def test_the_step_may_change_its_own_release_and_its_chart_alone(cluster: str) -> None:
    rules = rights(cluster, steps(cluster)["apps"]["serviceAccountName"])
    held = [item for name in CLUSTERS for item in step(name, "apps")]

    assert pairs(rules) == resources(held)
    for rule in rules:
        assert rule["namespace"] == FLUX
        assert set(rule["resourceNames"]) == {one["metadata"]["name"] for one in held}
        assert set(rule["verbs"]) == {"get", "create", "patch", "delete"}


@EVERY_CLUSTER
def test_the_two_accounts_are_two_and_have_no_token_that_a_pod_could_use(cluster: str) -> None:
    """A chart that could write releases could have one applied with the rights of Flux."""
    names = {steps(cluster)["apps"]["serviceAccountName"], releases(cluster)[RELEASE]["serviceAccountName"]}

    assert len(names) == 2
    accounts = of_kind(step(cluster, "configs"), "ServiceAccount")
    assert all(accounts[name]["automountServiceAccountToken"] is False for name in names)


@EVERY_CLUSTER
def test_no_other_step_applies_with_fewer_rights_than_it_needs(cluster: str) -> None:
    """Definitions, namespaces and rights are made with Flux's own, and only `apps` has none of these."""
    limited = {name for name, spec in steps(cluster).items() if "serviceAccountName" in spec}

    assert limited == {"apps"}
    assert {name for name, spec in releases(cluster).items() if "serviceAccountName" in spec} == {RELEASE}


def user(account: str) -> str:
    return f"system:serviceaccount:{FLUX}:{account}"


@pytest.fixture(scope="module")
def granted(server: APIServer) -> APIServer:
    """The server with the rights of the clusters."""
    for item in step("production", "configs"):
        if item["kind"] in RIGHTS:
            server.apply(item)
    return server


@pytest.fixture(scope="module")
def release_account(control_plane: ControlPlane, granted: APIServer) -> Iterator[APIServer]:
    """The server, asked as the release is applied."""
    with ExitStack() as stack:
        yield impersonated(stack, control_plane, releases("production")[RELEASE]["serviceAccountName"])


@pytest.fixture(scope="module")
def step_account(control_plane: ControlPlane, granted: APIServer) -> Iterator[APIServer]:
    """The server, asked as the step is applied."""
    with ExitStack() as stack:
        yield impersonated(stack, control_plane, steps("production")["apps"]["serviceAccountName"])


def impersonated(stack: ExitStack, control_plane: ControlPlane, account: str) -> APIServer:
    http = stack.enter_context(control_plane.client())
    # As Flux asks in the name of an account.
    http.headers["Impersonate-User"] = user(account)
    return APIServer(http)


def test_the_release_applies_every_object_of_the_chart(release_account: APIServer) -> None:
    items = {json.dumps(one): one for one in ever_rendered()}.values()

    assert refusals(release_account, items) == []
    assert len(items) > 100


def test_the_step_applies_what_it_holds(step_account: APIServer) -> None:
    items = [item for name in CLUSTERS for item in step(name, "apps")]

    assert refusals(step_account, items) == []
    assert {one["kind"] for one in items} == {"HelmRelease", "HelmChart", "HelmRepository"}


def beyond_the_chart() -> list[JSON]:
    rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    binding = {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}}
    rbac = "rbac.authorization.k8s.io/v1"
    (policy, *_) = of_kind(rendered("production"), "NetworkPolicy").values()
    (account, *_) = of_kind(rendered("production"), "ServiceAccount").values()
    (release,) = of_kind(step("production", "apps"), "HelmRelease").values()
    return [
        {"apiVersion": rbac, "kind": "ClusterRole", "metadata": {"name": "mistake"}, "rules": [rule]},
        {"apiVersion": rbac, "kind": "ClusterRoleBinding", "metadata": {"name": "mistake"}, **binding},
        {"apiVersion": rbac, "kind": "RoleBinding", "metadata": {"name": "mistake", "namespace": NAMESPACE}, **binding},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mistake"}},
        policy | {"metadata": {"name": "mistake", "namespace": "monitoring"}},
        account | {"metadata": {"name": "mistake", "namespace": "istio-system"}},
        release,
    ]


@pytest.mark.parametrize(
    "item", beyond_the_chart(), ids=lambda item: f"{item['kind']} {item['metadata'].get('namespace')}"
)
def test_a_mistake_in_the_chart_changes_nothing_outside(
    server: APIServer, release_account: APIServer, item: JSON
) -> None:
    assert refusals(server, [item]) == [], "the administrator could"

    with pytest.raises(Refused, match=f'User "{user("market-impact")}" cannot patch'):
        release_account.apply(item, dry_run=True)


def test_the_step_changes_no_other_release_and_nothing_of_the_services(
    server: APIServer, step_account: APIServer
) -> None:
    (release,) = of_kind(step("production", "apps"), "HelmRelease").values()
    other = release | {"metadata": release["metadata"] | {"name": "istiod"}}
    (settings, *_) = of_kind(rendered("production"), "ConfigMap").values()
    (root, *_) = of_kind(step("production", FLUX), "Kustomization").values()

    for item in (other, settings, root):
        assert refusals(server, [item]) == []
        with pytest.raises(Refused, match=f'User "{user("apps")}" cannot patch'):
            step_account.apply(item, dry_run=True)


def test_helm_installs_upgrades_and_uninstalls_with_these_rights(
    control_plane: ControlPlane, granted: APIServer
) -> None:
    """Hooks, Helm's record and the wait for pods included; a chart with one object more is refused."""
    control_plane.start_machines()
    values = given_values("production")
    account = user(releases("production")[RELEASE]["serviceAccountName"])
    with (
        Config(kubeconfig_path=control_plane.kubeconfig, kube_as_user=account, namespace=NAMESPACE) as config,
        helm.Chart.load(CHART) as chart,
    ):
        installed = config.install(chart, RELEASE, values, wait="watcher", timeout=120)
        try:
            changed = values | {"keda": {"enabled": True}}
            upgraded = config.upgrade(chart, RELEASE, changed, wait="watcher", timeout=120)
            left = granted.items("HorizontalPodAutoscaler", NAMESPACE, version="autoscaling/v2")
        finally:
            config.uninstall(RELEASE, wait="watcher", timeout=120)
        with pytest.raises(HelmError, match="forbidden"):
            config.install(chart, RELEASE, values, namespace="monitoring", timeout=120)

    assert [one["status"] for one in (installed, upgraded)] == ["deployed", "deployed"]
    assert left == [], "what the chart has no more is deleted"
    assert granted.items("Deployment", NAMESPACE, version="apps/v1") == []
