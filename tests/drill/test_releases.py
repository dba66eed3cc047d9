"""Releases that succeed, and releases that must not."""

import time

import pytest

from tests.drill.cluster import Cluster
from tests.drill.traffic import Call, traffic

pytestmark = pytest.mark.drill

HOST = "staging-api.example.com"
TEXT = {"texts": [{"title": "Apple shares jump as quarterly profit beats estimates"}]}
CALLS = [
    Call("nlp-processing", "POST", "/nlp/v1/texts:analyze", TEXT),
    Call("nlp-processing", "GET", "/nlp/v1/analyses"),
    Call("alert-signal", "GET", "/alerts/v1/rules"),
]


def test_a_good_release_is_promoted_and_no_request_fails(cluster: Cluster) -> None:
    with traffic(cluster.gateway(), HOST, cluster.key, CALLS) as seen:
        begun = time.monotonic()
        cluster.release("Release 0.1.1", {"global.imageTag": "0.1.1"})
        went = cluster.follow(["nlp-processing", "alert-signal"], 600)
        statuses = seen.statuses(begun)

    assert cluster.canary("nlp-processing")["phase"] == "Succeeded", went
    assert set(statuses) == {200}, statuses


def test_a_release_with_errors_is_taken_back(cluster: Cluster) -> None:
    with traffic(cluster.gateway(), HOST, cluster.key, CALLS) as seen:
        begun = time.monotonic()
        cluster.release("Release 0.1.2, with errors", {"global.imageTag": "0.1.2-errors"})
        went = cluster.follow(["nlp-processing"], 600)
        statuses = seen.statuses(begun, "nlp-processing")

    assert cluster.canary("nlp-processing")["phase"] == "Failed", went
    assert statuses[500] < 0.05 * sum(statuses.values()), statuses
