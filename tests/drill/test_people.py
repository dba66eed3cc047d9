"""What people do to a rollout: open its gate, stop it, and go back at once."""

import pytest

from tests.drill.releases import GOOD, Releases
from tests.platform.support.api_server import until

pytestmark = pytest.mark.drill

ALERTS, NLP = "alert-signal", "nlp-processing"
SECONDS = 180.0
HELD = "waiting for traffic increase approval"


def test_a_rollout_waits_at_its_gate_until_it_is_opened(releases: Releases) -> None:
    cluster = releases.cluster
    with releases.begun("A gate", {ALERTS: GOOD, NLP: GOOD}, flagger__gate="rollout") as rollout:
        for name in (ALERTS, NLP):
            until(lambda name=name: cluster.canary(name)["phase"] == "Waiting", SECONDS, cluster.state)
        closed = cluster.at_load_tester("/gate/check", ALERTS)
        cluster.at_load_tester("/gate/open", ALERTS)
        until(lambda: cluster.canary(ALERTS)["phase"] == "Progressing", SECONDS, cluster.state)
        other = cluster.canary(NLP)["phase"]
        cluster.at_load_tester("/gate/open", NLP)
        cluster.wait_for_end([ALERTS, NLP], SECONDS)

    assert (closed, other) == (403, "Waiting")
    assert rollout.phases == {ALERTS: "Succeeded", NLP: "Succeeded"}
    assert rollout.failed_share(ALERTS) == rollout.failed_share(NLP) == 0.0
    until(lambda: cluster.at_load_tester("/gate/check", NLP) == 403, SECONDS, cluster.state)


def test_traffic_rises_while_the_gate_is_open_and_a_rollout_that_somebody_stops_is_taken_back(
    releases: Releases,
) -> None:
    cluster = releases.cluster

    def weight(name: str) -> int:
        found: int = cluster.canary(name).get("canaryWeight", 0)
        return found

    with releases.begun("Step by step", {ALERTS: GOOD, NLP: GOOD}, flagger__gate="traffic-increase") as rollout:
        for name in (ALERTS, NLP):
            until(lambda name=name: HELD in cluster.events(name), SECONDS, cluster.state)
        assert weight(ALERTS) == weight(NLP) == 0
        cluster.at_load_tester("/gate/open", ALERTS)
        until(lambda: weight(ALERTS) >= 5, SECONDS, cluster.state)
        cluster.at_load_tester("/gate/close", ALERTS)
        cluster.at_load_tester("/rollback/open", NLP)
        until(lambda: cluster.canary(NLP)["phase"] == "Failed", SECONDS, cluster.state)
        held = weight(ALERTS)
        assert held < 50
        cluster.at_load_tester("/gate/open", ALERTS)
        cluster.wait_for_end([ALERTS], SECONDS)

    assert rollout.phases == {ALERTS: "Succeeded", NLP: "Failed"}
    assert rollout.failed_share(ALERTS) == rollout.failed_share(NLP) == 0.0
    assert rollout.weights(NLP) == [0]
    until(lambda: cluster.at_load_tester("/rollback/check", NLP) == 403, SECONDS, cluster.state)


def test_the_way_back_goes_live_without_steps(releases: Releases) -> None:
    back = releases.release("The way back", {ALERTS: GOOD}, flagger__skipAnalysis=True)

    assert back.phases == {ALERTS: "Succeeded"}
    assert back.weights(ALERTS) == [0]
    assert back.failed_share(ALERTS) == 0.0


def test_after_the_way_back_releases_are_tried_again_and_without_figures_nothing_is_promoted(
    releases: Releases,
) -> None:
    name = "market-impact"
    rollout = releases.release("Figures away", {name: GOOD}, monitoring__podMonitor=False)

    assert rollout.is_taken_back(name, releases.cluster)
    assert rollout.failed_share(name) == 0.0
