"""`mia train sentiment`: fits the two linear models on all sets together, calibrates them and writes the artefact."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from nlp.artefacts import Arrays, pack_words
from nlp.sentiment.features import document_families, entity_families, letter_features, written
from nlp.texts.tokens import forms
from nlp.training.corpora import SentimentRow, document_rows, entity_rows, seen, unseen

_MIN_DOCUMENTS = (2, 3)
_BLOCK_WEIGHT = (1.2, 0.8)
_REGULARISATION = 2.0
Blocks = tuple[list[str], list[str]]
FloatArray = npt.NDArray[np.float64]
Prepare = Callable[[Sequence[SentimentRow]], tuple[list[Blocks], FloatArray, FloatArray]]


@dataclass(frozen=True, slots=True)
class LinearHead:
    """A fitted head: per block its features, inverse document frequencies and weights against neutral."""

    features: tuple[list[str], list[str]]
    frequencies: tuple[FloatArray, FloatArray]
    weights: tuple[FloatArray, FloatArray]
    intercept: FloatArray
    temperature: float

    def arrays(self, head: str) -> Arrays:
        """Return the arrays of the artefact, in half precision, named after `head`."""
        named: Arrays = {
            f"{head}_intercept": self.intercept.astype(np.float32),
            f"{head}_temperature": np.float32(self.temperature),  # type: ignore[dict-item]
        }
        for name, words, frequency, weights in zip(
            ("words", "letters"), self.features, self.frequencies, self.weights, strict=True
        ):
            named[f"{head}_{name}_features"] = pack_words(words)
            named[f"{head}_{name}_idf"] = frequency.astype(np.float16)
            named[f"{head}_{name}_weights"] = weights.astype(np.float16)
        return named


def document_blocks(text: str) -> Blocks:
    """Return the two blocks of features of a text."""
    found = forms(text)
    return written(document_families(found)), letter_features(found)


def entity_blocks(text: str, entity: str | None) -> Blocks:
    """Return the two blocks of features of a text as seen by `entity`; those of the text where it is not named."""
    start = -1 if entity is None else text.lower().find(entity.lower())
    if entity is None or start < 0:
        return document_blocks(text)
    before, after = forms(text[:start]), forms(text[start + len(entity) :])
    return written(entity_families(before, after)), letter_features([*before, *after])


def _vocabulary(blocks: Sequence[Blocks], block: int) -> tuple[list[str], FloatArray]:
    counts = Counter(feature for each in blocks for feature in set(each[block]))
    kept = sorted(
        feature for feature, count in counts.items() if count >= _MIN_DOCUMENTS[block] and "\n" not in feature
    )
    # The artefact holds half precision; fitting on the same rounded values keeps both paths equal.
    frequency = np.array([np.log((1 + len(blocks)) / (1 + counts[feature])) + 1 for feature in kept])
    return kept, frequency.astype(np.float16).astype(np.float64)


def block_matrix(blocks: Sequence[Blocks], block: int, features: list[str], frequency: FloatArray) -> sparse.csr_matrix:
    """Return the rows of one block as a sparse matrix of shape (n_texts, n_features), each of unit length."""
    index = {feature: column for column, feature in enumerate(features)}
    pointers: list[int] = [0]
    columns: list[int] = []
    values: list[float] = []
    for each in blocks:
        found = [index[feature] for feature in each[block] if feature in index]
        length = np.sqrt(np.square(frequency[found]).sum()) or 1.0
        columns += found
        values += (frequency[found] / length).tolist()
        pointers.append(len(columns))
    matrix = sparse.csr_matrix((values, columns, pointers), shape=(len(blocks), len(features)))
    matrix.sum_duplicates()
    return matrix


def fit_head(
    blocks: Sequence[Blocks], targets: FloatArray, sample_weight: FloatArray
) -> tuple[LinearHead, LogisticRegression]:
    """Return the head fitted on soft `targets` of shape (n_texts, 3), at temperature 1, and scikit-learn's own model.

    Notes
    -----
    A soft target is a row for each class weighted by its probability, which has the same optimum as cross-entropy.
    """
    vocabularies = [_vocabulary(blocks, block) for block in (0, 1)]
    matrix = weighted_matrix(blocks, vocabularies)
    stacked = sparse.vstack([matrix] * 3).tocsr()
    labels = np.repeat([0, 1, 2], len(blocks))
    weights = (targets * sample_weight[:, None]).T.ravel()
    used = weights > 0
    model = LogisticRegression(C=_REGULARISATION, max_iter=400, tol=1e-4)
    model.fit(stacked[used], labels[used], sample_weight=weights[used])
    return _head(model, vocabularies), model


def weighted_matrix(
    blocks: Sequence[Blocks], vocabularies: Sequence[tuple[list[str], FloatArray]]
) -> sparse.csr_matrix:
    """Return the rows of both blocks side by side, each block with its weight."""
    return sparse.hstack(
        [_BLOCK_WEIGHT[block] * block_matrix(blocks, block, *vocabularies[block]) for block in (0, 1)]
    ).tocsr()


def _head(model: LogisticRegression, vocabularies: list[tuple[list[str], FloatArray]]) -> LinearHead:
    against_neutral = (model.coef_[[0, 2]] - model.coef_[1]).T
    n_words = len(vocabularies[0][0])
    return LinearHead(
        features=(vocabularies[0][0], vocabularies[1][0]),
        frequencies=(vocabularies[0][1], vocabularies[1][1]),
        weights=(_BLOCK_WEIGHT[0] * against_neutral[:n_words], _BLOCK_WEIGHT[1] * against_neutral[n_words:]),
        intercept=model.intercept_[[0, 2]] - model.intercept_[1],
        temperature=1.0,
    )


def head_logits(head: LinearHead, blocks: Sequence[Blocks]) -> FloatArray:
    """Return the logits of negative, neutral (0) and positive, of shape (n_texts, 3)."""
    total = np.zeros((len(blocks), 2)) + head.intercept
    for block in (0, 1):
        total += block_matrix(blocks, block, head.features[block], head.frequencies[block]) @ head.weights[block]
    return np.column_stack([total[:, 0], np.zeros(len(blocks)), total[:, 1]])


def softmax(logits: FloatArray) -> FloatArray:
    """Return the probabilities of each row of logits."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def fitted_temperature(logits: FloatArray, targets: FloatArray) -> float:
    """Return the divisor of the logits that minimises the cross-entropy (Guo et al. 2017, temperature scaling)."""

    def loss(temperature: float) -> float:
        return float(-(targets * np.log(softmax(logits / temperature) + 1e-12)).sum(axis=1).mean())

    return float(minimize_scalar(loss, bounds=(0.3, 3.0), method="bounded").x)


