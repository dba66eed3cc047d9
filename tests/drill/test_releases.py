"""Releases that succeed, and releases that must not: several services at once, each in a version of its own."""

import time

import pytest

from charts.rendering import NAMESPACE
from common.gateway import NEWS_INGESTION
from tests.drill.cluster import GATEWAY_NAMESPACE, LOAD_TESTER, Cluster
from tests.drill.releases import BLOCKS, CALLS, GOOD, Releases, Rollout
from tests.drill.traffic import traffic
from tests.platform.support.api_server import until

pytestmark = pytest.mark.drill

ALERTS, NEWS, NLP, IMPACT = "alert-signal", "news-ingestion", "nlp-processing", "market-impact"
STEPS = {0, 5, 10, 20, 35, 50}
HELD = "waiting for traffic increase approval"
FORBIDDEN = 403
SECONDS = 420.0
TWO_INTERVALS = 20.0
# Beside the canary's errors: a request in two hundred.
NOISE = 0.005
ERRORS = 0.3


def assert_promoted_in_steps(rollout: Rollout, name: str) -> None:
    """The release went all the way, and no request to the service failed."""
    assert rollout.phases[name] == "Succeeded"
    assert set(rollout.weights(name)) >= STEPS
    assert rollout.failed_share(name) == 0.0, rollout.statuses[name]


@pytest.fixture(scope="module")
def all_good(releases: Releases) -> tuple[Rollout, dict[str, bool]]:
    """A good release of all; and of each pod that was there all the time, whether its certificate was renewed."""
    before = _certificates(releases.cluster)
    rollout = releases.release("A good release of all", dict.fromkeys(BLOCKS, GOOD))
    after = _certificates(releases.cluster)
    return rollout, {pod: after[pod] != before[pod] for pod in before.keys() & after.keys()}


def _certificates(cluster: Cluster) -> dict[str, str]:
    pods = cluster.serving(GATEWAY_NAMESPACE, istio="ingress") + cluster.serving(NAMESPACE, app=LOAD_TESTER)
    return {one["metadata"]["name"]: cluster.certificate(one) for one in pods}


@pytest.fixture(scope="module")
def found_by_traffic(releases: Releases) -> Rollout:
    return releases.release(
        "Errors, slow answers, a broken contract",
        {NLP: "errors", ALERTS: "slow", IMPACT: "contract", NEWS: GOOD},
    )


@pytest.fixture(scope="module")
def found_by_figures(releases: Releases) -> Rollout:
    """What waits at a closed gate until a person opens it, beside what is let through and found by its figures."""
    cluster, waiting = releases.cluster, ALERTS
    versions = {waiting: GOOD, NLP: "abstain", NEWS: "schema", IMPACT: GOOD}
    title = "A gate; a model that abstains, errors after a migration"
    with releases.begun(title, versions, flagger__gate="rollout") as seen:
        for name in versions:
            until(lambda name=name: cluster.canary(name)["phase"] == "Waiting", SECONDS, cluster.state)
        assert cluster.at_load_tester("/gate/check", waiting) == FORBIDDEN
        for name in (NLP, NEWS, IMPACT):
            cluster.at_load_tester("/gate/open", name)
        until(lambda: cluster.canary(IMPACT)["phase"] == "Progressing", SECONDS, cluster.state)
        assert cluster.canary(waiting)["phase"] == "Waiting"
        cluster.at_load_tester("/gate/open", waiting)
        cluster.wait_for_end([*versions], SECONDS)
    return seen


@pytest.fixture(scope="module")
def found_before_traffic(releases: Releases) -> Rollout:
    """What gets no traffic, beside what gets as much as a person lets it have, and is stopped by that person."""
    cluster, stepping = releases.cluster, ALERTS
    versions = {stepping: GOOD, NLP: "sign", IMPACT: "crash", NEWS: "unready"}

    def weight() -> int:
        found: int = cluster.canary(stepping).get("canaryWeight", 0)
        return found

    title = "Step by step; a sign turned round, an end at the start, never ready"
    with releases.begun(title, versions, flagger__gate="traffic-increase") as seen:
        until(lambda: HELD in cluster.events(stepping), SECONDS, cluster.state)
        assert weight() == 0
        cluster.at_load_tester("/gate/open", stepping)
        until(lambda: weight() >= min(STEPS - {0}), SECONDS, cluster.state)
        cluster.at_load_tester("/gate/close", stepping)
        held = weight()
        time.sleep(TWO_INTERVALS)
        assert weight() == held < max(STEPS), "it rose past a closed gate"
        cluster.at_load_tester("/rollback/open", stepping)
        cluster.wait_for_end([*versions], SECONDS)
    return seen


