"""The real Flux brings each cluster from a commit to life, and keeps it as Git says; the tests follow one another."""

import base64
import shutil

import pytest
import yaml

from charts.rendering import NAMESPACE, RELEASE, merged_values
from common import gateway
from tests.gitops.drill import Drill, next_patch, ready
from tests.gitops.registry import new_key
from tests.platform.support.chart import of_kind
from tests.platform.support.clusters import CLUSTERS, releases, step, steps
from tests.platform.support.foreign_charts import CHARTS

pytestmark = pytest.mark.gitops

EVERY_CLUSTER = pytest.mark.parametrize("drill", CLUSTERS, indirect=True, scope="module")
PRODUCTION = pytest.mark.parametrize("drill", ["production"], indirect=True, scope="module")
SERVICES = {service.kubernetes_name: service.name for service in gateway.SERVICES}
SERVICE = "nlp-processing"
OTHERS = set(SERVICES) - {SERVICE}


@EVERY_CLUSTER
def test_everything_becomes_ready_in_the_declared_order(drill: Drill) -> None:
    drill.apply_root()

    took = drill.wait_for_all()

    drill.report.append(f"  all of {len(drill.ready_at)} Kustomizations and HelmReleases are Ready: {took:.1f} s")
    for name, spec in steps(drill.cluster).items():
        begun = min(one["created"] for one in created(drill, name)) if name != "flux-system" else None
        for waited in spec.get("dependsOn", []):
            assert begun is not None
            assert drill.ready_at["Kustomization", waited["name"]] <= begun, f"{name} began before {waited['name']}"
    for name, spec in releases(drill.cluster).items():
        begun = drill.release(name)["status"]["history"][-1]["firstDeployed"]
        for waited in spec.get("dependsOn", []):
            assert drill.ready_at["HelmRelease", waited["name"]] <= begun, f"{name} began before {waited['name']}"


def created(drill: Drill, name: str) -> list[dict[str, str]]:
    """Return when each object of a step was made."""
    found = []
    for item in step(drill.cluster, name):
        one = drill.server.get(
            item["kind"], item["metadata"]["name"], item["metadata"].get("namespace"), version=item["apiVersion"]
        )
        assert one is not None, f"{name} has not applied {item['kind']}/{item['metadata']['name']}"
        found.append({"created": one["metadata"]["creationTimestamp"]})
    return found


@EVERY_CLUSTER
def test_secrets_are_decrypted_by_the_controller(drill: Drill) -> None:
    wanted = {key: values for key, values in drill.repository.secrets.items() if key[0] == drill.cluster}

    assert len(wanted) == len(of_kind(step(drill.cluster, "secrets"), "Secret"))
    for (_, namespace, name), values in wanted.items():
        secret = drill.server.get("Secret", name, namespace)
        assert secret is not None
        assert {key: base64.b64decode(value).decode() for key, value in secret["data"].items()} == values


@EVERY_CLUSTER
def test_pods_of_restricted_namespaces_run_with_the_sidecar_that_istiod_gave_them(drill: Drill) -> None:
    for namespace in of_kind(step(drill.cluster, "namespaces"), "Namespace").values():
        labels, name = namespace["metadata"]["labels"], namespace["metadata"]["name"]
        if "istio-injection" not in labels:
            continue
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
        found = [one for one in drill.server.items("Pod", name) if one["status"]["phase"] == "Running"]
        assert found, f"no pod runs in {name}"
        for pod in found:
            containers = pod["spec"]["containers"] + pod["spec"].get("initContainers", [])
            assert "istio-proxy" in {one["name"] for one in containers}, pod["metadata"]["name"]


@PRODUCTION
def test_a_commit_without_a_tag_does_not_move_production(drill: Drill) -> None:
    revision, image = drill.fetch(), drill.image(SERVICE)
    raise_image(drill, "0.1.1")

    drill.repository.commit("Raise the image")
    drill.commit_next_version()

    assert drill.fetch() == revision
    assert revision.startswith("v"), "a tag"
    # A candidate is none, nor is another major version.
    drill.repository.tag(f"{next_patch(drill.version)}-rc.1")
    drill.repository.tag("2.0.0")
    assert drill.fetch() == revision
    assert drill.image(SERVICE) == image
    drill.repository.revert(2)


