"""Scores of the sentiment heads as published tables give them: accuracy, F1, cosine, squared error, calibration."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score

from nlp.training.corpora import SentimentRow

FloatArray = npt.NDArray[np.float64]


def expected_calibration_error(confidence: FloatArray, is_right: FloatArray, n_bins: int = 15) -> float:
    """Return the mean gap between confidence and accuracy over equal bins, weighted by their size (Guo et al. 2017)."""
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    gap = 0.0
    for low, high in pairwise(edges):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            gap += inside.mean() * abs(confidence[inside].mean() - is_right[inside].mean())
    return float(gap)


def with_scores(probabilities: FloatArray) -> FloatArray:
    """Return the rows of probabilities with the score of a model that grades nothing: positive minus negative."""
    return np.column_stack([probabilities, probabilities[:, 2] - probabilities[:, 0]])


def _classified(name: str, rows: list[SentimentRow], found: FloatArray) -> dict[str, float]:
    truth = np.array([int(np.argmax(row.target)) for row in rows])
    answer = found[:, :3].argmax(axis=1)
    right = (truth == answer).astype(np.float64)
    return {
        f"{name}.accuracy": float(right.mean()),
        f"{name}.macro_f1": float(f1_score(truth, answer, average="macro")),
        f"{name}.ece": expected_calibration_error(found[:, :3].max(axis=1), right),
    }


def _numbered(name: str, rows: list[SentimentRow], found: FloatArray) -> dict[str, float]:
    truth = np.array([row.score for row in rows], dtype=np.float64)
    answer = found[:, 3]
    norm = float(np.linalg.norm(truth) * np.linalg.norm(answer)) or 1.0
    return {f"{name}.cosine": float(truth @ answer) / norm, f"{name}.mse": float(np.square(truth - answer).mean())}


def document_scores(rows: Sequence[SentimentRow], found: FloatArray) -> dict[str, float]:
    """Return the scores of the document head by set; `found` of shape (n_rows, 4): opinions."""
    scores: dict[str, float] = {}
    for source in ("phrasebank", "twitter", "semeval", "fiqa", "sentfin"):
        chosen = [index for index, row in enumerate(rows) if row.source == source]
        if not chosen:
            continue
        measure = _numbered if source in {"semeval", "fiqa"} else _classified
        scores |= measure(source, [rows[index] for index in chosen], found[chosen])
    agreed = [index for index, row in enumerate(rows) if row.is_unanimous]
    if agreed:
        scores |= _classified("phrasebank_all_agree", [rows[index] for index in agreed], found[agreed])
    return scores


def entity_scores(rows: Sequence[SentimentRow], found: FloatArray) -> dict[str, float]:
    """Return the scores of the entity head on the rows that ask for one name."""
    scores: dict[str, float] = {}
    for source in ("sentfin", "semeval", "fiqa"):
        chosen = [index for index, row in enumerate(rows) if row.source == source and row.entity is not None]
        if chosen:
            measure = _classified if source == "sentfin" else _numbered
            scores |= measure(f"{source}_entity", [rows[index] for index in chosen], found[chosen])
    return scores
