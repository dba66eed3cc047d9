"""Least squares over many windows of one series at once, by prefix sums.

The cross products of the regressors and the response are summed once along the days; the normal equations of any window
are then one subtraction, whatever its length. That is what makes a market model cost a fraction of a microsecond.
"""

from dataclasses import dataclass

import numpy as np

from market_impact.prices.arrays import FloatArray, IntArray

# Below this the regressors are collinear to rounding: det of the Gram matrix scaled to a unit diagonal.
_SINGULAR = 1e-12


@dataclass(frozen=True, slots=True)
class LinearFit:
    """Least-squares fits of n_fits windows on k regressors; NaN where a window could not be fitted.

    Parameters
    ----------
    coefficients : ndarray of shape (n_fits, k)
    residual_variance : ndarray of shape (n_fits,), sum of squared residuals / `degrees_of_freedom`
    degrees_of_freedom : ndarray of shape (n_fits,), days in the window - k
    n_days : ndarray of shape (n_fits,), complete days in the window
    gram_inverse : ndarray of shape (n_fits, k, k), inverse of X'X
    """

    coefficients: FloatArray
    residual_variance: FloatArray
    degrees_of_freedom: FloatArray
    n_days: FloatArray
    gram_inverse: FloatArray


def quadratic_form(rows: FloatArray, matrices: FloatArray) -> FloatArray:
    """Return x' M x for each row x of `rows` (n, m, k) with its M of `matrices` (n, k, k): shape (n, m)."""
    weighted = np.matmul(rows, matrices)
    weighted *= rows
    return np.asarray(weighted.sum(axis=-1))


def cross_product_sums(design: FloatArray, response: FloatArray) -> FloatArray:
    """Return prefix sums of the cross products of [`design`, `response`].

    Parameters
    ----------
    design : ndarray of shape (n_days, k)
    response : ndarray of shape (n_days,)
        A day with NaN in any column counts as absent.

    Returns
    -------
    sums : ndarray of shape (n_days + 1, (k + 1)**2 + 1)
        Row t holds the sums over days 0 .. t-1, flattened, and in its last column the number of complete days.
    """
    columns = np.column_stack([design, response])
    complete = np.asarray(~np.isnan(columns).any(axis=1))
    columns = np.where(complete[:, None], columns, 0.0)
    products = (columns[:, :, None] * columns[:, None, :]).reshape(len(columns), -1)
    sums = np.zeros((len(columns) + 1, products.shape[1] + 1))
    np.cumsum(products, axis=0, out=sums[1:, :-1])
    np.cumsum(complete, out=sums[1:, -1])
    return sums


def window_sums(sums: FloatArray, starts: IntArray, stops: IntArray) -> FloatArray:
    """Return the sums over days [start, stop) of each window; parts outside the series count as absent."""
    last = len(sums) - 1
    return sums[np.clip(stops, 0, last)] - sums[np.clip(starts, 0, last)]


def fit_windows(windows: FloatArray, n_regressors: int) -> LinearFit:
    """Return the least-squares fit of every window.

    Parameters
    ----------
    windows : ndarray of shape (n_fits, (k + 1)**2 + 1), differences of `cross_product_sums`
    n_regressors : k; 0 takes the response itself as the residual
    """
    k = n_regressors
    n_fits = len(windows)
    n_days = windows[:, -1]
    squares = windows[:, :-1].reshape(n_fits, k + 1, k + 1)
    gram, moment = squares[:, :k, :k], squares[:, :k, k]
    degrees = n_days - k
    solvable = (degrees >= 1) & _is_regular(gram)
    inverse = np.linalg.inv(np.where(solvable[:, None, None], gram, np.eye(k)))
    inverse[~solvable] = np.nan
    coefficients = np.matmul(inverse, moment[:, :, None])[:, :, 0]
    residual_squares = np.maximum(squares[:, k, k] - (coefficients * moment).sum(axis=1), 0.0)
    residual_squares[~solvable] = np.nan
    return LinearFit(
        coefficients=coefficients,
        residual_variance=residual_squares / np.where(solvable, degrees, np.nan),
        degrees_of_freedom=degrees,
        n_days=n_days,
        gram_inverse=inverse,
    )


def _is_regular(gram: FloatArray) -> np.ndarray:
    scale = np.sqrt(np.einsum("nii->ni", gram))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = gram / (scale[:, :, None] * scale[:, None, :])
    usable = np.isfinite(correlation).all(axis=(1, 2))
    correlation[~usable] = 0.0
    return np.asarray(np.linalg.det(correlation) > _SINGULAR)
