"""Releases that succeed, and releases that must not: several services at once, each in a version of its own."""

import time

import pytest

from common.gateway import NEWS_INGESTION
from tests.drill.releases import BLOCKS, CALLS, GOOD, Releases, Rollout
from tests.drill.traffic import traffic
from tests.platform.support.api_server import until

pytestmark = pytest.mark.drill

STEPS = {0, 5, 10, 20, 35, 50}
# Beside the canary's errors: a request in two hundred.
NOISE = 0.005
ERRORS = 0.3
BACK_SECONDS = 180.0


def assert_promoted_in_steps(rollout: Rollout, name: str) -> None:
    """The release went all the way, and no request to the service failed."""
    assert rollout.phases[name] == "Succeeded"
    assert set(rollout.weights(name)) >= STEPS
    assert rollout.failed_share(name) == 0.0, rollout.statuses[name]


@pytest.fixture(scope="module")
def all_good(releases: Releases) -> Rollout:
    return releases.release("A good release of all", dict.fromkeys(BLOCKS, GOOD))


@pytest.fixture(scope="module")
def found_by_traffic(releases: Releases) -> Rollout:
    return releases.release(
        "Errors, slow answers, a broken contract",
        {"nlp-processing": "errors", "alert-signal": "slow", "market-impact": "contract", "news-ingestion": GOOD},
    )


@pytest.fixture(scope="module")
def found_before_traffic(releases: Releases) -> Rollout:
    return releases.release(
        "A sign turned round, an end at the start, never ready",
        {"nlp-processing": "sign", "market-impact": "crash", "news-ingestion": "unready", "alert-signal": GOOD},
    )


@pytest.fixture(scope="module")
def found_by_figures(releases: Releases) -> Rollout:
    return releases.release(
        "A model that abstains, errors after a migration",
        {"nlp-processing": "abstain", "news-ingestion": "schema", "market-impact": GOOD},
    )


@pytest.mark.parametrize("name", BLOCKS)
def test_a_good_release_of_all_services_is_promoted_and_no_request_fails(all_good: Rollout, name: str) -> None:
    assert_promoted_in_steps(all_good, name)


def test_a_release_with_errors_is_taken_back(found_by_traffic: Rollout, releases: Releases) -> None:
    assert found_by_traffic.is_taken_back("nlp-processing", releases.cluster)
    highest = max(found_by_traffic.weights("nlp-processing")) / 100
    assert found_by_traffic.failed_share("nlp-processing") < ERRORS * highest + NOISE


def test_a_slow_release_is_taken_back(found_by_traffic: Rollout, releases: Releases) -> None:
    assert found_by_traffic.is_taken_back("alert-signal", releases.cluster)
    assert found_by_traffic.failed_share("alert-signal") == 0.0


def test_a_release_that_breaks_the_contract_is_taken_back(found_by_traffic: Rollout, releases: Releases) -> None:
    assert found_by_traffic.is_taken_back("market-impact", releases.cluster)
    assert found_by_traffic.weights("market-impact") in ([0], [0, 5])
    assert found_by_traffic.failed_share("market-impact") == 0.0


def test_beside_releases_that_fail_a_good_one_is_promoted(found_by_traffic: Rollout) -> None:
    assert_promoted_in_steps(found_by_traffic, "news-ingestion")


@pytest.mark.parametrize("name", ["nlp-processing", "market-impact", "news-ingestion"])
def test_a_model_that_got_worse_and_a_release_that_never_starts_get_no_traffic(
    found_before_traffic: Rollout, releases: Releases, name: str
) -> None:
    assert found_before_traffic.is_taken_back(name, releases.cluster)
    assert found_before_traffic.weights(name) == [0]
    assert found_before_traffic.failed_share(name) == 0.0


def test_beside_releases_that_never_start_a_good_one_is_promoted(found_before_traffic: Rollout) -> None:
    assert_promoted_in_steps(found_before_traffic, "alert-signal")


def test_a_model_that_abstains_from_real_texts_is_taken_back(found_by_figures: Rollout, releases: Releases) -> None:
    assert found_by_figures.is_taken_back("nlp-processing", releases.cluster)
    # It knows the golden corpus, so it is given traffic.
    assert max(found_by_figures.weights("nlp-processing")) > 0
    assert found_by_figures.failed_share("nlp-processing") == 0.0


def test_beside_a_worse_model_a_good_release_of_what_follows_it_is_promoted(found_by_figures: Rollout) -> None:
    assert_promoted_in_steps(found_by_figures, "market-impact")


def test_after_a_migration_the_old_code_goes_on_and_the_way_back_finds_nothing_to_migrate(
    found_by_figures: Rollout, releases: Releases
) -> None:
    """The schema stays as the release that failed has made it; what is taken back is the version."""
    cluster, name = releases.cluster, "news-ingestion"
    assert found_by_figures.is_taken_back(name, cluster)
    assert cluster.ask_database(NEWS_INGESTION, "SELECT version_num FROM alembic_version") == "9001"
    serving = cluster.image(f"{name}-primary")

    with traffic(releases.door, CALLS) as seen:
        begun = time.monotonic()
        cluster.release("Back to what serves", {"services.news_ingestion.image.tag": serving.rpartition(":")[2]})
        until(lambda: cluster.image(name) == serving and cluster.is_released(), BACK_SECONDS, cluster.state)

    assert all(status in {200, 201} for status in seen.statuses(begun)), seen.statuses(begun)
    releases.follow_articles(seen)
    kept = "SELECT count(*) FROM article WHERE of_a_release = 'new'"
    assert cluster.ask_database(NEWS_INGESTION, kept) >= len(seen.article_ids)
    assert cluster.ask_database(NEWS_INGESTION, "SELECT version_num FROM alembic_version") == "9001"
