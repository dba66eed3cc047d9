"""Other ways to divide the traffic than by weight: by a header, by a cookie, and copies of it."""

import httpx
import pytest

from tests.drill.releases import BLOCKS, GOOD, Releases
from tests.platform.support.api_server import until
from tests.platform.support.chart import JSON

pytestmark = pytest.mark.drill

ALERTS, NEWS, NLP = "alert-signal", "news-ingestion", "nlp-processing"
COOKIE = "canary"
TRAFFIC: dict[str, JSON] = {
    ALERTS: {"abTest": {"headers": {"x-canary": {"exact": "always"}}, "iterations": 5}},
    NEWS: {"sessionAffinity": {"cookieName": COOKIE, "maxAgeSeconds": 600}},
    NLP: {"mirrorPercent": 100},
}
SECONDS = 240.0
LOGGED_SECONDS = 10.0
MANY = 20


def test_a_tester_alone_sees_the_canary_a_client_stays_where_it_was_and_copies_change_nothing(
    releases: Releases,
) -> None:
    cluster = releases.cluster
    changes = {f"services__{BLOCKS[name]}__traffic": given for name, given in TRAFFIC.items()}
    # Then each request leaves a line in the log of the pod that was asked.
    changes |= {f"services__{BLOCKS[name]}__config__LOG_LEVEL": "DEBUG" for name in TRAFFIC}
    with releases.begun("By header, by cookie, by copies", dict.fromkeys(TRAFFIC, GOOD), **changes) as rollout:
        copied = CopiedRequests(releases)
        until(copied.have_come, SECONDS, cluster.state)
        weight_of_copies = cluster.canary(NLP).get("canaryWeight", 0)
        until(lambda: cluster.canary(ALERTS).get("iterations", 0) >= 1, SECONDS, cluster.state)
        of_tester = asked(releases, "/alerts/v1/rules", {"x-canary": "always"})
        of_others = asked(releases, "/alerts/v1/rules", {})
        until(lambda: of_tester <= logged(releases, ALERTS, of_tester), LOGGED_SECONDS, cluster.state)
        seen_of_others = logged(releases, ALERTS, of_others)
        until(lambda: cluster.canary(NEWS).get("canaryWeight", 0) >= 10, SECONDS, cluster.state)
        of_client = asked_with_cookie(releases, "/news/v1/counts")
        weight_of_client = cluster.canary(NEWS)["canaryWeight"]
        until(lambda: of_client <= logged(releases, NEWS, of_client), LOGGED_SECONDS, cluster.state)
        cluster.wait_for_end([*TRAFFIC], SECONDS)
    # For whatever is released next.
    cluster.release("By weight again", {f"services.{BLOCKS[name]}.traffic": {} for name in TRAFFIC})

    assert set(rollout.phases.values()) == {"Succeeded"}, rollout.phases
    assert all(rollout.failed_share(name) == 0.0 for name in TRAFFIC), rollout.statuses
    assert rollout.weights(ALERTS) in ([0], [0, 100])
    assert weight_of_copies == 0
    assert seen_of_others == set()
    # By weight, so many in a row would have gone to the canary once in a million times.
    assert len(of_client) == MANY
    assert weight_of_client <= 50


def asked(releases: Releases, path: str, headers: dict[str, str]) -> set[str]:
    """Ask many times; return the requests' identifiers, which the gateway gives."""
    with releases.door.client() as http:
        answers = [releases.door.ask(http, "GET", path, headers=headers) for _ in range(MANY)]
    return {identifier(one) for one in answers}


def asked_with_cookie(releases: Releases, path: str) -> set[str]:
    """Ask as one client until it is given the canary's cookie, then many times; return the identifiers of those."""
    with releases.door.client() as http:
        until(lambda: releases.door.ask(http, "GET", path) and COOKIE in http.cookies, SECONDS, "no cookie came")
        return {identifier(releases.door.ask(http, "GET", path)) for _ in range(MANY)}


def identifier(answer: httpx.Response) -> str:
    return answer.raise_for_status().headers["X-Request-ID"]


def logged(releases: Releases, name: str, identifiers: set[str]) -> set[str]:
    """Return which requests a canary's pods have logged."""
    log = releases.cluster.log(name)
    return {one for one in identifiers if one in log}


class CopiedRequests:
    """Requests of clients that the canary sees too, before it answers any."""

    def __init__(self, releases: Releases) -> None:
        self._releases = releases
        self._identifiers: set[str] = set()

    def have_come(self) -> bool:
        """Ask once more, and return whether the canary has seen requests that the primary has answered."""
        door = self._releases.door
        with door.client() as http:
            self._identifiers.add(identifier(door.ask(http, "GET", "/nlp/v1/counts")))
        return len(logged(self._releases, NLP, self._identifiers)) >= 3
