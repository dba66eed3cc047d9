"""Predictions of the fast tier on texts that it has not seen, and the blend of both tiers fitted on them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, nnls

from nlp.sentiment.blend import LEAST_SHARE, Blend
from nlp.sentiment.linear_text import Probabilities
from nlp.sentiment.opinion import Opinion
from nlp.training.corpora import SentimentRow
from nlp.training.evaluation import expected_calibration_error
from nlp.training.sentiment import head_logits, softmax, trial_heads

FloatArray = npt.NDArray[np.float64]
_SHARPENINGS = tuple(1.0 + step / 100 for step in range(41))


def fast_opinions(data: Path, asked: tuple[Sequence[SentimentRow], Sequence[SentimentRow]]) -> list[FloatArray]:
    """Return the fast tier's probabilities for the rows of each head, from weights that saw the training part only.

    Returns
    -------
    Two arrays of shape (n_rows, 3): of the document head, then of the entity head
    """
    return [
        softmax(head_logits(head, prepare(rows)[0]) / head.temperature)
        for rows, (head, prepare) in zip(asked, trial_heads(data), strict=True)
    ]


def _probabilities(parameters: FloatArray, deep: FloatArray, fast: FloatArray) -> FloatArray:
    to_deep, to_fast, negative, positive = parameters
    bias = np.array([negative, 0.0, positive])
    return softmax(to_deep * deep[:, :3] + to_fast * np.log(np.maximum(fast, LEAST_SHARE)) + bias)


def opinions(blend: Blend, deep: FloatArray, fast: FloatArray) -> FloatArray:
    """Return the blend's opinions, of shape (n_rows, 4), for outputs (n_rows, 4) and probabilities (n_rows, 3)."""
    found = [blend(outputs, Opinion.of(Probabilities(*row))) for outputs, row in zip(deep, fast, strict=True)]
    return np.array(found)


def _sharpening(rows: Sequence[SentimentRow], sharpened: Callable[[float], FloatArray]) -> float:
    """Return the factor of the logits whose largest calibration error over the sets of documents is the least."""
    groups = [
        np.array([row.source == "phrasebank" for row in rows]),
        np.array([row.is_unanimous for row in rows]),
        np.array([row.source == "twitter" for row in rows]),
    ]
    if not all(group.any() for group in groups):
        return 1.0
    truth = np.array([row.target for row in rows]).argmax(axis=1)

    def worst(factor: float) -> float:
        found = sharpened(factor)
        confidence, right = found.max(axis=1), (found.argmax(axis=1) == truth).astype(np.float64)
        return max(expected_calibration_error(confidence[group], right[group]) for group in groups)

    return min(_SHARPENINGS, key=worst)


def fit_blend(rows: Sequence[SentimentRow], deep: FloatArray, fast: FloatArray) -> Blend:
    """Return the blend of one head.

    Notes
    -----
    Its classes have the least cross-entropy on the rows whose label is one class: a grade, or the mean of labels that
    contradict each other, says nothing of how sure a reader is. Its score has the least squared error to the grades
    of the sets that have them, with no negative weight. Its logits are then sharpened by one factor, so that the worst
    calibrated set of documents is as well calibrated as it can be: what all annotators agree on is easier than looks.

    Parameters
    ----------
    deep : ndarray of shape (n_rows, 4), the head's outputs
    fast : ndarray of shape (n_rows, 3), the fast tier's probabilities
    """
    targets = np.array([row.target for row in rows])
    decided = targets.max(axis=1) == 1.0

    def loss(parameters: FloatArray) -> float:
        found = _probabilities(parameters, deep[decided], fast[decided])
        return float(-(targets[decided] * np.log(found + 1e-12)).sum(axis=1).mean())

    found = minimize(loss, np.array([1.0, 0.2, 0.0, 0.0]), method="Nelder-Mead").x
    classes = _probabilities(found, deep, fast)
    graded = [index for index, row in enumerate(rows) if row.score is not None]
    inputs = np.column_stack([np.tanh(deep[graded, 3]), classes[graded, 2] - classes[graded, 0]])
    weights, _ = nnls(inputs, np.array([rows[index].score for index in graded], dtype=np.float64))
    found *= _sharpening(rows, lambda factor: _probabilities(found * factor, deep, fast))
    to_deep, to_fast, negative, positive = map(float, found)
    return Blend(to_deep, to_fast, (negative, 0.0, positive), float(weights[0]), float(weights[1]))