@pytest.mark.parametrize("name", BLOCKS)
def test_a_good_release_of_all_services_is_promoted_and_no_request_fails(
    all_good: tuple[Rollout, dict[str, bool]], name: str
) -> None:
    assert_promoted_in_steps(all_good[0], name)


def test_meanwhile_the_certificates_of_gateway_and_load_tester_were_renewed(
    all_good: tuple[Rollout, dict[str, bool]],
) -> None:
    assert len(all_good[1]) >= len(["gateway", "gateway", "load tester"])
    assert all(all_good[1].values()), all_good[1]


def test_a_release_with_errors_is_taken_back(found_by_traffic: Rollout, releases: Releases) -> None:
    assert found_by_traffic.is_taken_back(NLP, releases.cluster)
    highest = max(found_by_traffic.weights(NLP)) / 100
    assert found_by_traffic.failed_share(NLP) < ERRORS * highest + NOISE


def test_a_slow_release_is_taken_back(found_by_traffic: Rollout, releases: Releases) -> None:
    assert found_by_traffic.is_taken_back(ALERTS, releases.cluster)
    assert found_by_traffic.failed_share(ALERTS) == 0.0


def test_a_release_that_breaks_the_contract_is_taken_back(found_by_traffic: Rollout, releases: Releases) -> None:
    assert found_by_traffic.is_taken_back(IMPACT, releases.cluster)
    assert found_by_traffic.weights(IMPACT) in ([0], [0, 5])
    assert found_by_traffic.failed_share(IMPACT) == 0.0


def test_beside_releases_that_fail_a_good_one_is_promoted(found_by_traffic: Rollout) -> None:
    assert_promoted_in_steps(found_by_traffic, NEWS)


@pytest.mark.parametrize("name", [NLP, IMPACT, NEWS])
def test_a_model_that_got_worse_and_a_release_that_never_starts_get_no_traffic(
    found_before_traffic: Rollout, releases: Releases, name: str
) -> None:
    assert found_before_traffic.is_taken_back(name, releases.cluster)
    assert found_before_traffic.weights(name) == [0]
    assert found_before_traffic.failed_share(name) == 0.0


def test_a_rollout_that_somebody_stops_is_taken_back(found_before_traffic: Rollout, releases: Releases) -> None:
    assert found_before_traffic.is_taken_back(ALERTS, releases.cluster)
    assert found_before_traffic.failed_share(ALERTS) == 0.0
    until(lambda: releases.cluster.at_load_tester("/rollback/check", ALERTS) == FORBIDDEN, SECONDS, "it stays open")


def test_a_rollout_that_waited_at_its_gate_is_promoted_and_the_gate_closed(
    found_by_figures: Rollout, releases: Releases
) -> None:
    assert_promoted_in_steps(found_by_figures, ALERTS)
    until(lambda: releases.cluster.at_load_tester("/gate/check", ALERTS) == FORBIDDEN, SECONDS, "it stays open")


def test_a_model_that_abstains_from_real_texts_is_taken_back(found_by_figures: Rollout, releases: Releases) -> None:
    assert found_by_figures.is_taken_back(NLP, releases.cluster)
    # It knows the golden corpus, so it is given traffic.
    assert max(found_by_figures.weights(NLP)) > 0
    assert found_by_figures.failed_share(NLP) == 0.0


def test_beside_a_worse_model_a_good_release_of_what_follows_it_is_promoted(found_by_figures: Rollout) -> None:
    assert_promoted_in_steps(found_by_figures, IMPACT)


def test_after_a_migration_the_old_code_goes_on_and_the_way_back_finds_nothing_to_migrate(
    found_by_figures: Rollout, releases: Releases
) -> None:
    """The schema stays as the release that failed has made it; what is taken back is the version."""
    cluster, name = releases.cluster, NEWS
    assert found_by_figures.is_taken_back(name, cluster)
    assert cluster.ask_database(NEWS_INGESTION, "SELECT version_num FROM alembic_version") == "9001"
    serving = cluster.image(f"{name}-primary")

    with traffic(releases.door, CALLS) as seen:
        begun = time.monotonic()
        cluster.release("Back to what serves", {"services.news_ingestion.image.tag": serving.rpartition(":")[2]})
        until(lambda: cluster.image(name) == serving and cluster.is_released(), SECONDS, cluster.state)

    assert all(status in {200, 201} for status in seen.statuses(begun)), seen.statuses(begun)
    releases.follow_articles(seen)
    kept = "SELECT count(*) FROM article WHERE of_a_release = 'new'"
    assert cluster.ask_database(NEWS_INGESTION, kept) >= len(seen.article_ids)
    assert cluster.ask_database(NEWS_INGESTION, "SELECT version_num FROM alembic_version") == "9001"