def with_temperature(head: LinearHead, temperature: float) -> LinearHead:
    """Return the head with another temperature."""
    return LinearHead(head.features, head.frequencies, head.weights, head.intercept, temperature)


def document_training(rows: Sequence[SentimentRow]) -> tuple[list[Blocks], FloatArray, FloatArray]:
    """Return the features, soft targets and weights of the document head."""
    return [document_blocks(row.text) for row in rows], np.array([row.target for row in rows]), np.ones(len(rows))


def entity_training(rows: Sequence[SentimentRow]) -> tuple[list[Blocks], FloatArray, FloatArray]:
    """Return the features, soft targets and weights of the entity head."""
    blocks = [entity_blocks(row.text, row.entity) for row in rows]
    weights = np.array([1.0 if row.entity is not None else 0.5 for row in rows])
    return blocks, np.array([row.target for row in rows]), weights


def _heads(data: Path) -> list[tuple[str, list[SentimentRow], Prepare]]:
    """Return the name of each head, the rows it learns from, and what makes its features, targets and weights."""
    documents, entities = document_rows(data), entity_rows(data)
    entities += [row for row in documents if row.source in {"phrasebank", "twitter"}]
    return [("document", documents, document_training), ("entity", entities, entity_training)]


def _trial_head(rows: Sequence[SentimentRow], prepare: Prepare) -> LinearHead:
    trial, _ = fit_head(*prepare(seen(rows)))
    blocks, targets, _ = prepare(unseen(rows))
    return with_temperature(trial, fitted_temperature(head_logits(trial, blocks), targets))


def trial_heads(data: Path) -> list[tuple[LinearHead, Prepare]]:
    """Return the document head and the entity head fitted on the training part, calibrated on the validation part."""
    return [(_trial_head(rows, prepare), prepare) for _, rows, prepare in _heads(data)]


def train_sentiment(data: Path, target: Path) -> dict[str, float]:
    """Write the artefact to `target` from the sets under `data`, and return the measured scores on the validation part.

    Notes
    -----
    The scores come from weights that never saw the validation part; the shipped weights are then fitted on everything.
    The temperature is fitted on the validation part itself: it moves no label, but calibration error and squared error
    are flattered by it, and the choice of the regularisation was made there too.
    """
    from nlp.training.evaluation import document_scores, entity_scores, with_scores  # noqa: PLC0415  # it imports this module

    fitted: Arrays = {}
    scores: dict[str, float] = {}
    for (name, rows, prepare), measure in zip(_heads(data), (document_scores, entity_scores), strict=True):
        trial = _trial_head(rows, prepare)
        validation = unseen(rows)
        logits = head_logits(trial, prepare(validation)[0])
        scores |= measure(validation, with_scores(softmax(logits / trial.temperature)))
        final, _ = fit_head(*prepare(rows))
        fitted |= with_temperature(final, trial.temperature).arrays(name)
    np.savez_compressed(target, allow_pickle=False, **fitted)
    return scores