@EVERY_CLUSTER
def test_a_new_image_of_one_service_reaches_its_deployment_and_no_other(drill: Drill) -> None:
    others = {name: drill.deployment(name)["spec"]["template"] for name in OTHERS}
    raise_image(drill, "0.1.1")

    drill.deliver("Raise the image")

    drill.until(lambda: drill.image(SERVICE) == named(drill, "0.1.1"), "a raised image in the Deployment")
    drill.until(lambda: is_applied(drill), "its release Ready")
    assert {name: drill.deployment(name)["spec"]["template"] for name in OTHERS} == others


@PRODUCTION
def test_a_release_that_nobody_trusted_has_signed_is_refused_and_the_old_one_serves(drill: Drill) -> None:
    raise_image(drill, "0.1.2")
    drill.repository.commit("Raise the image")
    drill.commit_next_version()
    digest = drill.publish_chart()
    revision = drill.repository.tag(drill.version)
    assert drill.fetch() == revision

    drill.until(lambda: is_refused(drill), "an unsigned chart refused")
    drill.until(lambda: said(drill, "Verification", "firing", kind="HelmChart"), "its event in the inbox of alerts")
    drill.registry.sign(digest, new_key())
    drill.look_again("HelmChart")
    assert is_refused(drill), "a stranger's signature is none"
    assert drill.image(SERVICE) == named(drill, "0.1.1")
    assert drill.deployment(SERVICE)["status"]["readyReplicas"] >= 1

    drill.registry.sign(digest, drill.key)

    drill.until(lambda: drill.image(SERVICE) == named(drill, "0.1.2"), "the same chart, signed, in the Deployment")
    drill.until(lambda: is_applied(drill), "its release Ready")
    drill.until(lambda: said(drill, "", "resolved", kind="HelmChart"), "its alert resolved")


@EVERY_CLUSTER
def test_drift_is_corrected_but_not_the_number_of_replicas(drill: Drill) -> None:
    image, least = drill.image(SERVICE), merged_values(drill.cluster)["defaults"]["autoscaling"]["minReplicas"]
    # Kubernetes' own autoscaler raises what a Deployment without a number begins with.
    drill.until(lambda: drill.deployment(SERVICE)["spec"]["replicas"] == least, f"{least} replicas by the autoscaler")
    pod = {"containers": [{"name": "app", "image": "registry.example.com/by-hand:1"}]}
    answer = drill.server.http.patch(
        drill.server.path("apps/v1", "Deployment", NAMESPACE, SERVICE),
        json={"spec": {"replicas": least + 1, "template": {"spec": pod}}},
        headers={"Content-Type": "application/strategic-merge-patch+json"},
    )
    answer.raise_for_status()
    assert drill.image(SERVICE) != image

    drill.until(lambda: drill.image(SERVICE) == image, "an image changed by hand put back")

    assert drill.deployment(SERVICE)["spec"]["replicas"] == least + 1, "the autoscaler and Flagger own them"
    # That it drifted and that it was corrected is said within milliseconds, and Flux sends both at once.
    drill.until(lambda: said(drill, "Drift"), "its event in the inbox of alerts")


@EVERY_CLUSTER
def test_a_broken_commit_leaves_the_old_release_serving_and_a_revert_heals(drill: Drill) -> None:
    image = drill.image(SERVICE)
    good = drill.version
    raise_image(drill, "latest")
    drill.deliver("Raise the image to none in particular")

    # Not Ready it is for a moment for other reasons, too, while its chart is fetched.
    drill.until(
        lambda: f"{SERVICES[SERVICE]}/image/tag" in str(drill.release()["status"]["conditions"]),
        "`latest` refused by the chart's schema",
    )

    # What runs is untouched.
    assert drill.image(SERVICE) == image
    assert drill.deployment(SERVICE)["status"]["readyReplicas"] >= 1
    drill.until(lambda: said(drill, "UpgradeFailed", "firing"), "its event in the inbox of alerts")

    if drill.cluster == "production":
        # The older commit under a higher version: the chart that it names, and that chart's images.
        revision = drill.roll_back(good)
        assert drill.fetch() == revision
        drill.repository.revert(2)
    else:
        drill.repository.revert()

    drill.until(lambda: is_applied(drill), "healed by going back")
    drill.until(lambda: said(drill, "UpgradeSucceeded", "resolved"), "its alert resolved")
    assert drill.image(SERVICE) == image


