"""Least squares by prefix sums, window by window, against numpy's own."""

import numpy as np
import pytest

from market_impact.event_studies.regression import (
    LinearFit,
    cross_product_sums,
    fit_windows,
    quadratic_form,
    window_sums,
)

NAN = np.nan
GENERATOR = np.random.default_rng(11)
DESIGN = np.column_stack([np.ones(40), GENERATOR.normal(0.0, 0.01, 40)])
RESPONSE = DESIGN @ [0.001, 1.3] + GENERATOR.normal(0.0, 0.02, 40)


def fit(design: np.ndarray, response: np.ndarray, *spans: tuple[int, int]) -> LinearFit:
    starts, stops = np.array(spans).T
    return fit_windows(window_sums(cross_product_sums(design, response), starts, stops), design.shape[1])


def test_a_day_that_lacks_a_value_adds_nothing() -> None:
    design, response = np.array([[1.0, 2.0], [1.0, NAN], [1.0, 3.0], [1.0, 4.0]]), np.array([5.0, 6.0, NAN, 7.0])

    sums = cross_product_sums(design, response)

    first = [1.0, 2.0, 5.0, 2.0, 4.0, 10.0, 5.0, 10.0, 25.0, 1.0]
    last = [1.0, 4.0, 7.0, 4.0, 16.0, 28.0, 7.0, 28.0, 49.0, 1.0]
    assert sums.tolist() == [[0.0] * 10, first, first, first, np.add(first, last).tolist()]


@pytest.mark.parametrize(
    ("start", "stop", "expected"), [(-3, 2, 3.0), (0, 1, 1.0), (1, 9, 6.0), (4, 9, 0.0), (-9, -5, 0.0), (-9, 9, 7.0)]
)
def test_what_lies_outside_the_series_counts_as_absent(start: int, stop: int, expected: float) -> None:
    sums = np.array([[0.0], [1.0], [3.0], [7.0]])

    assert window_sums(sums, np.array([start]), np.array([stop])).tolist() == [[expected]]


def test_each_window_has_a_fit_of_its_own() -> None:
    spans = [(0, 40), (5, 20), (10, 13)]

    found = fit(DESIGN, RESPONSE, *spans)

    for row, (start, stop) in enumerate(spans):
        x, y = DESIGN[start:stop], RESPONSE[start:stop]
        coefficients, *_ = np.linalg.lstsq(x, y, rcond=None)
        residuals = y - x @ coefficients
        assert found.coefficients[row] == pytest.approx(coefficients)
        assert found.degrees_of_freedom[row] == stop - start - 2
        assert found.residual_variance[row] == pytest.approx(residuals @ residuals / (stop - start - 2))
        assert found.n_days[row] == stop - start
        assert found.gram_inverse[row] == pytest.approx(np.linalg.inv(x.T @ x))


def test_windows_that_cannot_be_fitted_leave_the_others_alone() -> None:
    still = DESIGN.copy()
    still[:10, 1] = 0.0
    still[10:20, 1] = 0.02

    found = fit(still, RESPONSE, (0, 10), (10, 20), (20, 22), (20, 40))

    alone = fit(still, RESPONSE, (20, 40))
    assert np.isnan(found.coefficients[:3]).all()
    assert np.isnan(found.residual_variance[:3]).all()
    assert np.isnan(found.gram_inverse[:3]).all()
    assert found.degrees_of_freedom.tolist() == [8, 8, 0, 18]
    assert np.array_equal(found.coefficients[3:], alone.coefficients)
    assert np.array_equal(found.residual_variance[3:], alone.residual_variance)


def test_regressors_of_very_different_size_are_told_from_collinear_ones() -> None:
    tiny, huge = DESIGN * [1.0, 1e-9], np.column_stack([DESIGN[:, 1] * 1e6, DESIGN[:, 1] * 3e6])

    assert fit(tiny, RESPONSE, (0, 40)).coefficients[0] == pytest.approx(
        fit(DESIGN, RESPONSE, (0, 40)).coefficients[0] * [1.0, 1e9]
    )
    assert np.isnan(fit(huge, RESPONSE, (0, 40)).coefficients).all()


def test_a_regressor_that_is_always_zero_has_no_fit() -> None:
    assert np.isnan(fit(np.zeros((10, 1)), RESPONSE[:10], (0, 10)).coefficients).all()


def test_rounding_that_leaves_a_product_without_its_squares_has_no_fit() -> None:
    squares = np.array([[0.0, 1e-20, 1.0], [1e-20, 1.0, 1.0], [1.0, 1.0, 9.0]])

    assert np.isnan(fit_windows(np.append(squares.ravel(), 30.0)[None, :], 2).coefficients).all()


def test_without_regressors_the_response_is_the_residual() -> None:
    found = fit(np.empty((40, 0)), RESPONSE, (0, 40), (0, 0))

    assert found.coefficients.shape == (2, 0)
    assert found.residual_variance[0] == pytest.approx((RESPONSE**2).mean())
    assert np.isnan(found.residual_variance[1])


def test_residuals_never_have_a_negative_variance() -> None:
    exact = DESIGN @ [0.001, 1.3]

    assert 0.0 <= fit(DESIGN, exact, (0, 40)).residual_variance[0] < 1e-15


def test_a_quadratic_form_is_taken_of_each_row_with_its_own_matrix() -> None:
    rows = np.array([[[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, 1.0]]])
    matrices = np.array([[[2.0, 1.0], [1.0, 3.0]], [[5.0, 6.0], [6.0, 7.0]]])

    assert quadratic_form(rows, matrices).tolist() == [[18.0, 90.0], [5.0, 7.0]]
