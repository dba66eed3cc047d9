"""The fast way back that people take, and the next release after it."""

import pytest

from tests.drill.releases import GOOD, Releases

pytestmark = pytest.mark.drill


def test_the_way_back_goes_live_without_steps(releases: Releases) -> None:
    name = "alert-signal"
    back = releases.release("The way back", {name: GOOD}, flagger__skipAnalysis=True)

    assert back.phases == {name: "Succeeded"}
    assert back.weights(name) == [0]
    assert back.failed_share(name) == 0.0


def test_the_next_release_is_tried_again_and_without_figures_it_is_not_promoted(releases: Releases) -> None:
    name = "market-impact"
    rollout = releases.release("Figures away", {name: GOOD}, monitoring__podMonitor=False)

    assert rollout.is_taken_back(name, releases.cluster)
    assert rollout.failed_share(name) == 0.0
