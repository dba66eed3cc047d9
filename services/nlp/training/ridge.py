"""Ridge regression of many labels at once, with the leave-one-out margin of each text.

One factorisation serves all labels, and the margins without a text's own influence come with it: what thresholds and
calibration are fitted on costs no second training, and no text is left out of the first.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import blas, lapack

Array = npt.NDArray[np.float32]
# From here on a feature is multiplied as a dense column: sparse products grow with the square of its count.
_DENSE_FROM = 250


class RidgeFit(NamedTuple):
    """Weights of shape (n_features, n_labels), intercepts, and the leave-one-out margins (n_texts, n_labels)."""

    weights: Array
    intercepts: Array
    unseen_margins: Array


def fit_ridge(matrix: sparse.csr_matrix, truth: npt.NDArray[np.bool_], penalty: float) -> RidgeFit:
    """Return the ridge regression of ±1 on the rows of `matrix`, a sparse one of shape (n_texts, n_features).

    Parameters
    ----------
    truth : shape (n_texts, n_labels)
    penalty : of the weights; the intercept is the weight of one more feature that is always 1

    Notes
    -----
    With G = K + λ I, K the inner products of the texts, c = G⁻¹ y are the dual weights, and the margin of text i
    without itself is y_i - c_i / (G⁻¹)_ii; Rifkin and Lippert (2007), "Notes on regularized least squares".
    Memory grows with the square of the texts: 0.8 GB for 10,000.
    """
    signs = np.where(truth, 1.0, -1.0).astype(np.float32)
    inverse = _inverse(_inner_products(matrix) + np.float32(1.0), penalty)
    dual = blas.ssymm(1.0, inverse, np.asfortranarray(signs), lower=1)
    unseen = signs - dual / np.diag(inverse)[:, None]
    return RidgeFit(np.asarray(matrix.T @ dual, dtype=np.float32), dual.sum(axis=0), unseen)


def _inner_products(matrix: sparse.csr_matrix) -> Array:
    counts = np.diff(matrix.tocsc().indptr)
    frequent = matrix[:, counts >= _DENSE_FROM].toarray().astype(np.float32)
    rare = matrix[:, counts < _DENSE_FROM].astype(np.float32)
    found: Array = frequent @ frequent.T
    found += (rare @ rare.T).toarray()
    return found


def _inverse(products: Array, penalty: float) -> Array:
    """Return the lower triangle of the inverse of `products` + `penalty` I."""
    system = np.asfortranarray(products)
    system[np.diag_indices_from(system)] += np.float32(penalty)
    factor, failed = lapack.spotrf(system, lower=1, overwrite_a=1)
    if failed:
        raise ValueError(f"The inner products are not positive definite at row {failed}; a larger penalty helps.")
    inverse, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    found: Array = inverse
    return found
