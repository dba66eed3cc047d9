"""A whole study, and its warnings."""

import numpy as np
import pytest

from market_impact.event_studies.abnormal_returns import StudyWindows
from market_impact.event_studies.event_study import ALL_TESTS, EventStudy, run_event_study
from market_impact.event_studies.normal_returns import ReturnPanel
from market_impact.event_studies.sample_warnings import TestName

WINDOWS = StudyWindows(first=-1, last=1, estimation_length=100, estimation_gap=5)


def study(
    positions: list[int],
    *,
    effect: float = 0.0,
    seed: int = 0,
    n_days: int = 2_000,
    tests: tuple[TestName, ...] = ALL_TESTS,
) -> EventStudy:
    generator = np.random.default_rng(seed)
    market = generator.normal(0, 0.01, n_days)
    returns = market[:, None] + generator.normal(0, 0.01, (n_days, len(positions)))
    returns[positions, np.arange(len(positions))] += effect
    data = ReturnPanel(np.arange(n_days), tuple(f"T{i}" for i in range(len(positions))), returns, market)
    return run_event_study(data, "market", np.arange(len(positions)), np.array(positions), WINDOWS, tests=tests)


def codes(found: EventStudy) -> set[str]:
    return {warning.code for warning in found.warnings}


def test_a_planted_effect_is_found_on_its_day_by_every_test() -> None:
    positions = list(range(200, 1_800, 40))

    found = study(positions, effect=0.02)

    assert found.aar[1] == pytest.approx(0.02, abs=0.005)
    for result in found.tests:
        assert result.by_day[1].p_value < 0.001, result.name
        assert result.by_day[0].p_value > 0.01, result.name
    assert codes(found) == set()


def test_no_effect_is_found_where_there_is_none() -> None:
    found = study(list(range(200, 1_800, 40)), seed=1)

    assert all(result.window.p_value > 0.01 for result in found.tests)


def test_events_on_one_date_are_warned_about() -> None:
    found = study([900] * 20)

    (warning,) = [warning for warning in found.warnings if warning.code == "clustered_event_dates"]
    assert "patell_z" in warning.doubtful_tests
    assert "kolari_pynnonen" not in warning.doubtful_tests
    doubtful = {result.name for result in found.tests if "clustered_event_dates" in result.doubtful_because}
    assert doubtful == set(warning.doubtful_tests)


def test_few_events_are_warned_about() -> None:
    assert "few_events" in codes(study([300, 500, 700]))
    assert "single_event" in codes(study([300]))


def test_a_single_event_has_averages_but_no_test_over_events() -> None:
    found = study([300], tests=("cross_sectional_t", "boehmer_musumeci_poulsen"))

    assert found.caar[-1] == pytest.approx(found.events.car[0])
    assert all(np.isnan(result.window.statistic) for result in found.tests)


def test_unusable_events_are_left_out_and_said() -> None:
    found = study([20, 500, 700])

    assert found.n_usable == 2
    assert "events_left_out" in codes(found)
    assert np.isnan(found.p_holm[0])


def test_a_study_without_usable_events_answers_with_nothing() -> None:
    found = study([20])

    assert found.n_usable == 0
    assert np.isnan(found.caar).all()
    assert all(np.isnan(result.window.p_value) for result in found.tests)
