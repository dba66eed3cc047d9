"""The quota of the services' namespace has room for the most that may run there, and no room for twice that."""

import pytest
import yaml

from charts.rendering import NAMESPACE, rendered
from tests.platform.support.chart import JSON, of_kind, pod_templates
from tests.platform.support.clusters import CLUSTERS, step
from tests.platform.support.foreign_charts import chart_folder, rendered_chart
from tests.platform.support.quantities import quantity

AMOUNTS = ("cpu", "memory")


def requests_of(pod: JSON) -> JSON:
    """Return what the containers of a pod ask for together."""
    containers = pod["spec"]["containers"]
    return {
        amount: sum(quantity(str(one["resources"]["requests"][amount])) for one in containers) for amount in AMOUNTS
    }


def sidecar() -> JSON:
    """Return what Istio's sidecar asks for."""
    values = yaml.safe_load((chart_folder("istiod") / "values.yaml").read_text(encoding="utf-8"))
    proxy = values["_internal_defaults_do_not_set"]["global"]["proxy"]["resources"]["requests"]
    return {amount: quantity(proxy[amount]) for amount in AMOUNTS}


def most(cluster: str) -> list[JSON]:
    """Return what each pod asks for at the busiest moment: every service full, as primary and canary, and others."""
    objects, beside = rendered(cluster), sidecar()
    highest = {
        item["spec"]["scaleTargetRef"]["name"]: item["spec"]["maxReplicas"]
        for item in of_kind(objects, "HorizontalPodAutoscaler").values()
    }
    found = []
    for name, pod in pod_templates(objects).items():
        kind, _, workload = name.partition("/")
        # While a Deployment is exchanged it has one pod more.
        n_pods = 2 * (highest[workload] + 1) if kind == "Deployment" else 1
        is_in_mesh = pod["metadata"]["labels"].get("sidecar.istio.io/inject") != "false"
        own = requests_of(pod)
        found += [{amount: own[amount] + beside[amount] * is_in_mesh for amount in AMOUNTS}] * n_pods
    (tester,) = pod_templates(tuple(rendered_chart("flagger-loadtester"))).values()
    return [*found, {amount: requests_of(tester)[amount] + beside[amount] for amount in AMOUNTS}]


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_the_quota_has_room_for_all_that_may_run_and_little_more(cluster: str) -> None:
    (quota,) = of_kind(step(cluster, "configs"), "ResourceQuota").values()
    assert quota["metadata"]["namespace"] == NAMESPACE
    hard = quota["spec"]["hard"]
    pods = most(cluster)
    needed = {"pods": len(pods), **{f"requests.{amount}": sum(one[amount] for one in pods) for amount in AMOUNTS}}

    assert hard.keys() == needed.keys()
    shares = {name: quantity(amount) / needed[name] for name, amount in hard.items()}
    assert all(1.05 <= share <= 1.4 for share in shares.values()), (shares, needed)
