"""The routes that the real Flagger makes of each way to divide traffic, from the first installation to a promotion.

The Canaries are the chart's without their hooks and figures, which nobody answers here. Pods are kwok's, and no Istio
reads the routes; the drill shows what it makes of them.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from charts.rendering import NAMESPACE, render
from common.gateway import SERVICES
from tests.platform.support.api_server import APIServer, define, definitions, refusals, until
from tests.platform.support.chart import JSON, of_kind
from tests.platform.support.control_plane import ControlPlane
from tests.platform.support.flagger import start_flagger

FLAGGER, ISTIO = "flagger.app/v1beta1", "networking.istio.io/v1"
HEADERS = {"x-canary": {"exact": "always"}}
COOKIE = {"cookieName": "canary", "maxAgeSeconds": 3600}
CHANGES: JSON = {
    # The shortest that Flagger knows.
    "flagger": {"interval": "10s", "stepWeights": [50]},
    "defaults": {
        "autoscaling": {"enabled": False, "minReplicas": 1, "maxReplicas": 1, "cpuPercent": 70, "memoryPercent": 80}
    },
    "services": {
        "news_ingestion": {"traffic": {"abTest": {"headers": HEADERS, "iterations": 1}}},
        "nlp": {"traffic": {"mirrorPercent": 20}},
        "market_impact": {"traffic": {"sessionAffinity": COOKIE}},
        "alerts": {"traffic": {"sessionAffinity": {**COOKIE, "primaryCookieName": "primary"}}},
    },
}
NAMES = [service.kubernetes_name for service in SERVICES]
# Two and five ticks of 10 s; longer where much else runs.
INITIALISED_SECONDS, PROMOTED_SECONDS = 240, 360


@dataclass
class Rollouts:
    """A release of each service: the routes of each, in the order in which Flagger made them."""

    server: APIServer
    routes: dict[str, list[list[JSON]]] = field(default_factory=lambda: {name: [] for name in NAMES})

    def phases(self) -> set[str]:
        """Return the phases of all Canaries, and note the routes that are new."""
        found = set()
        for name in NAMES:
            service = self.server.get("VirtualService", name, NAMESPACE, version=ISTIO)
            if service and self.routes[name][-1:] != [service["spec"]["http"]]:
                self.routes[name].append(service["spec"]["http"])
            canary = self.server.get("Canary", name, NAMESPACE, version=FLAGGER) or {}
            found.add(canary.get("status", {}).get("phase", ""))
        return found


@pytest.fixture(scope="module")
def rollouts(control_plane: ControlPlane, server: APIServer) -> Iterator[Rollouts]:
    """The four installed, and a release of each promoted."""
    control_plane.start_machines()
    define(server, [one for one in definitions() if one["spec"]["group"] == "flagger.app"])
    objects = render("staging", CHANGES)
    canaries, deployments = of_kind(objects, "Canary"), of_kind(objects, "Deployment")
    for account in of_kind(objects, "ServiceAccount").values():
        server.apply(account)
    for name in NAMES:
        server.apply(deployments[name])
        analysis = canaries[name]["spec"]["analysis"]
        del analysis["metrics"], analysis["webhooks"]
        server.apply(canaries[name])
    with ExitStack() as stack:
        # Nobody has made the Secrets that it would look for.
        options = (f"-namespace={NAMESPACE}", "-enable-config-tracking=false")
        flagger = start_flagger(stack, control_plane, *options)
        seen = Rollouts(server)
        until(lambda: seen.phases() == {"Initialized"}, INITIALISED_SECONDS, flagger.last_words)
        for name in NAMES:
            change = {"spec": {"template": {"metadata": {"annotations": {"release": "next"}}}}}
            server.patch("Deployment", name, NAMESPACE, change, version="apps/v1")
        until(lambda: seen.phases() <= {"Finalising", "Succeeded"}, PROMOTED_SECONDS, flagger.last_words)
        yield seen


def shares(route: JSON) -> dict[str, int]:
    """Return the percentage of each destination, by the end of its name; a single one has all, whatever its weight."""
    destinations = route["route"]
    weights = {one["destination"]["host"].rpartition("-")[2]: one["weight"] for one in destinations}
    return dict.fromkeys(weights, 100) if len(weights) == 1 else weights


def conditions(route: JSON) -> tuple[str, JSON]:
    """Return the prefix and the headers that a route asks for."""
    (match,) = route["match"]
    return match["uri"]["prefix"], match.get("headers", {})


def cookies(route: JSON) -> dict[str, str]:
    """Return the cookie that each destination's answers set."""
    return {
        one["destination"]["host"].rpartition("-")[2]: one["headers"]["response"]["add"]["Set-Cookie"]
        for one in route["route"]
        if "headers" in one
    }


