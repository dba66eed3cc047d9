"""What the fast tier says of texts that it has not seen, and the blend of both tiers fitted on it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, nnls

from nlp.blend import Blend
from nlp.linear_text import Probabilities
from nlp.opinion import Opinion
from nlp.training.corpora import SentimentRow, document_rows, entity_rows, is_validation
from nlp.training.sentiment import (
    document_training,
    entity_training,
    fit_head,
    fitted_temperature,
    head_logits,
    softmax,
)

FloatArray = npt.NDArray[np.float64]


def unseen(rows: Sequence[SentimentRow]) -> list[SentimentRow]:
    """Return the rows of the validation part."""
    return [row for row in rows if is_validation(row.key)]


def seen(rows: Sequence[SentimentRow]) -> list[SentimentRow]:
    """Return the rows of the training part."""
    return [row for row in rows if not is_validation(row.key)]


def fast_opinions(data: Path, asked: tuple[Sequence[SentimentRow], Sequence[SentimentRow]]) -> list[FloatArray]:
    """Return the fast tier's probabilities for the rows of each head, from weights that saw the training part only.

    Returns
    -------
    Two arrays of shape (n_rows, 3): of the document head, then of the entity head
    """
    documents = document_rows(data)
    entities = entity_rows(data) + [row for row in documents if row.source in {"phrasebank", "twitter"}]
    answers = []
    for rows, prepare, wanted in (
        (documents, document_training, asked[0]),
        (entities, entity_training, asked[1]),
    ):
        head, _ = fit_head(*prepare(seen(rows)))
        blocks, targets, _ = prepare(unseen(rows))
        temperature = fitted_temperature(head_logits(head, blocks), targets)
        answers.append(softmax(head_logits(head, prepare(wanted)[0]) / temperature))
    return answers


def _probabilities(parameters: FloatArray, deep: FloatArray, fast: FloatArray) -> FloatArray:
    to_deep, to_fast, negative, positive = parameters
    bias = np.array([negative, 0.0, positive])
    return softmax(to_deep * deep[:, :3] + to_fast * np.log(np.maximum(fast, 1e-9)) + bias)


def opinions(blend: Blend, deep: FloatArray, fast: FloatArray) -> FloatArray:
    """Return the blend's opinions, of shape (n_rows, 4), for outputs (n_rows, 4) and probabilities (n_rows, 3)."""
    found = [blend(outputs, Opinion.of(Probabilities(*row))) for outputs, row in zip(deep, fast, strict=True)]
    return np.array(found)


def fit_blend(rows: Sequence[SentimentRow], deep: FloatArray, fast: FloatArray) -> Blend:
    """Return the blend of one head.

    Notes
    -----
    Its classes have the least cross-entropy to the labels, its score the least squared error to the grades of the sets
    that have them, with no negative weight.

    Parameters
    ----------
    deep : ndarray of shape (n_rows, 4), the head's outputs
    fast : ndarray of shape (n_rows, 3), the fast tier's probabilities
    """
    targets = np.array([row.target for row in rows])

    def loss(parameters: FloatArray) -> float:
        return float(-(targets * np.log(_probabilities(parameters, deep, fast) + 1e-12)).sum(axis=1).mean())

    found = minimize(loss, np.array([1.0, 0.2, 0.0, 0.0]), method="Nelder-Mead").x
    classes = _probabilities(found, deep, fast)
    graded = [index for index, row in enumerate(rows) if row.score is not None]
    inputs = np.column_stack([np.tanh(deep[graded, 3]), classes[graded, 2] - classes[graded, 0]])
    weights, _ = nnls(inputs, np.array([rows[index].score for index in graded], dtype=np.float64))
    to_deep, to_fast, negative, positive = map(float, found)
    return Blend(to_deep, to_fast, (negative, 0.0, positive), float(weights[0]), float(weights[1]))
