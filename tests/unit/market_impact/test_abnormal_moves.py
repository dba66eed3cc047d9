"""What prices say about news, against the same arithmetic written out."""

from dataclasses import fields

import numpy as np
import pytest

from common.contracts import Basis
from market_impact.estimation.abnormal_moves import EstimationWindow, Measurement, NewsWindow, measure_news
from market_impact.prices.arrays import FloatArray
from market_impact.prices.price_series import DailyPrices, PriceSeries

SESSION = 150
ESTIMATION = EstimationWindow(length=100, gap=10, min_days=60)
WINDOW = slice(SESSION - 10 - 100, SESSION - 10)
NAMES = [field.name for field in fields(Measurement)]


def prices(seed: int, market: FloatArray | None = None) -> DailyPrices:
    """Return 200 sessions of prices whose closes follow `market` (log returns) by 1.3."""
    generator = np.random.default_rng(seed)
    moves = generator.normal(0.0, 0.01, 200) + (0.0 if market is None else 1.3 * market)
    close = 100.0 * np.exp(moves.cumsum())
    return DailyPrices(0, close * np.exp(generator.normal(0.0, 0.004, 200)), close, close)


BENCHMARK = prices(1)
SECURITY = prices(2, np.nan_to_num(BENCHMARK.close_returns()))


def measure(basis: Basis, horizon_days: int, security: DailyPrices = SECURITY) -> dict[str, float]:
    series = PriceSeries.of(security, BENCHMARK)
    found = measure_news([NewsWindow(series, SESSION, horizon_days, basis)], ESTIMATION)
    return {name: float(getattr(found, name)[0]) for name in NAMES}


def fit(y: FloatArray, x: FloatArray) -> tuple[float, float, float]:
    """Return alpha, beta and the residual variance of the estimation window."""
    beta, alpha = np.polyfit(x[WINDOW], y[WINDOW], 1)
    residuals = y[WINDOW] - alpha - beta * x[WINDOW]
    return float(alpha), float(beta), float(residuals @ residuals / 98.0)


def move(y: FloatArray, x: FloatArray, days: slice) -> tuple[float, float, float]:
    """Return the abnormal return over `days`, its variance, and the variance that was to be expected."""
    alpha, beta, variance = fit(y, x)
    k, market = days.stop - days.start, float(x[days].sum())
    spread = float(((x[WINDOW] - x[WINDOW].mean()) ** 2).sum())
    expected = variance * (k + k**2 / 100.0)
    lever = variance * (market - k * float(x[WINDOW].mean())) ** 2 / spread
    return float(y[days].sum()) - k * alpha - beta * market, expected + lever, expected


def closes(security: DailyPrices = SECURITY) -> tuple[FloatArray, FloatArray]:
    return security.close_returns(), BENCHMARK.close_returns()


def sessions(security: DailyPrices = SECURITY) -> tuple[FloatArray, FloatArray]:
    return security.session_returns(), BENCHMARK.session_returns()


@pytest.mark.parametrize("horizon_days", [1, 2, 3])
def test_a_reaction_adds_sessions_from_close_to_close(horizon_days: int) -> None:
    car, variance, expected = move(*closes(), slice(SESSION, SESSION + horizon_days))

    found = measure("reaction", horizon_days)

    assert found["car"] == pytest.approx(car, abs=1e-12)
    assert found["car_standard_error"] == pytest.approx(variance**0.5, rel=1e-9)
    assert found["volatility"] == pytest.approx(expected**0.5, rel=1e-9)
    assert found["beta"] == pytest.approx(fit(*closes())[1], rel=1e-9)
    assert found["n_estimation_days"] == 100


def test_after_over_one_session_counts_from_open_to_close_alone() -> None:
    car, variance, expected = move(*sessions(), slice(SESSION, SESSION + 1))

    found = measure("after", 1)

    assert found["car"] == pytest.approx(car, abs=1e-12)
    assert found["car_standard_error"] == pytest.approx(variance**0.5, rel=1e-9)
    assert found["volatility"] == pytest.approx(expected**0.5, rel=1e-9)
    assert found["beta"] == pytest.approx(fit(*sessions())[1], rel=1e-9)
    assert found["n_estimation_days"] == 100