def test_a_real_api_server_takes_canaries_of_every_kind(server: APIServer) -> None:
    assert refusals(server, list(of_kind(render("production", CHANGES), "Canary").values())) == []


def test_only_the_header_leads_to_the_canary_and_never_past_the_prefix(rollouts: Rollouts) -> None:
    states = rollouts.routes["news-ingestion"]

    for state in states:
        assert [conditions(route) for route in state] == [("/news/", HEADERS), ("/news/", {})]
        assert shares(state[1]) == {"primary": 100}
    assert [shares(state[0]) for state in states] == [
        {"primary": 100, "canary": 0},
        {"primary": 0, "canary": 100},
        {"primary": 100, "canary": 0},
    ]


def test_copies_go_to_the_canary_before_any_request_does(rollouts: Rollouts) -> None:
    states = [state for (state,) in rollouts.routes["nlp-processing"]]

    assert [state.get("mirror") for state in states] == [None, {"host": "nlp-processing-canary"}, None, None]
    assert states[1]["mirrorPercentage"] == {"value": 20}
    assert [shares(state)["canary"] for state in states] == [0, 0, 50, 0]
    assert all(conditions(state) == ("/nlp/", {}) for state in states)


@pytest.mark.parametrize(("name", "prefix"), [("market-impact", "/impact"), ("alert-signal", "/alerts")])
def test_a_client_with_the_cookie_stays_and_the_cookie_ends_with_the_rollout(
    rollouts: Rollouts, name: str, prefix: str
) -> None:
    (before,), (sticky, *_primary, drawn), (ended, after) = rollouts.routes[name]

    assert shares(before) == shares(ended) == shares(after) == {"primary": 100, "canary": 0}
    assert shares(drawn) == {"primary": 50, "canary": 50}
    assert shares(sticky) == {"primary": 0, "canary": 100}
    value = re.fullmatch(
        rf"canary=(\w+); Max-Age=3600; HttpOnly; Path={prefix}/v1; Secure", cookies(drawn)["canary"]
    ).group(1)
    asked = {"Cookie": {"regex": f".*canary.*{value}.*"}}
    assert conditions(sticky) == conditions(ended) == (f"{prefix}/", asked)
    assert conditions(before) == conditions(drawn) == conditions(after) == (f"{prefix}/", {})
    assert ended["headers"]["response"]["add"]["Set-Cookie"] == f"canary={value}; Max-Age=-1"


def test_a_client_of_the_primary_stays_for_an_interval_where_the_values_name_its_cookie(rollouts: Rollouts) -> None:
    _before, (_canary, sticky, drawn), _after = rollouts.routes["alert-signal"]
    _before, without, _after = rollouts.routes["market-impact"]

    value = re.fullmatch(
        r"primary=(\w+); Max-Age=10; HttpOnly; Path=/alerts/v1; Secure", cookies(drawn)["primary"]
    ).group(1)
    assert conditions(sticky) == ("/alerts/", {"Cookie": {"regex": f".*primary.*{value}.*"}})
    assert shares(sticky) == {"primary": 100, "canary": 0}
    assert len(without) == 2
    assert set(cookies(without[1])) == {"canary"}
