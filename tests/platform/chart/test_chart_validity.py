"""What the chart renders is valid: for Helm, for the oldest and the newest Kubernetes, and for its own schema."""

import json
import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from helm_python import chart as helm
from helm_python.errors import HelmError

from charts.rendering import CHART, ENVIRONMENTS, NAMESPACE, RELEASE, given_values, render, rendered
from tests.platform.support.chart import CORE_GROUPS, JSON, group

# The oldest that Chart.yaml admits, and the newest whose schemas are to be had.
KUBERNETES_VERSIONS = ("1.31", kubernetes_validate.latest_version())
CUSTOM_RESOURCES = {
    "flagger.app/v1beta1": {"Canary"},
    "monitoring.coreos.com/v1": {"PodMonitor"},
    "networking.istio.io/v1": {"DestinationRule", "Sidecar", "VirtualService"},
    "security.istio.io/v1": {"AuthorizationPolicy"},
}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_helm_lint_finds_nothing_even_when_strict(environment: str) -> None:
    report = helm.lint(CHART, given_values(environment), strict=True, namespace=NAMESPACE)

    assert report["errors"] == []
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
def test_every_object_of_kubernetes_is_valid_strictly(version: str) -> None:
    objects = [item for environment in ENVIRONMENTS for item in rendered(environment) if group(item) in CORE_GROUPS]
    # Many objects are the same everywhere; each validation reads two megabytes of schema.
    distinct = {json.dumps(item, sort_keys=True): item for item in objects}

    for item in distinct.values():
        kubernetes_validate.validate(item, version, strict=True)

    assert len(distinct) > 50


def test_labels_are_valid_where_flux_adds_the_commit_to_the_version(tmp_path: Path) -> None:
    """A plus sign and the commit: so does the HelmChart of clusters/ (`reconcileStrategy: Revision`)."""
    archive = helm.package(CHART, destination=tmp_path, version="0.1.0+bd4c713a7df6.1")
    with helm.Chart.load(archive) as loaded:
        files = loaded.render(given_values("staging"), name=RELEASE, namespace=NAMESPACE, is_install=True)
    texts = (text for path, text in files.items() if path.endswith(".yaml"))
    items = [item for text in texts for item in yaml.safe_load_all(text) if item]
    labels = {value for item in items for value in item["metadata"].get("labels", {}).values()}

    assert "market-impact-analysis-system-0.1.0_bd4c713a7df6.1" in labels
    assert not [
        value for value in labels if not re.fullmatch(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?", value)
    ]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_other_objects_are_of_known_kinds(environment: str) -> None:
    others = [item for item in rendered(environment) if group(item) not in CORE_GROUPS]

    assert all(item["kind"] in CUSTOM_RESOURCES[item["apiVersion"]] for item in others)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_object_is_there_twice_and_each_says_its_namespace(environment: str) -> None:
    names = [(item["kind"], item["metadata"]["name"]) for item in rendered(environment)]

    assert len(names) == len(set(names))
    assert {item["metadata"]["namespace"] for item in rendered(environment)} == {NAMESPACE}


@pytest.mark.parametrize(
    "changes",
    [
        {"global": {"imageTag": "latest"}},
        {"services": {"nlp": {"image": {"tag": "latest"}}}},
        {"services": {"nlp": {"image": {"digest": "sha256:abc"}}}},
        {"global": {"environment": "testing"}},
        {"global": {"config": {"DATABASE_PASSWORD": "hunter2"}}},
        {"global": {"config": {"log_level": "INFO"}}},
        {"services": {"nlp": {"port": 50052}}},
        {"services": {"nlp": {"prefix": "/text"}}},
        {"services": {"nlp": {"replicaCount": 0}}},
        {"services": {"translation": {"port": 8084}}},
        {"defaults": {"replicas": 0}},
        {"istio": {"enabled": False}, "flagger": {"enabled": True, "loadTesterServiceAccount": "tester"}},
        {"flagger": {"enabled": True}},
        {"flagger": {"threshold": 1}},
        {"services": {"nlp": {"latencyMilliseconds": 3000}}},
        {"gateway": {"url": "http://gateway/prefix"}},
    ],
    ids=json.dumps,
)
def test_values_that_would_do_harm_are_refused(changes: JSON) -> None:
    with pytest.raises(HelmError):
        render("development", changes)


def test_a_block_that_a_service_names_wins_even_where_it_says_no() -> None:
    off = {"enabled": False, "minReplicas": 1, "maxReplicas": 1, "cpuPercent": 70, "memoryPercent": 80}

    objects = render("production", {"services": {"nlp": {"autoscaling": off}}})

    scaled = {item["metadata"]["name"] for item in objects if item["kind"] == "HorizontalPodAutoscaler"}
    assert scaled == {"news-ingestion", "market-impact", "alert-signal"}
