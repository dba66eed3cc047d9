"""`mia train topics`: one linear model for each Reuters code, thresholds by code, stored as small integers."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC

from nlp.artefacts import pack_words
from nlp.topics.reuters import story_features
from nlp.training.corpora import TopicRow, seen, topic_rows, unseen

_MIN_STORIES = 3
_MAX_FEATURES = 24_000
_REGULARISATION = 1.0
FloatArray = npt.NDArray[np.float64]


def _vocabulary(stories: Sequence[list[str]]) -> tuple[list[str], FloatArray]:
    counts = Counter(feature for story in stories for feature in set(story))
    frequent = [feature for feature, count in counts.most_common(_MAX_FEATURES) if count >= _MIN_STORIES]
    kept = sorted(frequent)
    return kept, np.array([math.log((1 + len(stories)) / (1 + counts[feature])) + 1 for feature in kept])


def story_matrix(stories: Sequence[list[str]], features: list[str], frequency: FloatArray) -> Any:
    """Return the stories as rows of unit length: logarithmic counts times inverse document frequency."""
    index = {feature: column for column, feature in enumerate(features)}
    pointers: list[int] = [0]
    columns: list[int] = []
    values: list[float] = []
    for story in stories:
        counts = Counter(index[feature] for feature in story if feature in index)
        row = {column: (1 + math.log(count)) * frequency[column] for column, count in counts.items()}
        length = math.sqrt(sum(value * value for value in row.values())) or 1.0
        columns += row.keys()
        values += [value / length for value in row.values()]
        pointers.append(len(columns))
    return sparse.csr_matrix((values, columns, pointers), shape=(len(stories), len(features)))


def _fit(matrix: Any, truth: npt.NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Return weights of shape (n_features, n_codes) and intercepts of one support vector machine for each code."""
    weights, intercepts = [], []
    for column in range(truth.shape[1]):
        model = LinearSVC(C=_REGULARISATION, class_weight={True: 2.0, False: 1.0}, random_state=0)
        model.fit(matrix, truth[:, column])
        weights.append(model.coef_[0])
        intercepts.append(model.intercept_[0])
    return np.array(weights).T, np.array(intercepts)


def best_threshold(margins: FloatArray, truth: npt.NDArray[np.bool_]) -> float:
    """Return the margin above which a code is given: the best F1, kept near 0 where examples are few (Yang 2001)."""
    if truth.sum() < 2:
        return 0.0
    order = np.argsort(-margins)
    hits = np.cumsum(truth[order])
    scores = 2 * hits / (np.arange(1, len(order) + 1) + truth.sum())
    best = int(np.argmax(scores))
    found = float((margins[order[best]] + margins[order[min(best + 1, len(order) - 1)]]) / 2)
    trust = truth.sum() / (truth.sum() + 8.0)
    return float(np.clip(found * trust, -0.6, 0.6))


def _scale_to_probability(margins: FloatArray, truth: npt.NDArray[np.bool_]) -> float:
    """Return the slope that makes `1 / (1 + exp(-slope * (margin - threshold)))` a probability (Platt 1999)."""
    model = LogisticRegression(C=1e3).fit(margins.reshape(-1, 1), truth.ravel())
    return float(model.coef_[0, 0])


def _cross_margins(
    stories: list[list[str]], truth: npt.NDArray[np.bool_], keys: list[str], n_folds: int = 3
) -> FloatArray:
    """Return margins of every story from models that did not see it: what the thresholds are tuned on."""
    folds = np.array([int.from_bytes(key.encode()[-3:], "big") % n_folds for key in keys])
    margins = np.zeros(truth.shape)
    for fold in range(n_folds):
        others = [story for story, own in zip(stories, folds, strict=True) if own != fold]
        features, frequency = _vocabulary(others)
        weights, intercepts = _fit(story_matrix(others, features, frequency), truth[folds != fold])
        held = [story for story, own in zip(stories, folds, strict=True) if own == fold]
        margins[folds == fold] = story_matrix(held, features, frequency) @ weights + intercepts
    return margins


def _prepared(rows: Sequence[TopicRow], codes: Sequence[str]) -> tuple[list[list[str]], npt.NDArray[np.bool_]]:
    truth = np.array([[code in row.topics for code in codes] for row in rows])
    return [story_features(row.title, row.body) for row in rows], truth


def train_reuters(data: Path, target: Path) -> dict[str, float]:
    """Write the artefact to `target` from the stories under `data`, and return the scores on the validation part.

    Notes
    -----
    Codes with fewer than two stories are left out. Thresholds are tuned by cross-fitting inside the training part.
    """
    rows = topic_rows(data)
    counts = Counter(code for row in rows for code in row.topics)
    codes = sorted(code for code, count in counts.items() if count >= 2)
    training = seen(rows)
    stories, truth = _prepared(training, codes)
    varied = truth.any(axis=0)
    truth[0, ~varied] = True
    margins = _cross_margins(stories, _with_each_code(truth), [row.key for row in training])
    thresholds = np.array([best_threshold(margins[:, column], truth[:, column]) for column in range(len(codes))])
    slope = _scale_to_probability((margins - thresholds).ravel(), truth.ravel())
    features, frequency = _vocabulary(stories)
    weights, intercepts = _fit(story_matrix(stories, features, frequency), truth)
    validation = unseen(rows)
    held_stories, held_truth = _prepared(validation, codes)
    small, scale = _rounded(weights)
    margins = story_matrix(held_stories, features, frequency) @ (small * scale) + intercepts
    answers = margins > thresholds
    scores = _topic_scores(held_truth, answers)
    stories, truth = _prepared(rows, codes)
    features, frequency = _vocabulary(stories)
    weights, intercepts = _fit(story_matrix(stories, features, frequency), truth)
    small, scale = _rounded(weights)
    np.savez_compressed(
        target,
        features=pack_words(features),
        idf=frequency.astype(np.float16),
        weights=small,
        scale=scale.astype(np.float32),
        intercepts=intercepts.astype(np.float32),
        thresholds=thresholds.astype(np.float32),
        slope=np.float32(slope),
        codes=pack_words(codes),
    )
    return scores


def _with_each_code(truth: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the labels with both classes present in every column, as the learner needs."""
    filled = truth.copy()
    for column in np.flatnonzero(filled.sum(axis=0) < 3):
        filled[:3, column] = True
    return filled


def _rounded(weights: FloatArray) -> tuple[npt.NDArray[np.int8], FloatArray]:
    """Return the weights as small integers and the factor of each code that restores them."""
    scale = np.abs(weights).max(axis=0) / 127.0
    return np.rint(weights / scale).astype(np.int8), scale


def _topic_scores(truth: npt.NDArray[np.bool_], answers: npt.NDArray[np.bool_]) -> dict[str, float]:
    present = truth.any(axis=0)
    return {
        "reuters.micro_f1": float(f1_score(truth, answers, average="micro", zero_division=0)),
        "reuters.macro_f1": float(f1_score(truth[:, present], answers[:, present], average="macro", zero_division=0)),
        "reuters.codes": float(truth.shape[1]),
    }
