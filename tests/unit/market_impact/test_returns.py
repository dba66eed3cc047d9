"""Returns from prices."""

import numpy as np

from market_impact.prices.returns import returns_from_prices


def test_simple_and_log_returns_of_known_prices() -> None:
    prices = np.array([100.0, 110.0, 99.0])

    assert np.allclose(returns_from_prices(prices, "simple")[1:], [0.10, -0.10])
    assert np.allclose(returns_from_prices(prices, "log")[1:], [np.log(1.1), np.log(0.9)])
    assert np.isnan(returns_from_prices(prices, "log")[0])


def test_a_gap_is_never_bridged() -> None:
    returns = returns_from_prices(np.array([100.0, np.nan, 121.0, 0.0, 50.0, 55.0]), "simple")

    assert np.isnan(returns[:5]).all()
    assert np.isclose(returns[5], 0.10)


def test_no_prices_give_no_returns() -> None:
    assert len(returns_from_prices(np.empty(0), "log")) == 0


def test_two_prices_below_one_have_a_return() -> None:
    assert np.allclose(returns_from_prices(np.array([0.5, 0.4]), "simple"), [np.nan, -0.2], equal_nan=True)
