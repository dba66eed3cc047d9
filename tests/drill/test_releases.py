"""Releases that succeed, and releases that must not."""

import pytest

from tests.drill.releases import BLOCKS, Releases, Rollout

pytestmark = pytest.mark.drill

STEPS = [0, 5, 10, 20, 35, 50]
# Beside the canary's errors: a request in two hundred.
NOISE = 0.005


def assert_taken_back(rollout: Rollout, name: str, releases: Releases) -> None:
    """The rollout failed, its canary has no traffic, and no other service's client noticed."""
    assert rollout.phases == {name: "Failed"}
    assert releases.cluster.canary(name)["canaryWeight"] == 0
    assert all(rollout.failed_share(other) == 0.0 for other in BLOCKS if other != name), rollout.statuses


def test_a_good_release_of_all_services_is_promoted_and_no_request_fails(releases: Releases) -> None:
    rollout = releases.release([*BLOCKS], "A good release")

    assert set(rollout.phases.values()) == {"Succeeded"}
    assert all(rollout.failed_share(name) == 0.0 for name in BLOCKS), rollout.statuses
    assert all(set(STEPS) <= set(rollout.weights(name)) for name in BLOCKS)


def test_a_release_with_errors_is_taken_back(releases: Releases) -> None:
    rollout = releases.release(["nlp-processing"], "Errors", "errors")

    assert_taken_back(rollout, "nlp-processing", releases)
    highest = max(rollout.weights("nlp-processing")) / 100
    assert rollout.failed_share("nlp-processing") < 0.3 * highest + NOISE


def test_a_slow_release_is_taken_back(releases: Releases) -> None:
    rollout = releases.release(["alert-signal"], "Slow answers", "slow")

    assert_taken_back(rollout, "alert-signal", releases)
    assert rollout.failed_share("alert-signal") == 0.0


def test_a_model_that_got_worse_gets_no_traffic(releases: Releases) -> None:
    rollout = releases.release(["nlp-processing"], "A sign turned round", "sign")

    assert_taken_back(rollout, "nlp-processing", releases)
    assert rollout.weights("nlp-processing") == [0]
    assert rollout.failed_share("nlp-processing") == 0.0


def test_a_release_that_breaks_the_contract_is_taken_back(releases: Releases) -> None:
    rollout = releases.release(["market-impact"], "A broken contract", "contract")

    assert_taken_back(rollout, "market-impact", releases)
    assert max(rollout.weights("market-impact")) <= STEPS[1]


def test_without_figures_nothing_is_promoted(releases: Releases) -> None:
    rollout = releases.release(["market-impact"], "Figures away", monitoring__podMonitor=False)

    assert_taken_back(rollout, "market-impact", releases)
    assert rollout.failed_share("market-impact") == 0.0


def test_a_release_that_never_starts_is_taken_back_at_its_deadline(releases: Releases) -> None:
    rollout = releases.release(["market-impact"], "Ends at its start", "crash", monitoring__podMonitor=True)

    assert_taken_back(rollout, "market-impact", releases)
    assert rollout.weights("market-impact") == [0]
    assert rollout.failed_share("market-impact") == 0.0
