"""What the cluster refuses: mistakes, privileges, more than the quota, and one eviction too many."""

from copy import deepcopy

import httpx
import pytest

from charts.rendering import NAMESPACE, rendered
from tests.drill.cluster import FLAGGER, GATEWAY_NAMESPACE, Cluster
from tests.platform.support.api_server import pods, refusals, until
from tests.platform.support.chart import JSON

pytestmark = pytest.mark.drill

VIRTUAL_SERVICE = "networking.istio.io/v1"
SECONDS = 120.0


def changed(cluster: Cluster, kind: str, version: str) -> JSON:
    """Return an object of the cluster as somebody would write it anew."""
    found = cluster.server.get(kind, "alert-signal", NAMESPACE, version=version)
    assert found is not None
    metadata = {"name": "alert-signal", "namespace": NAMESPACE}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": found["spec"]}


def test_a_mistaken_canary_and_a_mistaken_virtual_service_are_refused(cluster: Cluster) -> None:
    canary, route = changed(cluster, "Canary", FLAGGER), changed(cluster, "VirtualService", VIRTUAL_SERVICE)
    assert refusals(cluster.server, [canary, route]) == []

    canary["spec"]["analysis"]["threshold"] = "five"
    route["spec"]["http"][0]["redirect"] = {"uri": "/elsewhere"}

    of_canary, of_route = refusals(cluster.server, [canary, route])
    assert "threshold" in of_canary
    assert "denied the request" in of_route
    assert "redirect" in of_route


def test_pods_of_the_chart_are_let_in_and_one_with_privileges_is_not(cluster: Cluster) -> None:
    made = pods(deepcopy(rendered("staging")))
    assert refusals(cluster.server, made) == []

    made[0]["spec"]["containers"][0]["securityContext"] = {"privileged": True}

    (refused,) = refusals(cluster.server, made[:1])
    assert "violates PodSecurity" in refused


def test_what_asks_for_more_than_the_quota_is_refused(cluster: Cluster) -> None:
    made = pods(deepcopy(rendered("staging")))[0]
    made["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "100", "memory": "1Gi"}}

    (refused,) = refusals(cluster.server, [made])

    assert "exceeded quota" in refused


def test_of_two_pods_of_the_gateway_one_at_a_time_may_be_evicted(cluster: Cluster) -> None:
    def evict(pod: JSON) -> int:
        metadata = {"name": pod["metadata"]["name"], "namespace": GATEWAY_NAMESPACE}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        path = cluster.server.path("v1", "Pod", GATEWAY_NAMESPACE, pod["metadata"]["name"])
        return cluster.server.http.post(f"{path}/eviction", json=body).status_code

    def serving() -> list[JSON]:
        return cluster.serving(GATEWAY_NAMESPACE, istio="ingress")

    one, other = serving()
    assert (evict(one), evict(other)) == (httpx.codes.CREATED, httpx.codes.TOO_MANY_REQUESTS)
    cluster.gateway()

    took = until(lambda: len(serving()) == 2, SECONDS, cluster.state)
    cluster.say(f"an evicted pod of the gateway was replaced within {took:.0f} s")
