"""Other ways to divide the traffic than by weight: by a header, by a cookie, and copies of it."""

from concurrent.futures import ThreadPoolExecutor

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
FEW = 3


def test_a_tester_alone_sees_the_canary_a_client_stays_where_it_was_and_copies_change_nothing(
    releases: Releases,
) -> None:
    changes = {f"services__{BLOCKS[name]}__traffic": given for name, given in TRAFFIC.items()}
    # Then each request leaves a line in the log of the pod that was asked.
    changes |= {f"services__{BLOCKS[name]}__config__LOG_LEVEL": "DEBUG" for name in TRAFFIC}
    with (
        releases.begun("By header, by cookie, by copies", dict.fromkeys(TRAFFIC, GOOD), **changes) as rollout,
        ThreadPoolExecutor() as pool,
    ):
        looks = [pool.submit(look, releases) for look in (of_a_tester_alone, of_one_client, of_copies)]
        releases.cluster.wait_for_end([*TRAFFIC], SECONDS)
        for one in looks:
            one.result()

    assert set(rollout.phases.values()) == {"Succeeded"}, rollout.phases
    assert all(rollout.failed_share(name) == 0.0 for name in TRAFFIC), rollout.statuses
    assert rollout.weights(ALERTS) in ([0], [0, 100])


def of_a_tester_alone(releases: Releases) -> None:
    """The header leads to the canary, and nothing else does."""
    cluster = releases.cluster
    until(lambda: cluster.canary(ALERTS).get("iterations", 0) >= 1, SECONDS, cluster.state)
    of_others = asked(releases, "/alerts/v1/rules", {})
    of_tester = asked(releases, "/alerts/v1/rules", {"x-canary": "always"})
    until(lambda: of_tester <= logged(releases, ALERTS, of_tester), LOGGED_SECONDS, "the tester was led elsewhere")
    # Asked before, so in the log before.
    assert logged(releases, ALERTS, of_others) == set()


def of_one_client(releases: Releases) -> None:
    """Who was given the canary's cookie stays there: by weight, half of the requests at most would go there."""
    cluster = releases.cluster
    until(lambda: cluster.canary(NEWS).get("canaryWeight", 0) >= 5, SECONDS, cluster.state)
    of_client = asked_with_cookie(releases, "/news/v1/counts")
    until(lambda: of_client <= logged(releases, NEWS, of_client), LOGGED_SECONDS, "the client was led elsewhere")
    assert len(of_client) == MANY


def of_copies(releases: Releases) -> None:
    """The canary sees requests that the primary answers, before it is given any of its own."""
    door, identifiers = releases.door, set[str]()

    def weight() -> int:
        found: int = releases.cluster.canary(NLP).get("canaryWeight", 0)
        return found

    def have_come() -> bool:
        before = weight()
        with door.client() as http:
            asked_for = identifier(door.ask(http, "GET", "/nlp/v1/counts"))
        if before == weight() == 0:
            identifiers.add(asked_for)
        return len(logged(releases, NLP, identifiers)) >= FEW

    until(have_come, SECONDS, "the canary was sent no copies")


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
    found: str = answer.raise_for_status().headers["X-Request-ID"]
    return found


def logged(releases: Releases, name: str, identifiers: set[str]) -> set[str]:
    """Return which requests a canary's pods have logged."""
    log = releases.cluster.log(name)
    return {one for one in identifiers if one in log}