@EVERY_CLUSTER
def test_a_removed_folder_is_pruned_and_no_pod_restarts_for_it(drill: Drill) -> None:
    items = step(drill.cluster, "monitoring")
    assert len(created(drill, "monitoring")) == len(items)
    shutil.rmtree(drill.repository.work / "clusters" / "base" / "monitoring")
    order = drill.repository.work / "clusters" / "base" / "flux-system" / "order.yaml"
    kept = [
        one for one in yaml.safe_load_all(order.read_text(encoding="utf-8")) if one["metadata"]["name"] != "monitoring"
    ]
    order.write_text(yaml.safe_dump_all(kept), encoding="utf-8")

    template = drill.deployment(SERVICE)["spec"]["template"]

    revision = drill.deliver("Remove the step monitoring")

    def is_gone() -> bool:
        return not [
            item
            for item in items
            if drill.server.get(
                item["kind"], item["metadata"]["name"], item["metadata"]["namespace"], version=item["apiVersion"]
            )
        ]

    drill.until(is_gone, f"{len(items)} objects of a removed folder pruned")
    commit, version = revision.removeprefix("main@sha1:")[:12], f"{drill.version}+"
    drill.until(
        lambda: (
            (version if drill.cluster == "production" else commit)
            in drill.release()["status"]["history"][0]["chartVersion"]
            and is_applied(drill)
        ),
        "the same chart of another commit applied",
    )
    # Or each commit or release, whatever it is about, would restart every pod and start a canary of every service.
    assert drill.deployment(SERVICE)["spec"]["template"] == template


@EVERY_CLUSTER
def test_only_charts_that_no_module_carries_were_replaced(drill: Drill) -> None:
    (line,) = [line for line in drill.report if line.startswith(f"{drill.cluster}: an empty chart")]

    assert line.count("kube-prometheus-stack") == line.count("kiali-server") == line.count("keda ") == 1
    assert len(releases(drill.cluster)) - len(CHARTS) - 1 == 3, "all but ours and those of Istio and Flagger"


def raise_image(drill: Drill, tag: str) -> None:
    values = drill.repository.work / "charts" / "market-impact-analysis-system" / f"values-{drill.cluster}.yaml"
    written = yaml.safe_load(values.read_text(encoding="utf-8"))
    written["services"][SERVICES[SERVICE]]["image"] = {"tag": tag, "digest": ""}
    values.write_text(yaml.safe_dump(written), encoding="utf-8")


def named(drill: Drill, tag: str) -> str:
    return f"{merged_values(drill.cluster)['global']['imageRegistry']}/{SERVICE}:{tag}"


def is_refused(drill: Drill) -> bool:
    """Tell whether Flux has looked at the signatures of the newest chart, and found none that it trusts."""
    chart = drill.source("HelmChart")
    condition = ready(chart, "SourceVerified")
    return condition.get("status") == "False" and condition["observedGeneration"] == chart["metadata"]["generation"]


def is_applied(drill: Drill) -> bool:
    """Tell whether the release is Ready with what its newest chart says."""
    release = drill.release()
    condition = ready(release)
    return condition.get("status") == "True" and condition["observedGeneration"] == release["metadata"]["generation"]


def said(drill: Drill, reason: str, state: str = "", kind: str = "HelmRelease") -> bool:
    """Tell whether the last event of the release in the inbox had this reason, and its alert is in this state."""
    newest, *_ = [*drill.inbox.alerts(kind, RELEASE), {"title": "", "state": ""}]
    return reason in newest["title"] and state in newest["state"]