@pytest.mark.parametrize("horizon_days", [2, 3])
def test_after_over_more_adds_the_first_session_to_the_nights_that_follow(horizon_days: int) -> None:
    first = move(*sessions(), slice(SESSION, SESSION + 1))
    rest = move(*closes(), slice(SESSION + 1, SESSION + horizon_days))

    found = measure("after", horizon_days)

    assert found["car"] == pytest.approx(first[0] + rest[0], abs=1e-12)
    assert found["car_standard_error"] == pytest.approx((first[1] + rest[1]) ** 0.5, rel=1e-9)
    assert found["volatility"] == pytest.approx((first[2] + rest[2]) ** 0.5, rel=1e-9)
    assert found["beta"] == pytest.approx(fit(*closes())[1], rel=1e-9)


@pytest.mark.parametrize("smallest", [1e-300, 1e-40])
@pytest.mark.parametrize("basis", ["reaction", "after"])
def test_a_return_that_no_security_has_is_not_realised(basis: Basis, smallest: float) -> None:
    """Bars of before prices had a smallest one: the fall is beyond what can be told as a return, or learned from."""
    fallen = SECURITY.close.copy(), SECURITY.adjusted_close.copy()
    for values in fallen:
        values[SESSION] = smallest

    found = measure(basis, 1, DailyPrices(0, SECURITY.open, *fallen))

    assert np.isnan(found["car"])
    assert np.isnan(found["car_standard_error"])
    assert np.isfinite(found["volatility"])


def test_an_open_without_a_night_needs_no_returns_from_close_to_close() -> None:
    without_nights = DailyPrices(0, SECURITY.open, SECURITY.close, np.full(200, np.nan))

    found = measure("after", 1, without_nights)

    assert found == measure("after", 1)
    assert all(np.isfinite(value) for value in found.values())
    assert all(np.isnan(measure("after", 2, without_nights)[name]) for name in ("car", "volatility", "beta"))
    assert all(np.isnan(measure("reaction", 1, without_nights)[name]) for name in ("car", "volatility", "beta"))


def test_a_window_that_lacks_a_day_has_no_outcome_and_keeps_its_volatility() -> None:
    gap = SECURITY.close.copy()
    gap[SESSION] = np.nan
    found = measure("after", 1, DailyPrices(0, SECURITY.open, gap, gap))

    assert np.isnan(found["car"])
    assert np.isnan(found["car_standard_error"])
    assert found["volatility"] == pytest.approx(measure("after", 1)["volatility"])


def test_news_on_a_security_without_prices_has_no_figures_and_leaves_the_others_theirs() -> None:
    series = PriceSeries.of(SECURITY, BENCHMARK)

    found = measure_news(
        [
            NewsWindow(None, SESSION, 1, "after"),
            NewsWindow(series, SESSION, 2, "after"),
            NewsWindow(None, 0, 1, "reaction"),
        ],
        ESTIMATION,
    )

    assert {name: float(getattr(found, name)[1]) for name in NAMES} == measure("after", 2)
    assert found.n_estimation_days[[0, 2]].tolist() == [0.0, 0.0]
    assert all(np.isnan(getattr(found, name)[[0, 2]]).all() for name in NAMES if name != "n_estimation_days")


@pytest.mark.parametrize("basis", ["reaction", "after"])
def test_as_many_days_as_are_needed_are_enough(basis: Basis) -> None:
    window = NewsWindow(PriceSeries.of(SECURITY, BENCHMARK), SESSION, 2, basis)

    enough, short = (measure_news([window], EstimationWindow(60, 10, min_days)) for min_days in (60, 61))

    assert enough.n_estimation_days[0] == short.n_estimation_days[0] == 60
    assert np.isfinite([enough.volatility[0], enough.car[0], enough.car_standard_error[0], enough.beta[0]]).all()
    assert np.isnan([short.volatility[0], short.car[0], short.car_standard_error[0], short.beta[0]]).all()


@pytest.mark.parametrize("basis", ["reaction", "after"])
def test_a_security_that_never_moved_has_no_volatility_to_scale_by(basis: Basis) -> None:
    still = np.full(200, 50.0)

    found = measure(basis, 2, DailyPrices(0, still, still, still))

    assert found["beta"] == 0.0
    assert all(np.isnan(found[name]) for name in ("volatility", "car", "car_standard_error"))
