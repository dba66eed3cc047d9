"""Market models by prefix sums against plain least squares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_impact.prices.market_model import PairSums, fit_market_models, stack


def by_hand(y: np.ndarray, x: np.ndarray, event_y: np.ndarray, event_x: np.ndarray) -> tuple[float, float]:
    """Return the CAR and its forecast-error variance with a design matrix, one equation after the other."""
    design = np.column_stack([np.ones_like(x), x])
    coefficients, *_ = np.linalg.lstsq(design, y, rcond=None)
    residuals = y - design @ coefficients
    variance = residuals @ residuals / (len(y) - 2)
    ahead = np.column_stack([np.ones_like(event_x), event_x])
    covariance = variance * (np.eye(len(event_x)) + ahead @ np.linalg.inv(design.T @ design) @ ahead.T)
    return float((event_y - ahead @ coefficients).sum()), float(covariance.sum())


def test_a_worked_example() -> None:
    # x = 1..4 %, y = 2x + {+1, -1, -1, +1} %: alpha 0, beta 2, SSE 4e-4, s2 2e-4, mean 2.5 %, Sxx 5e-4.
    market = np.array([0.01, 0.02, 0.03, 0.04, 0.05])
    security = np.array([0.03, 0.03, 0.05, 0.09, 0.13])
    sums = PairSums.of(security, market)

    fit = fit_market_models(sums.windows(np.array([0]), np.array([4])))
    car, variance = fit.abnormal_return(sums.windows(np.array([4]), np.array([5])))

    assert np.isclose(fit.alpha[0], 0.0)
    assert np.isclose(fit.beta[0], 2.0)
    assert np.isclose(fit.residual_variance[0], 2e-4)
    assert np.isclose(car[0], 0.03)
    assert np.isclose(variance[0], 2e-4 * (1 + 1 / 4 + 0.025**2 / 5e-4))


def test_three_days_are_the_fewest_that_a_model_is_fitted_to() -> None:
    market, security = np.array([0.01, 0.02, 0.04]), np.array([0.02, 0.04, 0.09])
    sums = PairSums.of(security, market)

    fit = fit_market_models(sums.windows(np.array([0, 0]), np.array([3, 2])))

    assert np.isfinite(fit.beta).tolist() == [True, False]
    assert np.isfinite(fit.residual_variance).tolist() == [True, False]


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10_000), length=st.integers(20, 250), horizon=st.integers(1, 12), scale=st.floats(0.001, 0.2)
)
def test_prefix_sums_agree_with_a_design_matrix(seed: int, length: int, horizon: int, scale: float) -> None:
    generator = np.random.default_rng(seed)
    market = generator.normal(0.0004, 0.01, 600)
    security = 0.0002 + 1.3 * market + generator.normal(0.0, scale, 600)
    start = int(generator.integers(0, 600 - length - horizon))
    stop = start + length
    sums = PairSums.of(security, market)

    fit = fit_market_models(sums.window(start, stop)[None, :])
    car, variance = fit.abnormal_return(sums.window(stop, stop + horizon)[None, :])

    ahead = slice(stop, stop + horizon)
    expected = by_hand(security[start:stop], market[start:stop], security[ahead], market[ahead])
    assert car[0] == pytest.approx(expected[0], abs=1e-10)
    assert variance[0] == pytest.approx(expected[1], rel=1e-8)


def test_missing_days_are_left_out_of_the_fit() -> None:
    generator = np.random.default_rng(1)
    market, security = generator.normal(0, 0.01, 60), generator.normal(0, 0.02, 60)
    holed = security.copy()
    holed[[3, 17]] = np.nan
    kept = ~np.isnan(holed)

    fit = fit_market_models(PairSums.of(holed, market).window(0, 60)[None, :])
    dense = fit_market_models(PairSums.of(security[kept], market[kept]).window(0, 58)[None, :])

    assert fit.n_days[0] == 58
    assert np.isclose(fit.beta[0], dense.beta[0])


def test_too_few_days_or_a_still_market_give_no_fit() -> None:
    still = PairSums.of(np.random.default_rng(0).normal(0, 0.01, 30), np.full(30, 0.001))
    short = PairSums.of(np.array([0.01, 0.02]), np.array([0.01, 0.03]))

    assert np.isnan(fit_market_models(still.window(0, 30)[None, :]).beta[0])
    assert np.isnan(fit_market_models(short.window(0, 2)[None, :]).beta[0])


def test_a_window_beyond_the_series_is_empty() -> None:
    sums = PairSums.of(np.array([0.01, 0.02]), np.array([0.01, 0.03]))

    assert not sums.window(5, 9).any()
    assert not sums.window(-9, -5).any()
    assert sums.window(-9, 1)[0] == 1.0


@given(st.integers(0, 1000), st.integers(-5, 14), st.integers(-5, 14))
@settings(max_examples=60, deadline=None)
def test_windows_are_each_the_window_of_its_bounds(seed: int, start: int, stop: int) -> None:
    draw = np.random.default_rng(seed)
    sums = PairSums.of(draw.normal(size=9), draw.normal(size=9))
    starts, stops = np.array([start, 0, 2]), np.array([stop, 9, 1])

    together = sums.windows(starts, stops)

    each = stack([sums.window(int(low), int(high)) for low, high in zip(starts, stops, strict=True)])
    np.testing.assert_array_equal(together, each)
    assert each.shape == (3, 6)
    assert stack([]).shape == (0, 6)


def test_without_a_market_the_forecast_takes_it_at_its_mean() -> None:
    draw = np.random.default_rng(5)
    sums = PairSums.of(draw.normal(size=30), draw.normal(size=30))
    model = fit_market_models(sums.window(0, 30).reshape(1, 6))

    unknown, at_mean = model.forecast_variance(3.0), model.forecast_variance(3.0, 3.0 * model.market_mean)

    np.testing.assert_allclose(unknown, at_mean, rtol=1e-12)
    np.testing.assert_allclose(unknown, model.residual_variance * (3.0 + 9.0 / 30.0), rtol=1e-12)
