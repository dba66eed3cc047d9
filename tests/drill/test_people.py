"""What people do to a rollout: open its gate, stop it, and go back at once."""

import pytest

from tests.drill.releases import Releases
from tests.platform.support.api_server import until

pytestmark = pytest.mark.drill

NAME = "alert-signal"
SECONDS = 180.0


def test_a_rollout_waits_at_its_gate_until_it_is_opened(releases: Releases) -> None:
    cluster = releases.cluster
    with releases.begun([NAME], "A gate", flagger__gate="rollout", monitoring__podMonitor=True) as rollout:
        until(lambda: cluster.canary(NAME)["phase"] == "Waiting", SECONDS, cluster.state)
        closed = cluster.at_load_tester("/gate/check", NAME)
        cluster.at_load_tester("/gate/open", NAME)
        cluster.wait_for_end([NAME], SECONDS)

    assert closed == 403
    assert rollout.phases == {NAME: "Succeeded"}
    assert rollout.failed_share(NAME) == 0.0
    until(lambda: cluster.at_load_tester("/gate/check", NAME) == 403, SECONDS, cluster.state)


def test_a_rollout_that_somebody_stops_is_taken_back(releases: Releases) -> None:
    cluster = releases.cluster
    with releases.begun([NAME], "Stopped by hand", flagger__gate="none") as rollout:
        until(lambda: cluster.canary(NAME).get("canaryWeight", 0) >= 5, SECONDS, cluster.state)
        cluster.at_load_tester("/rollback/open", NAME)
        cluster.wait_for_end([NAME], SECONDS)

    assert rollout.phases == {NAME: "Failed"}
    assert rollout.failed_share(NAME) == 0.0
    until(lambda: cluster.at_load_tester("/rollback/check", NAME) == 403, SECONDS, cluster.state)


def test_the_way_back_goes_live_without_steps_and_the_next_release_is_tried_again(releases: Releases) -> None:
    back = releases.release([NAME], "The way back", flagger__skipAnalysis=True)
    after = releases.release([NAME], "A slow release after it", "slow", flagger__skipAnalysis=False)

    assert back.phases == {NAME: "Succeeded"}
    assert back.weights(NAME) == [0]
    assert back.failed_share(NAME) == 0.0
    assert after.phases == {NAME: "Failed"}
