"""What Prometheus scrapes in the mesh: pods as istiod's webhook changes them, monitors as the operator reads them."""

from pathlib import Path

import pytest

from charts.rendering import ENVIRONMENTS, rendered
from common.gateway import SERVICES
from tests.platform.mesh.conftest import Inject
from tests.platform.support.chart import JSON, of_kind
from tests.platform.support.clusters import everything
from tests.platform.support.foreign_charts import rendered_chart
from tests.platform.support.scraping import scraped

# A monitor of the clusters and the release whose pods it is for.
OTHERS = {"istio-ingress": "istio-ingress", "flagger": "flagger", "flagger-loadtester": "flagger-loadtester"}


def pod_of(deployment: JSON, number: int, *, name: str | None = None) -> JSON:
    """Return a running pod of a Deployment."""
    template, metadata = deployment["spec"]["template"], deployment["metadata"]
    own = {"name": f"{name or metadata['name']}-{number}", "namespace": metadata["namespace"]}
    return {
        "metadata": {**template["metadata"], **own},
        "spec": template["spec"],
        "status": {"podIP": f"10.244.1.{number}" if number % 2 else f"fd00::{number}"},
    }


def where(targets: list[JSON], name: str) -> list[tuple[str, str]]:
    """Return the pod and address of each target that a monitor keeps."""
    return sorted(
        (one["labels"]["pod"], one["scrapeUrl"]) for one in targets if one["scrapePool"].split("/")[2] == name
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_pod_of_a_service_is_one_target_and_canary_and_primary_are_told_apart(
    inject: Inject, tmp_path: Path, environment: str
) -> None:
    objects = list(rendered(environment))
    made = inject(list(of_kind(objects, "Deployment").values()))
    pods = [
        pod_of(one, 2 * place + 1 + 10 * is_primary, name=one["metadata"]["name"] + "-primary" * is_primary)
        for place, one in enumerate(made)
        for is_primary in (False, True)
    ]

    targets = scraped(list(of_kind(objects, "PodMonitor").values()), pods, tmp_path)

    assert len(targets) == 2 * len(SERVICES)
    for service in SERVICES:
        found = where(targets, service.kubernetes_name)
        assert len(found) == 2
        assert all(url.endswith(":15020/stats/prometheus") for _, url in found)
        assert [("-primary-" in pod) for pod, _ in found].count(True) == 1


def test_gateway_flagger_and_load_tester_are_one_target_each(inject: Inject, tmp_path: Path) -> None:
    monitors = of_kind(everything("production"), "PodMonitor")
    made = inject([next(iter(of_kind(rendered_chart(each), "Deployment").values())) for each in OTHERS.values()])
    pods = [pod_of(one, place) for place, one in enumerate(made, 1)]

    targets = scraped([monitors[name] for name in OTHERS], pods, tmp_path)

    assert {name: len(where(targets, name)) for name in OTHERS} == dict.fromkeys(OTHERS, 1)
    assert all(one["scrapeUrl"].endswith(":15020/stats/prometheus") for one in targets)


def test_istiod_is_one_target(tmp_path: Path) -> None:
    monitor = of_kind(everything("production"), "PodMonitor")["istiod"]
    pod = pod_of(of_kind(rendered_chart("istiod"), "Deployment")["istiod"], 1)

    (target,) = scraped([monitor], [pod], tmp_path)

    assert target["scrapeUrl"] == "http://10.244.1.1:15014/metrics"


def test_a_port_that_no_container_declares_finds_nothing(inject: Inject, tmp_path: Path) -> None:
    """So it was: 15020 is where the agent answers, and stands in no list of ports."""
    objects = list(rendered("production"))
    deployment = of_kind(objects, "Deployment")["alert-signal"]
    monitor = of_kind(objects, "PodMonitor")["alert-signal"]
    undeclared = [{"portNumber": 15020, "path": "/stats/prometheus"}]
    before = {**monitor, "spec": {**monitor["spec"], "podMetricsEndpoints": undeclared}}

    assert scraped([before], [pod_of(inject([deployment])[0], 1)], tmp_path) == []
