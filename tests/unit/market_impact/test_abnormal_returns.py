"""Abnormal returns of events under each model of the normal return."""

import numpy as np
import pytest

from market_impact.event_studies.abnormal_returns import AbnormalReturns, StudyWindows, measure_events
from market_impact.event_studies.normal_returns import MissingSeriesError, ModelName, ReturnPanel, normal_return_model


def panel(n_days: int = 300, *, seed: int = 5) -> ReturnPanel:
    generator = np.random.default_rng(seed)
    market = generator.normal(0.0003, 0.01, n_days)
    factors = np.column_stack([market - 0.0001, generator.normal(0, 0.005, (n_days, 2))])
    returns = np.column_stack([1.2 * market, 0.5 * market]) + generator.normal(0, 0.015, (n_days, 2))
    return ReturnPanel(
        days=np.arange(n_days),
        tickers=("A", "B"),
        returns=returns,
        benchmark=market,
        factors=factors,
        risk_free=np.full(n_days, 0.0001),
    )


def measure(data: ReturnPanel, model: ModelName, windows: StudyWindows, position: int = 250) -> AbnormalReturns:
    chosen = normal_return_model(model, data)
    return measure_events(data, chosen, np.array([0]), np.array([position]), windows)


@pytest.mark.parametrize("model", ["market", "constant_mean", "fama_french_3"])
def test_each_estimated_model_agrees_with_least_squares(model: ModelName) -> None:
    data = panel()
    windows = StudyWindows(first=-2, last=3, estimation_length=120, estimation_gap=10)

    found = measure(data, model, windows)

    chosen = normal_return_model(model, data)
    y = data.returns[:, 0] - chosen.offset
    span, ahead = slice(250 - 2 - 10 - 120, 250 - 2 - 10), slice(248, 254)
    x = chosen.design[span]
    coefficients, *_ = np.linalg.lstsq(x, y[span], rcond=None)
    residuals = y[span] - x @ coefficients
    variance = residuals @ residuals / (120 - x.shape[1])
    expected = y[ahead] - chosen.design[ahead] @ coefficients
    covariance = variance * (np.eye(6) + chosen.design[ahead] @ np.linalg.inv(x.T @ x) @ chosen.design[ahead].T)
    assert np.allclose(found.abnormal[0], expected, atol=1e-12)
    assert np.allclose(found.variance[0], np.diag(covariance))
    assert np.isclose(found.car_standard_error[0] ** 2, covariance.sum())
    assert np.allclose(found.residuals[0], residuals)
    assert found.degrees_of_freedom[0] == 120 - x.shape[1]


def test_market_adjusted_estimates_nothing() -> None:
    data = panel()

    found = measure(data, "market_adjusted", StudyWindows(0, 1, 100, 5))

    excess = data.returns[:, 0] - data.benchmark
    estimation = excess[250 - 5 - 100 : 250 - 5]
    assert np.allclose(found.abnormal[0], excess[250:252])
    assert np.allclose(found.variance[0], (estimation**2).mean())
    assert found.degrees_of_freedom[0] == 100


def test_the_package_eventstudy_is_a_choice_of_variance() -> None:
    data = panel()
    plain = measure(data, "market", StudyWindows(0, 3, 100, 5))
    other = measure(data, "market", StudyWindows(0, 3, 100, 5, variance="residual_population"))

    sigma = plain.residuals[0].std(ddof=0)
    assert np.allclose(np.sqrt(other.cumulative_variance[0]), sigma * np.sqrt(np.arange(1, 5)))
    assert other.degrees_of_freedom[0] == 99


def test_an_event_without_enough_estimation_days_is_unusable() -> None:
    found = measure(panel(), "market", StudyWindows(0, 1, 100, 5, min_estimation_days=50), position=40)

    assert not found.usable[0]
    assert np.isnan(found.t_stat()[0])


def test_an_event_window_cut_by_the_data_sums_what_is_there() -> None:
    data = panel()
    full = measure(data, "market", StudyWindows(0, 1, 100, 5), position=298)
    cut = measure(data, "market", StudyWindows(0, 3, 100, 5), position=298)

    assert np.isnan(cut.abnormal[0][2:]).all()
    assert np.isclose(cut.car[0], full.car[0])
    assert np.isclose(cut.car_standard_error[0], full.car_standard_error[0])


def test_a_model_says_which_series_it_lacks() -> None:
    bare = ReturnPanel(np.arange(10), ("A",), np.zeros((10, 1)))

    with pytest.raises(MissingSeriesError, match="benchmark"):
        normal_return_model("market", bare)
    with pytest.raises(MissingSeriesError, match="mkt_rf"):
        normal_return_model("fama_french_3", bare)


def test_residuals_can_be_left_out() -> None:
    data = panel()
    model = normal_return_model("market", data)

    found = measure_events(
        data, model, np.array([0]), np.array([250]), StudyWindows(0, 1, 100, 5), with_residuals=False
    )

    assert found.residuals.shape == (1, 0)
    assert found.usable[0]
